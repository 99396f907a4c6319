"""From rows to the engine's plan, and the plan's price before it starts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import Forecast, RunKind, RunLimits, RunRequest
from nlu_shared.schemas.tasks import TaskSpec

from induction.engine.data.splits import splits_of
from induction.engine.forecast import Bound, forecast
from induction.engine.plan import Plan, Remembered
from induction.engine.verdict.verdict import detectable
from induction.llm import prices
from induction.llm.prices import PriceTable
from induction.llm.probing import question
from induction.providers import OFFLINE, Providers
from induction.runs import truths
from induction.runs.models import RunRow
from induction.runs.truths import LeftOut
from induction.task_kinds.base import Case, Task, Usage
from induction.task_kinds.registry import task_of


class UnanswerableTruths(Invalid):
    code = "unanswerable_truths"
    title = "Too many approved truths cannot be answered"


def held_to(spec: TaskSpec, row: RunRow) -> TaskSpec:
    """The task as the run was started with it: its labels are frozen, whatever became of them. A
    run from before that was is held to the task's own."""
    return spec if row.labels is None else spec.model_copy(update={"labels": _labels(row.labels)})


def _labels(rows: Sequence[Mapping[str, object]]) -> tuple[LabelSpec, ...]:
    return tuple(map(LabelSpec.model_validate, rows))


def questions_of(spec: TaskSpec, rows: Iterable[RunRow]) -> list[tuple[Task, str]]:
    """Each task and model by which these runs have put questions: a question names the labels."""
    held = {(canonical(row.labels), row.task_model): row for row in rows}
    return [(task_of(held_to(spec, row)), row.task_model) for row in held.values()]


def usable(row: RunRow, task: Task, frozen: tuple[Case, ...]) -> tuple[Case, ...]:
    """The cases of the snapshot that the run works with."""
    if row.labels is None:
        return frozen
    out = {UUID(one) for group in row.left_out for one in group["case_ids"]}
    return truths.answerable(task, frozen, out)


def plan_of(
    row: RunRow,
    spec: TaskSpec,
    baseline: PromptContent,
    cases: tuple[Case, ...],
    splits: Mapping[UUID, Split],
    remembered: tuple[Remembered, ...] = (),
) -> Plan:
    """`spec` as the run is held to it, `cases` those that are usable, `splits` as
    `splits.splits_for` gives them, with the run's seed."""
    limits = row.promised
    return Plan(
        task=task_of(spec),
        cases=cases,
        dataset_hash=row.dataset_hash,
        splits=splits,
        baseline=baseline,
        task_model=row.task_model,
        proposer_model=row.proposer_model,
        max_iterations=limits.iterations,
        seed=row.seed,
        hints=tuple(row.hints),
        focus=row.focus,
        guards=row.guards,
        proposals=row.proposals,
        calls=limits.calls,
        max_prompt_tokens=limits.max_prompt_tokens,
        remembered=remembered,
        looks=row.looks,
        folds=row.folds,
        retrieval=row.retrieval,
        may_remove_blocks=row.may_remove_blocks,
        prunes_blocks=row.provider != OFFLINE,
        context_window=row.context_window,
        notes=tuple(row.notes),
    )


def limits_of(limits: RunLimits, max_prompt_tokens: int | None) -> dict[str, Any]:
    """As promised, with the task's bound where the request has none."""
    if limits.max_prompt_tokens is None:
        limits = limits.model_copy(update={"max_prompt_tokens": max_prompt_tokens})
    return limits.model_dump()


def knows_components(spec: TaskSpec, request: RunRequest) -> bool:
    """Whether the task has every component that is to be focused on or guarded."""
    named = [*([request.focus] if request.focus is not None else []), *request.guards]
    task = task_of(spec)
    return all(task.component(name) is not None for name in named)


def obstacles(
    spec: TaskSpec, cases: tuple[Case, ...], baseline: PromptContent
) -> tuple[list[LeftOut], list[str]]:
    """The truths that cannot be answered, and all that stands in a run's way in words."""
    task = task_of(spec)
    out = unanswerable(spec, cases)
    rest = truths.answerable(task, cases, {id for one in out for id in one.case_ids})
    return out, [*truths.in_words(out), *truths.obstacles(task, baseline, rest)]


def unanswerable(spec: TaskSpec, cases: tuple[Case, ...]) -> list[LeftOut]:
    """The truths that no answer can match."""
    names = [one.name for one in spec.labels if not one.retired]
    return truths.left_out(task_of(spec), cases, names)


def refusal(out: Sequence[LeftOut], total: int, *, most: float) -> UnanswerableTruths | None:
    """Where more than the share `most` of the cases is left out, or all of them are. It names
    cases and labels, and no text."""
    share = truths.share(out, total)
    if share <= most and share < 1:
        return None
    ids = sorted(str(one) for group in out for one in group.case_ids)
    return UnanswerableTruths(
        f"{len(ids)} of {total} truths cannot be answered, {most:.0%} are allowed: cases"
        f" {truths.some(ids)}. A start with `dry_run` says why; correct these truths, or"
        " add, rename or bring back labels in nlu-logger.",
        labels=sorted({one.truth for one in out if one.truth is not None})[: truths.SHOWN],
    )


def counts(splits: Mapping[UUID, Split]) -> dict[str, int]:
    """Cases per split."""
    given = list(splits.values())
    return {split.value: given.count(split) for split in Split}


def models_of(row: RunRow) -> list[str]:
    """Who is asked in this run, each once, whoever answers cases first."""
    proposer = [row.proposer_model] if row.kind == RunKind.IMPROVE else []
    return list(dict.fromkeys([row.task_model, *proposer]))


def bound_of(
    plan: Plan,
    row: RunRow,
    *,
    refusal: Invalid | None,
    providers: Providers,
    on: date,
    table: PriceTable,
) -> Forecast:
    """The most the run can take, and whether its limits allow that much."""
    bound = forecast(plan)
    probed = [one for one in models_of(row) if not providers.provider(one).is_offline]
    calls = bound.calls + len(probed)
    money = _price(plan, bound, providers, on, table)
    money += _price_of_probes(probed, providers, on, table)
    limits = row.promised
    short = [] if refusal is None else [f"The start would be refused: {refusal.detail}"]
    if calls > limits.calls:
        short.append("The search may stop early: the limit of calls is below the upper bound.")
    if money > Decimal(str(limits.money_usd)):
        short.append("The search may stop early: the limit of money is below the upper bound.")
    train = splits_of(plan.cases, plan.splits).train
    quotable = sum(case.may_quote for case in train)
    return Forecast(
        cases=row.dataset_size,
        splits=counts(plan.splits),
        quotable=quotable,
        calls=calls,
        money_usd=float(money),
        fits=not short,
        detectable_gain=_detectable(plan),
        labels_version=row.labels_version or 0,
        unanswerable=truths.shown(row.left_out),
        notes=[
            *row.notes,
            *splits_of(plan.cases, plan.splits).notes,
            *short,
            *_of_probes(probed),
            *_of_quoting(quotable, len(train)),
            *_of_blocks(plan),
        ],
    )


def _of_quoting(quotable: int, train: int) -> list[str]:
    """What follows for a prompt from how many training cases it may show."""
    if quotable == train:
        return []
    allowed = "POST /v1/ground-truth:quoting of nlu-logger allows it for approved cases by filter."
    if not quotable:
        return [
            f"None of {train} training cases may be quoted: no prompt can show one as an example,"
            f" only the instructions can improve, and examples are the larger gain. {allowed}"
        ]
    return [
        f"{quotable} of {train} training cases may be quoted: only these can become examples."
        f" {allowed}"
    ]


def _of_probes(models: Sequence[str]) -> list[str]:
    if not models:
        return []
    return [
        f"{', '.join(models)}: asked one small question each before anything is measured, to find"
        " out what their servers can do."
    ]


def _price_of_probes(
    models: Sequence[str], providers: Providers, on: date, table: PriceTable
) -> Decimal:
    billed = [one for one in models if providers.is_billed(one)]
    return sum((prices.upper_bound(question(one), on, table) for one in billed), Decimal(0))


def _of_blocks(plan: Plan) -> list[str]:
    if plan.may_remove_blocks and not plan.prunes_blocks:
        return ["The offline model reads no instructions: pruning takes examples away, no blocks."]
    return []


def _detectable(plan: Plan) -> float | None:
    splits = splits_of(plan.cases, plan.splits)
    return round(detectable(splits.test_groups), 3) if splits.test else None


def _price(plan: Plan, bound: Bound, providers: Providers, on: date, table: PriceTable) -> Decimal:
    task_call = Usage(input_tokens=bound.task_tokens_in, output_tokens=bound.task_tokens_out)
    proposal = Usage(input_tokens=bound.proposer_tokens_in, output_tokens=bound.proposer_tokens_out)
    calls = (
        (plan.task_model, task_call, bound.task_calls),
        (plan.proposer_model, proposal, bound.proposer_calls),
    )
    return sum(
        (
            count * prices.cost(model, usage, on, table)
            for model, usage, count in calls
            if providers.is_billed(model)
        ),
        Decimal(0),
    )
