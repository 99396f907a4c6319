"""What spreadsheets are told of runs. Pure."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from nlu_shared.files.spreadsheets import Columns
from nlu_shared.schemas.run_views import RunView


def _of_verdict(value: Callable[[Any], object]) -> Callable[[RunView], object]:
    return lambda run: None if run.verdict is None else value(run.verdict)


COLUMNS: Columns = {
    "run": attrgetter("id"),
    "task": attrgetter("task"),
    "kind": attrgetter("kind"),
    "started_by": attrgetter("trigger_type"),
    "status": attrgetter("status"),
    "reason": attrgetter("reason"),
    "ordered_at": attrgetter("created_at"),
    "started_at": attrgetter("started_at"),
    "completed_at": attrgetter("completed_at"),
    "model": lambda run: run.answered_by or run.task_model,
    "baseline_f1": attrgetter("baseline_f1"),
    "final_f1": attrgetter("final_f1"),
    "verdict": _of_verdict(attrgetter("kind")),
    "gain": _of_verdict(attrgetter("gain")),
    "gain_low": _of_verdict(lambda verdict: verdict.interval[0]),
    "gain_high": _of_verdict(lambda verdict: verdict.interval[1]),
    "calls": attrgetter("spend.calls"),
    "usd": attrgetter("spend.usd"),
    "notional_usd": attrgetter("spend.notional_usd"),
}
