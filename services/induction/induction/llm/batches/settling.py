"""What the results of a batch write into the ledger. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from induction.llm import prices
from induction.llm.accounting.batch_entries import Resulted
from induction.llm.accounting.entries import Billed, LedgerEntry, Release, Settled
from induction.llm.accounting.flights import Key, fields_of
from induction.llm.adapters.batching import NotAnswered, Result
from induction.llm.batches.rows import BatchedCall, OpenBatch
from induction.llm.prices import PriceTable
from induction.llm.servers import Server
from induction.task_kinds.base import ModelAnswer

Names = Callable[[Key], dict[str, Any]]
"""What every entry of a call begins with."""


def settled(
    batch: OpenBatch,
    results: Mapping[int, Result],
    *,
    names: Names,
    server: Server,
    table: PriceTable,
    keeps_answers: bool,
) -> list[LedgerEntry]:
    """An entry for each call of which something is known: an answer is charged as one that came
    alone, by the prices of a batch; what brought none and is not billed is released. Of the others
    nothing is written: they stay booked, and open.

    keeps_answers: False after the run's end: only what an answer cost is written down.
    """
    made: list[LedgerEntry] = []
    for call in batch.calls:
        result = results.get(call.n)
        bound = call.bound if server.billed else Decimal(0)
        of_call = {**names(call.key), "bound": bound, "month": batch.month}
        if isinstance(result, NotAnswered):
            became = Resulted(batch.id, call.n, result.kind)
            made.append(Release(**of_call, resulted=became))
        elif isinstance(result, ModelAnswer) and not is_of_another(result, server):
            listed, answer = charged(batch, call, result, table)
            cost = listed if server.billed else Decimal(0)
            of_call["resulted"] = Resulted(batch.id, call.n, "succeeded")
            if keeps_answers:
                made.append(Settled(**of_call, **fields_of(answer), cost=cost, notional=listed))
            else:
                made.append(Billed(**of_call, cost=cost))
    return made


def charged(
    batch: OpenBatch, call: BatchedCall, answer: ModelAnswer, table: PriceTable
) -> tuple[Decimal, ModelAnswer]:
    """Dollars by the list, and the answer: its bound, and no usage, where that is not said or
    cannot be."""
    if not prices.is_known(batch.model, batch.day, table):
        return call.bound, answer
    if answer.usage is not None:
        listed = prices.cost(batch.model, answer.usage, batch.day, table, in_batch=True)
        if listed <= call.bound:
            return listed, answer
    return call.bound, replace(answer, usage=None)


def is_of_another(answer: ModelAnswer, server: Server) -> bool:
    """Whether another model has answered than the one the run began with."""
    return None not in (server.reported, answer.reported) and answer.reported != server.reported
