"""From rows to the engine's plan, and the plan's price before it starts. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.canary import CanaryAnswer
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.headroom import ClassifierScore
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import RunKind, RunRequest
from nlu_shared.schemas.tasks import TaskSpec

from induction.engine import canary, ensemble, traffic
from induction.engine.data.splits import splits_of
from induction.engine.forecast import Workload, forecast, forecast_of_evaluation
from induction.engine.headroom import measure
from induction.engine.migration import migrate
from induction.engine.plan import Plan, Remembered
from induction.engine.verdict.verdict import detectable
from induction.llm.prices import PriceTable
from induction.providers import OFFLINE, Providers
from induction.runs import steering, truths
from induction.runs.models import RunRow
from induction.runs.starting import costs, remarks
from induction.runs.starting.answering import models_of, searches, windowed
from induction.runs.starting.estimate import estimated
from induction.runs.truths import LeftOut
from induction.task_kinds.base import Case, Task
from induction.task_kinds.registry import task_of

BOUNDS: Mapping[RunKind, Callable[[Plan], Workload]] = {
    RunKind.IMPROVE: forecast,
    RunKind.EVALUATE: forecast_of_evaluation,
    RunKind.MIGRATE: migrate.bound,
    RunKind.HEADROOM: measure.bound,
    RunKind.CANARY: canary.bound,
    RunKind.REPLAY: traffic.bound,
    RunKind.ENSEMBLE: ensemble.bound,
}
"""The most calls of a run, by its kind."""


MEASURE_FIRST = frozenset({RunKind.IMPROVE, RunKind.EVALUATE})
"""Whose baseline answers training and validation cases before anything else."""


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
    held = {
        (canonical(row.labels), model): row
        for row in rows
        for model in (row.task_model, *row.to_models)
    }
    return [(task_of(held_to(spec, row)), model) for (_, model), row in held.items()]


def asks_unkept_prompts(row: RunRow) -> bool:
    """Whether the run puts prompts to cases that are stored nowhere: what it measures with, and
    what it searches through for a new model."""
    return row.kind == RunKind.HEADROOM or row.optimise


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
    earlier: tuple[CanaryAnswer, ...] = (),
) -> Plan:
    """`spec` as the run is held to it, `cases` those that are usable, `splits` as
    `splits.splits_for` gives them, with the run's seed; `earlier` are what a canary is compared
    with."""
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
        batches=row.batches,
        pins=frozenset(row.pins),
        approval=row.approval_terms,
        may_remove_blocks=row.may_remove_blocks,
        prunes_blocks=row.provider != OFFLINE,
        context_window=row.window_of(row.task_model),
        to_models={model: row.window_of(model) for model in row.to_models},
        unusable={one: why for one in row.to_models if (why := row.fault_of(one)) is not None},
        margin=row.margin,
        optimise=row.optimise,
        agreement=row.agreement,
        classifier=None
        if row.classifier is None
        else ClassifierScore.model_validate(row.classifier),
        earlier=earlier,
        compares_with=row.compares_with,
        notes=tuple(row.notes),
    )


def trying(plan: Plan, candidate: PromptContent | None) -> Plan:
    """With one prompt that is tried in place of all proposals, where there is one: a person wrote
    it, and may have left blocks out."""
    if candidate is None:
        return plan
    return replace(
        plan, candidate=candidate, tries_ladder=False, max_iterations=1, may_remove_blocks=True
    )


def limits_of(
    request: RunRequest, max_prompt_tokens: int | None, *, canary_usd: float
) -> dict[str, Any]:
    """As promised, with the task's bound where the request has none; a canary's money is bound by
    its own budget too."""
    limits = request.limits
    if limits.max_prompt_tokens is None:
        limits = limits.model_copy(update={"max_prompt_tokens": max_prompt_tokens})
    if request.kind is RunKind.CANARY:
        least = min(limits.money_usd, canary_usd)
        limits = limits.model_copy(update={"money_usd": least})
    return limits.model_dump()


def obstacles(
    spec: TaskSpec, cases: tuple[Case, ...], baseline: PromptContent, *, is_changed: bool = True
) -> tuple[list[LeftOut], list[str]]:
    """The truths that cannot be answered, and all that stands in a run's way in words.

    spec: of the task as the run is held to it.
    cases: all that are approved.
    baseline: what the run begins with.
    is_changed: may the run change that?
    """
    task = task_of(spec)
    out = unanswerable(spec, cases)
    rest = truths.answerable(task, cases, {id for one in out for id in one.case_ids})
    return out, [
        *truths.in_words(out),
        *truths.obstacles(task, baseline, rest, is_changed=is_changed),
    ]


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
    count = sum(len(group.case_ids) for group in out)
    why = ". ".join(f"{of_reason} carry {reason}" for of_reason, reason in truths.reasons(out))
    return UnanswerableTruths(
        f"{count} of {total} truths cannot be answered, {most:.0%} are allowed. {why}. Correct"
        " these truths, or add, rename or bring back labels in nlu-logger; a dry run lists all.",
        labels=sorted({one.truth for one in out if one.truth is not None})[: truths.SHOWN],
    )


def keep(row: RunRow, plan: Plan) -> None:
    """What is decided once, when a run is first taken: its splits, and what a classifier scores,
    since another worker may have another scikit-learn, or none."""
    row.splits = counts(plan.splits)
    if plan.classifier is not None:
        row.classifier = plan.classifier.model_dump(mode="json")


def counts(splits: Mapping[UUID, Split]) -> dict[str, int]:
    """Cases per split."""
    dealt = list(splits.values())
    return {split.value: dealt.count(split) for split in Split}


def bound_of(
    plan: Plan,
    row: RunRow,
    *,
    refusal: Invalid | None,
    providers: Providers,
    on: date,
    table: PriceTable,
    answer: int | None,
) -> Forecast:
    """The most the run can take, and whether its limits allow that much.

    plan: of the run.
    row: of the run.
    refusal: of its start, if it would be refused.
    providers: say who is billed.
    on: the day whose prices hold.
    table: the prices.
    answer: tokens of an answer to a case, where the ledger knows them.
    """
    bound = BOUNDS[RunKind(row.kind)](plan)
    probed = [one for one in models_of(row) if not providers.provider(one).is_offline]
    calls = bound.calls + len(probed)
    price = partial(costs.of_calls, plan, providers=providers, on=on, table=table)
    money = price(bound) + costs.of_probes(probed, providers, on, table)
    limits = row.promised
    short = [] if refusal is None else [f"The start would be refused: {refusal.detail}"]
    short += remarks.of_limits(calls, money, limits)
    if row.kind == RunKind.IMPROVE:
        short += remarks.of_room(plan)
        one = replace(bound, task_calls=0, of_models={}, proposer_calls=1)
        short += remarks.of_proposals(price(one), limits)
    if row.kind == RunKind.HEADROOM:
        short += remarks.of_ways(plan)
    if row.kind in MEASURE_FIRST:
        short += remarks.of_baseline(plan, limits, in_full=row.kind == RunKind.EVALUATE)
    known = windowed(plan, providers)
    short += [*remarks.of_window(known), *remarks.of_windows(known)]
    splits = splits_of(plan.cases, plan.splits)
    train = splits.train
    quotable = sum(case.may_quote for case in train)
    return Forecast(
        cases=row.dataset_size,
        predictions=None if plan.traffic is None else len(plan.traffic.cases),
        splits=counts(plan.splits),
        quotable=quotable,
        calls=calls,
        money_usd=float(money),
        likely=estimated(RunKind(row.kind), plan, bound, len(probed), price, answer=answer),
        fits=not short,
        starts=refusal is None,
        detectable_gain=_detectable(plan),
        labels_version=row.labels_version or 0,
        unanswerable=truths.shown(row.left_out),
        notes=[
            *row.notes,
            *(splits.notes if plan.traffic is None else ()),
            *short,
            *remarks.of_probes(probed),
            *(remarks.of_quoting(quotable, len(train)) if searches(row) else []),
            *(remarks.of_retrieval(plan, train) if row.kind == RunKind.IMPROVE else []),
            *costs.of_batches(plan, bound, providers, on, table),
            *steering.notes(plan),
        ],
    )


def _detectable(plan: Plan) -> float | None:
    splits = splits_of(plan.cases, plan.splits)
    return round(detectable(splits.test_groups), 3) if splits.test else None
