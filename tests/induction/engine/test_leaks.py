"""Private sentences in disguise: which the guard refuses, and which no comparison of texts sees."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from time import process_time
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from induction.engine.data.folding import folded
from induction.engine.leak_guard.leaks import guarded, leaked
from induction.engine.runtime import Call
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.events import ChangeRejected, Split, Stage
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Example, PromptContent

from tests.fixtures.properties import EXAMPLES
from tests.induction.engine.disguises import INVISIBLE, OTHERS, PASSING, in_blocks, scattered
from tests.induction.engine.runtimes import OfflineRuntime, WithProposer, events_of, toy_plan

TASK = IntentTask([LabelSpec(name="pay"), LabelSpec(name="stop")])
BASELINE = TASK.baseline()
SECRET = "i would like to pay the outstanding bill of my late aunt in ghent by friday"
PRIVATE = Case(UUID(int=1), SECRET, "pay", "1", False)
HELD_OUT = Case(
    UUID(int=2), "they want the whole deposit for our flat back before may", "stop", "2", True
)
OPEN = [
    Case(UUID(int=10 + n), text, "stop", str(10 + n), True)
    for n, text in enumerate(
        [
            "i would like to stop the transfer of my rent",
            "please pay the bill by monday",
            "would you like to pay in cash or by card",
        ]
    )
]
GUARDED = guarded(TASK, BASELINE, [PRIVATE, *OPEN], [HELD_OUT])
EVERY = INVISIBLE | OTHERS


def leaks(
    candidate: PromptContent,
    parent: PromptContent = BASELINE,
    beside: Sequence[str] = (),
    earlier: Sequence[str] = (),
) -> set[int]:
    leaks = leaked(
        parent, candidate, baseline=BASELINE, cases=GUARDED, beside=beside, earlier=earlier
    )
    return {case.id.int for case in leaks}


def saying(*splits: str) -> PromptContent:
    return in_blocks(BASELINE, splits)


@pytest.mark.parametrize("disguise", EVERY.values(), ids=EVERY)
def test_no_disguise_carries_a_private_sentence_into_a_prompt(
    disguise: Callable[[str], str],
) -> None:
    assert leaks(saying(f"rules: {disguise(SECRET)} and no more")) == {1}


@pytest.mark.parametrize("disguise", EVERY.values(), ids=EVERY)
def test_nor_into_what_is_stored_beside_it(disguise: Callable[[str], str]) -> None:
    assert leaks(saying("be exact"), beside=[f"because of {disguise(SECRET)}"]) == {1}


@pytest.mark.parametrize("disguise", EVERY.values(), ids=EVERY)
def test_nor_into_an_example_of_its_own(disguise: Callable[[str], str]) -> None:
    made_up = Example(text=disguise(SECRET), output="pay")
    assert leaks(BASELINE.model_copy(update={"examples": (made_up,)})) == {1}


@pytest.mark.parametrize("size", [3, 4, 5, 6])
def test_a_few_words_a_block_add_up(size: int) -> None:
    words = SECRET.split()
    splits = [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
    assert leaks(saying(*splits)) == {1}
    assert leaks(saying(scattered(SECRET, size))) == {1}


@pytest.mark.parametrize("size", [3, 4])
def test_a_few_words_a_version_add_up(size: int) -> None:
    words = SECRET.split()
    parent, earlier, refused = BASELINE, list[str](), []
    for at in range(0, len(words), size):
        split = " ".join(words[at : at + size])
        candidate = in_blocks(BASELINE, [split])  # each takes the place of the one before
        refused.append(leaks(candidate, parent, earlier=earlier) == {1})
        parent, earlier = candidate, [*earlier, split]
    assert any(refused)


def test_words_in_the_prompt_and_in_the_rationale_add_up() -> None:
    half = SECRET.split()
    assert leaks(saying(" ".join(half[:6])), beside=[" ".join(half[6:])]) == {1}


@pytest.mark.parametrize("disguise", PASSING.values(), ids=PASSING)
def test_what_no_comparison_of_texts_can_see_is_known(disguise: Callable[[str], str]) -> None:
    assert leaks(saying(disguise(SECRET))) == set()


@settings(max_examples=4 * EXAMPLES)
@given(st.lists(st.sampled_from(sorted(INVISIBLE)), max_size=5))
def test_any_disguise_of_a_disguise_is_seen_through(names: list[str]) -> None:
    disguised = reduce(lambda text, name: INVISIBLE[name](text), names, SECRET)
    assert leaks(saying(f"rules: {disguised}")) == {1}


@given(st.text(max_size=40), st.sampled_from(["\u200b", "\ufe0f", "\u00ad", "\u0336", "\u034f"]))
def test_what_nobody_sees_changes_no_text(text: str, unseen: str) -> None:
    assert folded(unseen.join(text)) == folded(text)


@given(st.text(max_size=40))
def test_a_folded_text_stays_as_it_is(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    "name", ["Piet", "piet", "PIET", "P\u200bi\u200bet", "Рiеt", "P\u0336iet", "piet_said", "p1et"]
)
def test_a_name_is_known_in_any_disguise(name: str) -> None:
    private = Case(UUID(int=3), "ask whether Piet can stop it", "stop", "3", False)
    cases = guarded(TASK, BASELINE, [private], [])
    assert leaked(BASELINE, saying(f"what {name} wants"), baseline=BASELINE, cases=cases)


async def test_a_proposer_that_spreads_a_private_sentence_over_versions_is_stopped() -> None:
    """Each change by itself says three of its words, and the rationale tells none."""
    plan = toy_plan(per_label=8, labels=3)
    first = plan.cases[0]
    private = replace(first, id=UUID(int=999), text=SECRET, may_quote=False, group="private")
    splits = dict(plan.splits) | {private.id: Split.TRAIN}
    plan = replace(plan, cases=(*plan.cases, private), splits=splits)
    words, turn = SECRET.split(), iter(range(0, 99, 3))

    def next_words(_: Call) -> ModelAnswer:
        at = next(turn)
        text = " ".join(words[at : at + 3]) or f"be exact {at}"
        edit = {"op": "add_block", "block": f"notes_{at}", "text": text}
        change = {"strategy": "B", "rationale": "It cannot hurt.", "edits": [edit]}
        return ModelAnswer(Outcome.OK, json.dumps(change))

    world = WithProposer(OfflineRuntime(), next_words)
    events = await events_of(plan, world)
    stored = " ".join(event.model_dump_json() for event in events)
    kept = [at for at in range(0, len(words), 3) if " ".join(words[at : at + 3]) in stored]
    assert len(kept) < len(range(0, len(words), 3)) - 1
    assert Stage.SCREEN in {one.stage for one in events if isinstance(one, ChangeRejected)}


@pytest.mark.parametrize(
    "spoken",
    [
        {"rationale": f"They said: {SECRET}"},
        {"edits": [{"op": "add_block", "block": SECRET.replace(" ", "_")[:60], "text": "x"}]},
        {"edits": [{"op": "replace_block", "block": "_".join(SECRET.split()[:12]), "text": "x"}]},
        {"edits": [{"op": "add_example", "text": "hello", "output": SECRET}]},
        {"edits": [{"op": "add_example", "case": str(UUID(int=5)), "text": SECRET}]},
        {SECRET: 1},
        {"edits": [{"op": SECRET}]},
    ],
    ids=["rationale", "new block", "no block", "output", "beside a case", "field", "operation"],
)
async def test_no_part_of_an_answer_carries_a_private_sentence_into_an_event(
    spoken: dict[str, object],
) -> None:
    plan = toy_plan(per_label=8, labels=3)
    private = replace(plan.cases[0], id=UUID(int=999), text=SECRET, may_quote=False, group="p")
    splits = dict(plan.splits) | {private.id: Split.TRAIN}
    plan = replace(plan, cases=(*plan.cases, private), splits=splits, max_iterations=2)
    edits = [{"op": "add_block", "block": "notes", "text": "be exact"}]
    change = {"strategy": "B", "rationale": "It cannot hurt.", "edits": edits} | spoken
    if "add_example" in str(spoken):
        change["strategy"] = "A"
    world = WithProposer(OfflineRuntime(), lambda _: ModelAnswer(Outcome.OK, json.dumps(change)))
    stored = [event.model_dump_json() for event in await events_of(plan, world)]
    words = " ".join(stored).replace("_", " ")
    assert " ".join(SECRET.split()[:7]) not in words


@pytest.mark.parametrize(
    "text",
    [
        "Das Haus am See in Gent gehört Anna, sagt Piet. ",
        "pay the bill ",
        "! a Ab",
        "我想取消订单",
        "😀👍🏽",
        "a\u0301",
        pytest.param("YWx3YXlz", marks=pytest.mark.long),
        pytest.param("4f", marks=pytest.mark.long),
        "%61\\u0061",
        "ɐqɔ ",
        "eJw",
        "109, 121 ",
        "MFRG",
        "<~87cURD]i",
        "&#x6d;",
        "=6D=79",
    ],
)
@pytest.mark.law
def test_a_text_twice_as_long_costs_about_twice_as_much(text: str) -> None:
    def cost(size: int) -> float:
        long = (text * size)[:size]
        case = Case(UUID(int=4), long, "pay", "4", False)
        began = process_time()
        cases = guarded(TASK, BASELINE, [case, *OPEN], [])
        leaked(BASELINE, saying(long), baseline=BASELINE, cases=cases)
        return process_time() - began

    cost(1_000)
    assert min(cost(20_000) for _ in range(3)) < 4 * min(cost(10_000) for _ in range(3)) + 0.05
