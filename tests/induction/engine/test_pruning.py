"""The diet: what a winning prompt does as well without goes, and nothing else."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.data.splits import splits_of
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.forecast import forecast
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.engine.search import pruning
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    PromptEvaluated,
    PromptProposed,
    RunFinished,
    SearchStopped,
    Split,
    StoredEvent,
)
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, Example, PromptContent, Strategy

from tests.induction.engine.runtimes import OfflineRuntime, WithProposer, events_of, toy_plan

TASK = IntentTask([LabelSpec(name="pay"), LabelSpec(name="stop")])
PADDING = "Be of good cheer and take the time it takes. " * 20


def padded(plan: Plan) -> Plan:
    """The plan with a block in its baseline that no answer depends on."""
    idle = Block(name="idle", text=PADDING)
    blocks = (*plan.baseline.instructions, idle)
    baseline = plan.baseline.model_copy(update={"instructions": blocks})
    return replace(plan, baseline=baseline, may_remove_blocks=True)


async def stored(plan: Plan, world: OfflineRuntime | WithProposer) -> list[StoredEvent]:
    return [e for e in await events_of(plan, world) if not isinstance(e, EvaluationProgress)]


def dieted(events: list[StoredEvent]) -> list[PromptProposed]:
    return [
        one
        for one in events
        if isinstance(one, PromptProposed) and one.change.rationale.startswith("Pruning: ")
    ]


def validated(events: list[StoredEvent]) -> list[PromptEvaluated]:
    return [
        one for one in events if isinstance(one, PromptEvaluated) and one.split is Split.VALIDATION
    ]


def prompt(examples: int) -> PromptContent:
    return TASK.baseline().model_copy(
        update={"examples": tuple(Example(text=f"t {n}", output="pay") for n in range(examples))}
    )


def test_blocks_are_tried_before_examples_and_large_parts_before_small_ones() -> None:
    rationales = [change.rationale for change, _ in pruning.changes(TASK, prompt(8))]
    blocks = ["Pruning: without block 'role'.", "Pruning: without block 'rules'."]
    assert rationales[:2] == blocks
    assert set(rationales[2:4]) == {
        "Pruning: without examples 1 to 4 of 8.",
        "Pruning: without examples 5 to 8 of 8.",
    }
    assert rationales[-1].startswith("Pruning: without example ")
    assert len(rationales) == 2 + 2 + 4 + 8


def test_every_change_of_a_diet_makes_the_prompt_it_says_and_a_shorter_one() -> None:
    for size in (0, 1, 2, 3, 7, 90):
        before = prompt(size)
        for change, after in pruning.changes(TASK, before):
            assert prompt_tokens(after, TASK.answers) < prompt_tokens(before, TASK.answers)
            assert len(before.examples) - len(after.examples) == sum(
                edit.example is not None for edit in change.edits
            )
            assert all(one in before.examples for one in after.examples)


def test_protected_blocks_and_what_names_the_labels_stay() -> None:
    held = {"data", "labels"}
    assert all(
        held <= {b.name for b in after.instructions}
        for _, after in pruning.changes(TASK, prompt(2))
    )
    open_labels = PromptContent(
        instructions=(Block(name="role", text="Choose."), Block(name="all", text="pay, stop"))
    )
    assert [c.rationale for c, _ in pruning.changes(TASK, open_labels)] == [
        "Pruning: without block 'role'."
    ]
    alone = PromptContent(instructions=(Block(name="all", text="pay, stop"),))
    assert pruning.changes(TASK, alone) == []


def test_blocks_of_the_baseline_stay_unless_a_person_says_otherwise() -> None:
    plan = replace(toy_plan(per_label=2), task=TASK, baseline=TASK.baseline())
    added = Block(name="rules_1", text="Added.")
    before = prompt(2)
    before = before.model_copy(update={"instructions": (*before.instructions, added)})
    first, *_ = pruning.changes(TASK, before, keep=plan.kept_blocks)
    assert first[0].rationale == "Pruning: without block 'rules_1'."
    allowed = replace(plan, may_remove_blocks=True).kept_blocks
    removed = {
        edit.block
        for change, _ in pruning.changes(TASK, before, keep=allowed)
        for edit in change.edits
        if edit.block
    }
    assert removed == {"role", "rules", "rules_1"}


def test_a_model_that_reads_no_instructions_prunes_examples_only() -> None:
    assert all(
        change.strategy is Strategy.EXAMPLES
        for change, _ in pruning.changes(TASK, prompt(4), keep=None)
    )


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_proposal_takes_no_block_of_the_baseline_away_either(allowed: bool) -> None:
    edit = {"op": "remove_block", "block": "role"}
    change = {"strategy": "B", "rationale": "Shorter.", "edits": [edit]}
    plan = replace(toy_plan(per_label=4), tries_ladder=False, may_remove_blocks=allowed)
    answer = ModelAnswer(Outcome.OK, json.dumps(change))
    events = await stored(plan, WithProposer(OfflineRuntime(), lambda _: answer))
    reasons = [one.reason for one in events if isinstance(one, ChangeRejected)]
    assert any("carries the task" in reason for reason in reasons) is not allowed


def answers(size: int, wrong: set[int]) -> EvalResults:
    entries = {}
    for n in range(size):
        case = Case(UUID(int=n), f"w{n} x{n}", ("pay", "stop")[n % 2], f"g{n}", True)
        predicted = ("pay", "stop")[(n + (n in wrong)) % 2]
        entries[case.id] = judge(TASK, case, ModelPrediction(output=predicted))
    return EvalResults(entries)


@pytest.mark.parametrize(
    ("size", "broke", "fixed", "as_good"),
    [
        (40, 0, 0, True),
        (40, 1, 0, False),
        (40, 1, 1, False),
        (40, 4, 5, False),
        (400, 1, 0, True),
        (400, 2, 2, True),
        (400, 8, 0, False),
        (40, 0, 9, True),
    ],
)
def test_a_shorter_prompt_is_as_good_when_a_fall_beyond_the_margin_is_ruled_out(
    size: int, broke: int, fixed: int, as_good: bool
) -> None:
    before, after = answers(size, set(range(fixed))), answers(size, set(range(20, 20 + broke)))
    plan = replace(toy_plan(per_label=2), task=TASK, baseline=TASK.baseline())
    why = pruning.objection(plan, before, after)
    assert (why is None) is as_good
    assert why is None or "0.02" in why


async def calls_before_diet(plan: Plan, known: OfflineRuntime) -> int:
    await events_of(plan, known)
    pruned = known.sent_before(
        lambda event: (
            isinstance(event, PromptProposed) and event.change.rationale.startswith("Pruning: ")
        )
    )
    return len(pruned)


Recorded = tuple[list[StoredEvent], OfflineRuntime]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return replace(padded(toy_plan(per_label=24)), max_iterations=7)


@pytest.fixture(scope="module")
async def recorded(plan: Plan) -> Recorded:
    world = OfflineRuntime()
    return await stored(plan, world), world


def test_an_idle_block_goes_and_the_winner_stays_within_the_margin(recorded: Recorded) -> None:
    events, _ = recorded
    tried = dieted(events)
    assert 0 < len(tried) <= pruning.TRIES
    first = next(one for one in tried if "'idle'" in one.change.rationale)
    assert first.content.block("idle") is None
    kept = [one.version_hash for one in events if isinstance(one, ChangeKept)]
    assert first.version_hash in kept
    scores = {one.version_hash: one.objective for one in validated(events)}
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.best_hash == kept[-1]
    assert finished.final_f1 is not None
    assert finished.final_f1 >= scores[tried[0].parent_hash] - pruning.MARGIN


async def test_a_replay_of_a_diet_says_the_same(plan: Plan, recorded: Recorded) -> None:
    assert await stored(plan, recorded[1]) == recorded[0]


def test_a_diet_comes_after_the_search_and_counts_its_iterations(recorded: Recorded) -> None:
    events, _ = recorded
    (stop,) = [one for one in events if isinstance(one, SearchStopped)]
    numbers = [one.iteration for one in validated(events)]
    assert numbers == list(range(len(numbers)))
    assert stop.iteration == numbers[-1]
    places = [n for n, one in enumerate(events) if one in dieted(events)]
    proposals = [n for n, one in enumerate(events) if isinstance(one, PromptProposed)]
    assert places == proposals[-len(places) :]
    assert places[-1] < events.index(stop)


@pytest.mark.parametrize("limit", ["iterations", "calls"])
async def test_where_iterations_or_calls_are_used_up_there_is_no_diet(
    plan: Plan, recorded: Recorded, limit: str
) -> None:
    """The search itself is let run to the same end."""
    events, world = recorded
    first = min(one.iteration for one in dieted(events))
    if limit == "iterations":
        bounded = replace(plan, max_iterations=first - 1)
    else:
        splits = splits_of(plan.cases, plan.splits)
        searched = await calls_before_diet(plan, world)
        bounded = replace(plan, calls=searched + 2 * len(splits.test) + len(splits.train))
    again = await stored(bounded, OfflineRuntime())
    assert dieted(again) == []
    assert any(one.type == "verdict_reached" for one in again)


def test_a_diet_stays_within_the_forecast(plan: Plan, recorded: Recorded) -> None:
    assert recorded[1].calls <= forecast(plan).calls


async def test_a_baseline_that_wins_is_left_as_it_is() -> None:
    """The proposer only ever says something invalid."""
    world = WithProposer(OfflineRuntime(), lambda _: ModelAnswer(Outcome.OK, "no"))
    events = await stored(replace(padded(toy_plan(per_label=4)), tries_ladder=False), world)
    assert not dieted(events)


async def test_a_baseline_over_the_limits_is_told_and_can_only_shrink() -> None:
    """Rules are appended to it again and again; every one is refused unseen, none crashes."""
    long = Block(name="rules", text="word " * 13_000)
    plan = toy_plan(per_label=4)
    blocks = (*plan.baseline.instructions[:3], long)
    baseline = plan.baseline.model_copy(update={"instructions": blocks})
    plan = replace(plan, baseline=baseline, tries_ladder=False)

    def more(call: Call) -> ModelAnswer:
        edit = {"op": "append_to_block", "block": "rules", "text": "more " * 200}
        change = {"strategy": "B", "rationale": "More.", "edits": [edit]}
        return ModelAnswer(Outcome.OK, json.dumps(change))

    events = await stored(plan, WithProposer(OfflineRuntime(), more))
    assert any("no change may add to them" in line for line in events[0].notes)  # type: ignore[union-attr]
    rejected = [one for one in events if isinstance(one, ChangeRejected)]
    assert rejected
    assert {str(one.stage) for one in rejected} <= {"screen", "propose"}
