"""What each change of a run has cost. Pure."""

from collections.abc import Sequence
from itertools import groupby

from nlu_shared.schemas.candidates import Cost

from induction.history.models import RunChangeRow


def costs_of(rows: Sequence[RunChangeRow]) -> list[Cost | None]:
    """Of each change what the run spent between the end of the one before and its own; None where
    that is not known. Those that nobody proposed and that share an iteration, which are the rungs
    of a ladder, were tried together and have one cost.

    rows: of one run, in their order.
    """
    costs: list[Cost | None] = []
    calls, usd = 0, 0.0
    for _, group in groupby(rows, key=_together):
        some = list(group)
        calls_then, usd_then = some[-1].spent_calls, some[-1].spent_usd
        cost = None
        if calls_then is not None and usd_then is not None:
            cost = Cost(calls=calls_then - calls, usd=usd_then - usd, changes=len(some))
            calls, usd = calls_then, usd_then
        costs += [cost] * len(some)
    return costs


def _together(row: RunChangeRow) -> tuple[int, int]:
    is_rung = row.change is not None and not row.aims
    return row.iteration, 0 if is_rung else row.n
