"""The first and last events of a run, put together from what the engine knows."""

from collections.abc import Sequence
from typing import Literal

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import RunFinished, RunStarted, SearchStopped
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.folds import held_out_folds
from induction.engine.data.room import Room
from induction.engine.data.splits import Splits
from induction.engine.evaluation.unanswered import shared
from induction.engine.leak_guard.screen import oversized, quoted_by
from induction.engine.plan import Plan
from induction.engine.runtime import CANCELLED, RunContext
from induction.engine.search.state import Search
from induction.engine.verdict.verdict import detectable
from induction.task_kinds.base import Case, Component, ModelPrediction

QUOTED_REPORTED = 5
NO_CASES = "there is no case that the prompt does not quote"
NO_PREDICTIONS = "no prediction is left that can be put to the prompt as it was"


def started(plan: Plan, splits: Splits) -> RunStarted:
    return RunStarted(
        dataset_hash=plan.dataset_hash,
        splits=splits.sizes,
        baseline_hash=plan.baseline.version_hash,
        notes=[
            *plan.notes,
            *splits.notes,
            *contamination(plan, splits),
            *oversized(plan.task, plan.baseline),
            *_room(plan),
            *_guard_support(plan, splits.validation),
            *_repeats(plan, splits),
            *_power(splits),
        ],
    )


def search_stopped(reason: str, iteration: int, best: PromptContent) -> SearchStopped:
    return SearchStopped(iteration=iteration, reason=reason, best_hash=best.version_hash)


def finished(run: RunContext, search: Search | None, reason: str) -> RunFinished:
    """Both scores are on validation; None where the baseline was not evaluated in full."""
    task = run.plan.task
    before = after = None
    if search:
        pair = shared(search.baseline_validation, search.validation)
        before, after = (results.scored(task).objective for results in pair)
    if run.no_verdict:
        reason = f"{reason}; no verdict: {run.no_verdict}"
    status: Literal["completed", "failed"] = "failed" if run.failed else "completed"
    return RunFinished(
        status="cancelled" if run.cancelled else status,
        reason=CANCELLED if run.cancelled else reason,
        best_hash=(search.best if search else run.plan.baseline).version_hash,
        baseline_f1=before,
        final_f1=after,
    )


def contamination(plan: Plan, splits: Splits) -> list[str]:
    """How many of the cases set aside the baseline quotes, and which."""
    held_out = () if splits.validation_is_train else splits.validation
    quoted = quoted_by(plan.baseline, splits.train, (*held_out, *splits.test))
    if not quoted:
        return []
    ids = ", ".join(str(case.id) for case in quoted[:QUOTED_REPORTED])
    more = ", …" if len(quoted) > QUOTED_REPORTED else ""
    return [
        f"the baseline quotes {len(quoted)} held-out cases: {ids}{more};"
        " the verdict leaves out the test cases among them"
    ]


def _guard_support(plan: Plan, validation: Sequence[Case]) -> list[str]:
    """How many validation cases carry each focused or guarded component: a few tell little."""
    named = dict.fromkeys([*([plan.focus] if plan.focus else []), *plan.guards])
    components = [one for name in named if (one := plan.task.component(name)) is not None]
    return [
        f"{_support(plan, one, validation)} of {len(validation)} validation cases"
        f" carry {one.name!r}, which is {_role(plan, one.name)}"
        for one in components
    ]


def _support(plan: Plan, component: Component, cases: Sequence[Case]) -> int:
    """The cases where finding everything scores the component higher than finding nothing."""
    truths = [case.truth for case in cases]
    everything = plan.task.counts(truths, [ModelPrediction(output=truth) for truth in truths])
    nothing = plan.task.counts(truths, [ModelPrediction(fault="nothing")] * len(truths))
    return int((component.f1(everything) > component.f1(nothing)).sum())


def _role(plan: Plan, name: str) -> str:
    roles = ["focused on"] if name == plan.focus else []
    roles += ["guarded"] if name in plan.guards else []
    return " and ".join(roles)


def _room(plan: Plan) -> list[str]:
    """Where the baseline is longer than a prompt may be."""
    room = Room.of(plan)
    size = prompt_tokens(plan.baseline, plan.task.answers)
    if room.holds(size):
        return []
    return [
        f"the baseline takes about {size} tokens, more than the {room.most} there is room for: no"
        " change may add to them"
    ]


def _repeats(plan: Plan, splits: Splits) -> list[str]:
    folds = held_out_folds(plan, splits)
    return [f"the search is repeated {len(folds)} times to judge it"] if folds else []


def _power(splits: Splits) -> list[str]:
    if not splits.test:
        return []
    gain = detectable(splits.test_groups)
    return [
        f"on {splits.test_groups} test groups a gain below {gain:.2f} would mostly go unseen,"
        " if a fifth of the answers change"
    ]
