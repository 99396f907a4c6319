"""What a run is likely to take where no other tells: an estimate from its plan. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from nlu_shared.rendering import part_tokens, prompt_tokens
from nlu_shared.schemas.forecasts import Likely
from nlu_shared.schemas.runs import RunKind

from induction.engine.data.splits import Splits, splits_of
from induction.engine.forecast import Workload, usual
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.plan import Plan

OFF = 2
"""An estimate of a search is told from so many times less to so many times more."""
NEEDED: Mapping[RunKind, float] = {RunKind.CANARY: 0.5, RunKind.REPLAY: 0.5}
"""The share of a kind's calls that it surely makes: it asks again only what has changed, or what
has no answer of the version that serves. Other kinds that only measure make all of them."""


def estimated(
    kind: RunKind,
    plan: Plan,
    bound: Workload,
    probes: int,
    money: Callable[[Workload], Decimal],
) -> Likely:
    """Without minutes: a plan does not know how quickly its model answers.

    kind: of the run.
    plan: of the run.
    bound: the most it can take.
    probes: calls that find out what servers can do.
    money: US dollars for a workload.
    """
    splits = splits_of(plan.cases, plan.splits)
    least, most = _workloads(kind, plan, bound, splits)
    return Likely(
        runs=0,
        is_own=False,
        calls=(least.calls + probes, most.calls + probes),
        money_usd=(float(money(least)), float(money(most))),
        minutes=None,
    )


def within(likely: Likely, *, calls: int, usd: float, minutes: float) -> Likely:
    """What limits leave of a run: whichever is reached first ends all of it.

    likely: without limits.
    calls: at most.
    usd: dollars at most.
    minutes: at most.
    """
    spans = likely.minutes or (0.0, 0.0)
    least, most = (
        min(1.0, calls / max(1, number), usd / max(price, 1e-9), minutes / max(span, 1e-9))
        for number, price, span in zip(likely.calls, likely.money_usd, spans, strict=True)
    )
    return likely.model_copy(
        update={
            "calls": (round(least * likely.calls[0]), round(most * likely.calls[1])),
            "money_usd": (least * likely.money_usd[0], most * likely.money_usd[1]),
            "minutes": likely.minutes and (least * spans[0], most * spans[1]),
        }
    )


def _workloads(
    kind: RunKind, plan: Plan, bound: Workload, splits: Splits
) -> tuple[Workload, Workload]:
    short = prompt_tokens(plan.baseline, plan.task.answers)
    search = usual(plan, splits, prompt=short)
    sized = replace(
        bound, task_tokens_in=search.task_tokens_in, task_tokens_out=search.task_tokens_out
    )
    if not bound.proposer_calls:
        return _times(sized, NEEDED.get(kind, 1)), sized
    most = _times(usual(plan, splits, prompt=short + _examples(plan, splits)), OFF)
    least = _times(search, 1 / OFF)
    if not bound.of_models:
        return least, most
    return _of_each(sized, least), _of_each(sized, most)


def _times(one: Workload, factor: float) -> Workload:
    return replace(
        one,
        task_calls=round(factor * one.task_calls),
        proposer_calls=round(factor * one.proposer_calls),
    )


def _of_each(compared: Workload, search: Workload) -> Workload:
    """Of a migration that searches a prompt for each of its models."""
    each = compared.task_calls + search.task_calls
    return replace(
        search,
        task_calls=compared.task_calls,
        proposer_calls=search.proposer_calls * len(compared.of_models),
        of_models=dict.fromkeys(compared.of_models, each),
    )


def _examples(plan: Plan, splits: Splits) -> int:
    """Tokens of all that a prompt could quote and has room for."""
    quotable = (plan.task.example(case) for case in splits.train if case.may_quote)
    room = EXAMPLE_TOKENS if plan.max_prompt_tokens is None else plan.max_prompt_tokens
    return min(room, sum(part_tokens(one, plan.task.answers) for one in quotable))
