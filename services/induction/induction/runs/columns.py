"""What a list of runs can be ordered by."""

from typing import Any

from nlu_shared.kit.data.orders import Sorts
from sqlalchemy import BigInteger, Float, cast, column, func, select, table
from sqlmodel import col

from induction.runs.models import RunRow

CALLS = table("llm_calls", *map(column, ("run_id", "attempts", "cost_usd", "reserved_usd")))


def _of_verdict(name: str, otherwise: Any) -> Any:
    return func.coalesce(cast(col(RunRow.verdict)[name].astext, Float), otherwise)


def _of_calls(total: Any) -> Any:
    return select(total).where(CALLS.c.run_id == col(RunRow.id)).scalar_subquery()


SORTS: Sorts = {
    "ordered": col(RunRow.id),
    "task": col(RunRow.task),
    "kind": col(RunRow.kind),
    "status": col(RunRow.status),
    "before": _of_verdict("before", col(RunRow.baseline_f1)),
    "after": _of_verdict("after", col(RunRow.final_f1)),
    "verdict": col(RunRow.verdict)["kind"].astext,
    "calls": _of_calls(func.coalesce(cast(func.sum(CALLS.c.attempts), BigInteger), 0)),
    "dollars": _of_calls(
        func.coalesce(
            cast(func.sum(func.coalesce(CALLS.c.cost_usd, CALLS.c.reserved_usd)), Float), 0.0
        )
    ),
}
