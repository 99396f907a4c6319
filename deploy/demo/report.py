"""`report.json`: the figures of one demo. None of them is known beforehand."""

import json
from collections.abc import Mapping
from pathlib import Path

from nlu_shared.schemas.prompts import caution_of
from nlu_shared.schemas.run_views import RunView

from deploy.demo.backend import Backend
from deploy.demo.data import DataSet
from deploy.demo.options import Stack
from deploy.demo.steps import Exported

UNTOUCHED = "test"


def report_of(
    *,
    data: DataSet,
    stack: Stack,
    run: RunView,
    backend: Backend,
    exported: Exported,
    seconds: float,
) -> dict[str, object]:
    """F1 and gains from 0 to 1, money in US dollars, time in seconds.

    `test` is None where there were no untouched cases or nothing to look at them for. `llm_calls`
    are production's and the run's, the ones answered from memory left out.
    """
    verdict = run.verdict
    notional = float(backend.notional_usd)
    tested = verdict if verdict and verdict.tested_on == UNTOUCHED else None
    return {
        "baseline_f1": run.baseline_f1,
        "final_f1": run.final_f1,
        "test": {
            "baseline_f1": tested.before,
            "final_f1": tested.after,
            "gain": tested.gain,
            "interval": list(tested.interval),
            "p_value": tested.p_value,
            "cases": tested.cases,
        }
        if tested
        else None,
        "verdict": str(verdict.kind) if verdict else None,
        "verdict_summary": verdict.summary if verdict else None,
        "front": [
            {
                "tokens": one.tokens,
                "examples": one.examples,
                "validation_f1": one.validation_f1,
                "is_winner": one.is_winner,
            }
            for one in run.front
        ],
        "llm_calls": run.spend.calls + backend.calls,
        "cost_usd": 0.0 if stack.is_offline else run.spend.usd + notional,
        "notional_usd": run.spend.notional_usd + notional,
        "wall_s": round(seconds, 3),
        "prompt_version": str(exported.version_id),
        "prompt_hash": exported.version_hash,
        "production_calls": backend.calls,
        "model": stack.model,
        "is_offline": stack.is_offline,
        "made_on": None if run.made_on is None else run.made_on.model_dump(mode="json"),
        "caution": caution_of(run.made_on),
        "task": run.task,
        "run_id": str(run.id),
        "dataset_hash": run.dataset_hash,
        "splits": run.splits,
        "labels": len(data.labels),
        "texts": len(data.rows),
        "skipped_rows": dict(data.skipped),
    }


def write(path: Path, content: str | Mapping[str, object]) -> Path:
    """Text as it is, anything else as JSON; an older file is replaced."""
    text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
    return path
