"""From rows to the engine's plan, and the plan's price before it starts. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.ground_truth import GroundTruthCase
from nlu_shared.schemas.prompts import PromptContent, TaskIn, TaskKind
from nlu_shared.schemas.runs import Forecast, RunLimits, RunRequest

from induction.engine.data.splits import splits_of
from induction.engine.forecast import Bound, forecast
from induction.engine.plan import Plan, Remembered
from induction.engine.verdict.verdict import detectable
from induction.llm import prices
from induction.llm.errors import UnknownModel
from induction.runs.models import RunRow
from induction.task_kinds.base import Case, Usage
from induction.task_kinds.registry import task_of

UNUSABLE_NAMED = 10
"""Ids an error names; the others are counted."""


def plan_of(
    row: RunRow,
    spec: TaskIn,
    baseline: PromptContent,
    cases: tuple[Case, ...],
    splits: Mapping[UUID, Split],
    remembered: tuple[Remembered, ...] = (),
) -> Plan:
    """`splits` as `splits.splits_for` gives them, with the run's seed."""
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
        remembered=remembered,
        looks=row.looks,
        folds=row.folds,
        may_remove_blocks=row.may_remove_blocks,
        prunes_blocks=row.provider != "offline",
    )


def knows_components(spec: TaskIn, request: RunRequest) -> bool:
    """Whether the task has every component that is to be focused on or guarded."""
    named = [*([request.focus] if request.focus is not None else []), *request.guards]
    task = task_of(spec)
    return all(task.component(name) is not None for name in named)


def require_usable(spec: TaskIn, cases: Iterable[GroundTruthCase]) -> None:
    """Raises Invalid where nothing can be measured against a truth. A label the task does not know
    is no such truth: it counts as a miss."""
    if spec.kind is TaskKind.INTENT:
        return
    task = task_of(spec)
    unusable = [str(case.id) for case in cases if not task.is_valid_output(case.truth)]
    if unusable:
        named = ", ".join(unusable[:UNUSABLE_NAMED])
        more = ", …" if len(unusable) > UNUSABLE_NAMED else ""
        raise Invalid(
            f"Approved truths that are no extraction, {len(unusable)} of them: {named}{more}.",
            code="unusable_truth",
        )


def counts(splits: Mapping[UUID, Split]) -> dict[str, int]:
    """Cases per split."""
    given = list(splits.values())
    return {split.value: given.count(split) for split in Split}


def have_prices(models: Iterable[str], on: date) -> bool:
    """Whether every model's price is known that day: without one no budget can be promised."""
    try:
        for model in models:
            prices.price(model, on)
    except UnknownModel:
        return False
    return True


def bound_of(plan: Plan, limits: RunLimits, *, is_billed: bool, on: date) -> Forecast:
    """The most the run can take, and whether its limits allow that much."""
    bound = forecast(plan)
    money = _price(plan, bound, on) if is_billed else Decimal(0)
    notes: list[str] = []
    if bound.calls > limits.calls:
        notes.append("The search may stop early: the limit of calls is below the upper bound.")
    if money > Decimal(str(limits.money_usd)):
        notes.append("The search may stop early: the limit of money is below the upper bound.")
    train = splits_of(plan.cases, plan.splits).train
    quotable = sum(case.may_quote for case in train)
    return Forecast(
        cases=len(plan.cases),
        splits=counts(plan.splits),
        quotable=quotable,
        calls=bound.calls,
        money_usd=float(money),
        fits=not notes,
        detectable_gain=_detectable(plan),
        notes=[*notes, *_of_quoting(quotable, len(train)), *_of_blocks(plan)],
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


def _of_blocks(plan: Plan) -> list[str]:
    if plan.may_remove_blocks and not plan.prunes_blocks:
        return ["The offline model reads no instructions: pruning takes examples away, no blocks."]
    return []


def _detectable(plan: Plan) -> float | None:
    splits = splits_of(plan.cases, plan.splits)
    return round(detectable(splits.test_groups), 3) if splits.test else None


def _price(plan: Plan, bound: Bound, on: date) -> Decimal:
    task_call = Usage(input_tokens=bound.task_tokens_in, output_tokens=bound.task_tokens_out)
    proposal = Usage(input_tokens=bound.proposer_tokens_in, output_tokens=bound.proposer_tokens_out)
    return bound.task_calls * prices.cost(
        plan.task_model, task_call, on=on
    ) + bound.proposer_calls * prices.cost(plan.proposer_model, proposal, on=on)
