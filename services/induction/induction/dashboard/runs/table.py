"""Runs as a table for spreadsheets. Pure."""

import csv
from collections.abc import Iterable

from nlu_shared.files.formulas import quoted
from nlu_shared.schemas.runs import RunView

BOM = "\ufeff"
"""By which spreadsheets know UTF-8."""
COLUMNS = (
    "run", "task", "kind", "started_by", "status", "reason", "ordered_at", "started_at",
    "completed_at", "model", "baseline_f1", "final_f1", "verdict", "gain", "gain_low", "gain_high",
    "calls", "usd", "notional_usd",
)  # fmt: skip


class _Written(list[str]):
    """What a writer of files wrote, kept in memory."""

    write = list.append


def as_csv(runs: Iterable[RunView]) -> str:
    """With a header; no cell is a formula."""
    written = _Written()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(cell) for cell in _row(run)] for run in runs)
    return BOM + "".join(written)


def _row(run: RunView) -> tuple[object, ...]:
    verdict = run.verdict
    low, high = (None, None) if verdict is None else verdict.interval
    return (
        run.id, run.task, run.kind, run.trigger_type, run.status, run.reason, _at(run.created_at),
        _at(run.started_at), _at(run.completed_at), run.answered_by or run.task_model,
        run.baseline_f1, run.final_f1, verdict and verdict.kind, verdict and verdict.gain, low,
        high, run.spend.calls, run.spend.usd, run.spend.notional_usd,
    )  # fmt: skip


def _at(moment: object) -> str | None:
    return None if moment is None else str(moment)


def _cell(value: object) -> object:
    return quoted(value) if isinstance(value, str) else value
