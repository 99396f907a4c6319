"""What a run costs at most, and what an improve run usually costs, in US dollars. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from nlu_shared.schemas.headroom import Usual

from induction.engine.forecast import Workload
from induction.engine.plan import Plan
from induction.llm import prices
from induction.llm.prices import PriceTable
from induction.llm.probing import question
from induction.providers import Providers
from induction.runs.models import RunRow
from induction.task_kinds.base import Usage


def of_calls(
    plan: Plan,
    work: Workload,
    providers: Providers,
    on: date,
    table: PriceTable,
    *,
    in_batch: bool = False,
    is_cached: bool = False,
) -> Decimal:
    """US dollars for all calls of a workload at its sizes.

    plan: names the models.
    work: the calls.
    providers: say who is billed.
    on: the day whose prices hold.
    table: the prices.
    in_batch: as if all answers to cases came in batches.
    is_cached: as if all that is the same for each case came from the provider's cache.
    """
    cached = work.task_tokens_fixed if is_cached else 0
    task_call = Usage(
        input_tokens=work.task_tokens_in - cached,
        cache_read_input_tokens=cached,
        output_tokens=work.task_tokens_out,
    )
    proposal = Usage(input_tokens=work.proposer_tokens_in, output_tokens=work.proposer_tokens_out)
    calls = (
        (plan.task_model, task_call, work.task_calls),
        *((model, task_call, count) for model, count in work.of_models.items()),
        (plan.proposer_model, proposal, work.proposer_calls),
    )
    return sum(
        (
            count * prices.cost(model, usage, on, table, in_batch=in_batch and usage is task_call)
            for model, usage, count in calls
            if providers.is_billed(model)
        ),
        Decimal(0),
    )


def of_batches(
    plan: Plan, bound: Workload, providers: Providers, on: date, table: PriceTable
) -> list[str]:
    """What batches mean for a run before it starts. Its bound stays that of single calls: small
    questions are asked so, and what a batch leaves without an answer."""
    if not plan.batches:
        return []
    money = of_calls(plan, bound, providers, on, table, in_batch=True)
    return [
        "Large evaluations are asked as Message Batches: their answers can take up to 24 hours each"
        " time, which count into no limit of minutes. Were all answers to come so, the upper bound"
        f" of money would be {money:.2f} dollars."
    ]


def usual(expected: Usual, row: RunRow, on: date, table: PriceTable) -> float | None:
    """US dollars at list price, without any cache; None where a price is not known. A server that
    is not billed and has no price costs nothing."""
    answer = Usage(input_tokens=expected.task_tokens_in, output_tokens=expected.task_tokens_out)
    proposal = Usage(
        input_tokens=expected.proposal_tokens_in, output_tokens=expected.proposal_tokens_out
    )
    money = Decimal(0)
    for model, usage, count in (
        (row.task_model, answer, expected.task_calls),
        (row.proposer_model, proposal, expected.proposals),
    ):
        if prices.is_known(model, on, table):
            money += count * prices.cost(model, usage, on, table)
        elif row.servers.get(model, {}).get("billed", True):
            return None
    return round(float(money), 4)


def of_probes(models: Sequence[str], providers: Providers, on: date, table: PriceTable) -> Decimal:
    """US dollars for asking each of these models once what its server can do, at most."""
    billed = [one for one in models if providers.is_billed(one)]
    return sum((prices.upper_bound(question(one), on, table) for one in billed), Decimal(0))
