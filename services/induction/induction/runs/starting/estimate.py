"""What a run is likely to take where no other tells: an estimate from its plan. Pure.

Tokens are counted (`nlu_shared.rendering.tokens`), as far as they are known: of the prompts that
are asked, the texts of the cases, and answers as the ledger has them of this task and model, or as
long as the truths are. What is not known makes the range: a model counts in its own
way, and a provider's cache holds all that is the same for each case, the answer's schema
too, or nothing of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from nlu_shared.rendering import prompt_tokens, tokens
from nlu_shared.rendering.request import as_bytes
from nlu_shared.schemas.forecasts import Likely
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import RunKind

from induction.engine.data.room import FEWER
from induction.engine.data.splits import Splits, splits_of
from induction.engine.forecast import Workload, answer_tokens, case_tokens, usual
from induction.engine.headroom.design import design
from induction.engine.plan import Plan

Number = TypeVar("Number", int, float)
OFF = 2
"""An estimate of a search is told from so many times less to so many times more."""
MORE = 1.25
"""A count of tokens is told from `FEWER` times less to so many times more."""
NEEDED: Mapping[RunKind, float] = {RunKind.REPLAY: 0.5}
"""The share of a kind's calls that it surely makes: a replay asks again only what has changed.
Other kinds that only measure make all of them."""


def estimated(
    kind: RunKind,
    plan: Plan,
    bound: Workload,
    probes: int,
    money: Callable[..., Decimal],
    *,
    answer: int | None,
) -> Likely:
    """Without minutes: a plan does not know how quickly its model answers.

    kind: of the run.
    plan: of the run.
    bound: the most it can take.
    probes: calls that find out what servers can do.
    money: US dollars for a workload; `is_cached`: what can be is read from the provider's cache.
    answer: tokens of an answer to a case, where the ledger knows them.
    """
    splits = splits_of(plan.cases, plan.splits)
    least, most = _workloads(kind, plan, bound, splits, answer)
    return Likely(
        runs=0,
        is_own=False,
        calls=(least.calls + probes, most.calls + probes),
        money_usd=(float(money(least, is_cached=True)), float(money(most))),
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
    shares = [
        min(1.0, calls / max(1, number), usd / price if price else 1.0, minutes / max(span, 1e-9))
        for number, price, span in zip(likely.calls, likely.money_usd, spans, strict=True)
    ]
    return likely.model_copy(
        update={
            "calls": _scaled(likely.calls, shares, round),
            "money_usd": _scaled(likely.money_usd, shares, float),
            "minutes": likely.minutes and _scaled(spans, shares, float),
        }
    )


def _scaled(
    ends: tuple[float, float], shares: Sequence[float], kept: Callable[[float], Number]
) -> tuple[Number, Number]:
    """Both ends, the smaller first: cheap calls are more of the same money than dear ones."""
    first, last = sorted(kept(share * end) for share, end in zip(shares, ends, strict=True))
    return first, last


def _workloads(
    kind: RunKind, plan: Plan, bound: Workload, splits: Splits, answer: int | None
) -> tuple[Workload, Workload]:
    measured = _measured(kind, plan, bound, splits, answer)
    if not bound.proposer_calls:
        # Not every provider counts the answer's schema.
        schema = tokens(as_bytes(plan.task.answers.schema).decode())
        least = _longer(_times(measured, NEEDED.get(kind, 1)), 1 / FEWER, less=schema)
        return least, _longer(measured, MORE)
    search = usual(plan, splits, answer=answer)
    least, most = _times(search, 1 / OFF), _times(search, OFF)
    if not bound.of_models:
        return least, most
    return _of_each(measured, least), _of_each(measured, most)


def _measured(
    kind: RunKind, plan: Plan, bound: Workload, splits: Splits, answer: int | None
) -> Workload:
    """The calls of the bound, in the sizes that are to be expected."""
    cases = splits.learning if plan.traffic is None else plan.traffic.cases
    prompts = _prompts(kind, plan, splits)
    calls = sum(number for _, number in prompts)
    total = sum(number * prompt_tokens(one, plan.task.answers) for one, number in prompts)
    prompt = total // max(1, calls)
    return replace(
        bound,
        task_tokens_in=prompt + case_tokens(cases),
        task_tokens_out=answer or answer_tokens(plan.task, cases),
        task_tokens_fixed=prompt,
    )


def _prompts(kind: RunKind, plan: Plan, splits: Splits) -> Sequence[tuple[PromptContent, int]]:
    """The prompts that are put to cases, with how often, one beside the other."""
    if kind is RunKind.HEADROOM:
        ways = design(plan, splits)
        others = [(content, len(ways.cases)) for _, content in ways.prompts]
        return [(plan.baseline, len(ways.cases) + len(ways.repeated)), *others]
    return [(one, 1) for one in (plan.baseline, *plan.members.values())]


def _times(one: Workload, factor: float) -> Workload:
    return replace(
        one,
        task_calls=round(factor * one.task_calls),
        proposer_calls=round(factor * one.proposer_calls),
    )


def _longer(one: Workload, factor: float, *, less: int = 0) -> Workload:
    """With so many times the tokens for each case, without some of those that are always there."""
    return replace(
        one,
        task_tokens_in=round(factor * (one.task_tokens_in - less)),
        task_tokens_out=round(factor * one.task_tokens_out),
        task_tokens_fixed=round(factor * (one.task_tokens_fixed - less)),
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
