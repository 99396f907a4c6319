"""What the calls of finished runs would cost today. Pure: prices come as a function.

Each model is repriced by itself, and by how its calls were sent: a migration asks several, and a
batch has prices of its own. What was spent stays what it is where no price has changed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from induction.task_kinds.base import Usage

PriceOf = Callable[[str, Usage, bool], float | None]
"""US dollars by today's list for a call of this model, of this usage, in a batch or alone; None
where the list has no such model."""


@dataclass(frozen=True, slots=True)
class AlikeCalls:
    """Calls of one run to one model for one purpose that were sent alike.

    batched: whether they were answered in a batch.
    cached: whether another run had asked them before; such cost nothing then.
    is_metered: whether their usage is known, and what they were at list price.
    answers: how many there are.
    attempts: how often they were sent.
    usd: what they were booked at.
    listed: the same at the list prices of then.
    mean: usage of one.
    """

    run_id: UUID
    model: str
    purpose: str
    batched: bool
    cached: bool
    is_metered: bool
    answers: int
    attempts: int
    usd: float
    listed: float
    mean: Usage


def money(
    calls: Iterable[AlikeCalls],
    price: PriceOf,
    is_billed: Callable[[str], bool],
    *,
    in_batches: bool,
) -> Mapping[UUID, float]:
    """US dollars of each run at today's prices, were nothing of it in the ledger.

    calls: of all the runs.
    price: of today.
    is_billed: whether calls to a model cost money.
    in_batches: whether answers to cases that were in the ledger would be asked in batches.
    """
    alike: defaultdict[tuple[UUID, str, str], list[AlikeCalls]] = defaultdict(list)
    for one in calls:
        alike[one.run_id, one.model, one.purpose].append(one)
    total: defaultdict[UUID, float] = defaultdict(float)
    for (run_id, model, purpose), group in alike.items():
        sent = [one for one in group if not one.cached]
        known = [one for one in group if one.cached]
        usd = sum(one.usd for one in sent) * _dearer(sent, price)
        if attempts := sum(one.attempts for one in sent):
            usd *= 1 + sum(one.answers for one in known) / attempts
        elif is_billed(model):
            in_batch = in_batches and purpose == "task"
            usd += sum(
                one.answers * (price(model, one.mean, in_batch) or 0.0)
                for one in known
                if one.is_metered
            )
        total[run_id] += usd
    return total


def _dearer(sent: Iterable[AlikeCalls], price: PriceOf) -> float:
    """So many times as dear as then; 1 where a price or the usage is not known."""
    now = then = 0.0
    for one in sent:
        each = price(one.model, one.mean, one.batched) if one.is_metered else None
        if each is not None:
            now += one.answers * each
            then += one.listed
    return now / then if then else 1.0
