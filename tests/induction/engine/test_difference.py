"""The change between two prompts: applied to the one it makes the other, or it says it cannot."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from induction.engine.proposal import edits
from induction.engine.proposal.difference import difference
from induction.engine.proposal.edits import InvalidChange
from induction.task_kinds.base import Case
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, Change, Example, Op, PromptContent

TASK = IntentTask([LabelSpec(name="pay"), LabelSpec(name="stop")])
CASES = [Case(UUID(int=n), f"text {n}", ("pay", "stop")[n % 2], f"{n}", n != 4) for n in range(5)]
SHOWN = {case.id: case for case in CASES}

NAMES = st.lists(st.sampled_from("abcdef"), min_size=1, unique=True)
TEXTS = st.sampled_from(["one", "two", "three"])
QUOTED = st.sampled_from(CASES).map(TASK.example)
MADE_UP = st.builds(Example, text=TEXTS, output=st.sampled_from(["pay", "stop"]))
EXAMPLES = st.lists(QUOTED | MADE_UP, max_size=5, unique_by=lambda one: one.content_key)


@st.composite
def prompts(draw: st.DrawFn) -> PromptContent:
    blocks = tuple(Block(name=name, text=draw(TEXTS)) for name in draw(NAMES))
    return PromptContent(instructions=blocks, examples=tuple(draw(EXAMPLES)))


def between(before: PromptContent, after: PromptContent) -> tuple[Change, PromptContent]:
    return difference(before, after, cases=CASES, rationale="whole", task=TASK)


@settings(deadline=None)
@given(prompts(), prompts())
def test_the_change_between_any_two_prompts_makes_the_one_out_of_the_other(
    before: PromptContent, after: PromptContent
) -> None:
    if before.version_hash == after.version_hash:
        with pytest.raises(InvalidChange, match="changes nothing"):
            between(before, after)
        return
    change, content = between(before, after)
    assert content.version_hash == after.version_hash
    assert edits.apply(before, change, shown=SHOWN, task=TASK) == content
    assert all(edit.case is None or SHOWN[edit.case].may_quote for edit in change.edits)


def test_an_example_that_reads_as_a_case_quotes_it_only_where_the_case_may_be_quoted() -> None:
    before = TASK.baseline()
    bare = [Example(text=case.text, output=case.truth) for case in (CASES[0], CASES[4])]
    change, content = between(before, before.model_copy(update={"examples": tuple(bare)}))
    assert [edit.case for edit in change.edits] == [CASES[0].id, None]
    assert [one.case_id for one in content.examples] == [CASES[0].id, None]


def test_only_what_differs_is_edited() -> None:
    after = TASK.baseline().model_dump()
    after["instructions"][0]["text"] = "Take care."
    change, _ = between(TASK.baseline(), PromptContent.model_validate(after))
    assert [edit.op for edit in change.edits] == [Op.REPLACE_BLOCK]


BEFORE = PromptContent(
    instructions=(Block(name="a", text="one", protected=True), Block(name="b", text="two"))
)


@pytest.mark.parametrize(
    "after",
    [
        {"instructions": (BEFORE.instructions[1],)},
        {"instructions": (Block(name="a", text="else", protected=True), BEFORE.instructions[1])},
        {"instructions": (Block(name="a", text="one"), BEFORE.instructions[1])},
        {"instructions": (*BEFORE.instructions, Block(name="c", text="new", protected=True))},
        {"instructions": (*BEFORE.instructions, Block(name="c", text=" "))},
        {"instructions": (*BEFORE.instructions, Block(name="b", text="again"))},
        {"examples": (Example(text="t", output="pay"),) * 2},
        {"examples": (Example(text="t", output="no label"),)},
        {"examples": (Example(text="t", output="pay", context=Context(known="fact")),)},
        {"examples": tuple(Example(text=f"t{n}", output="pay") for n in range(501))},
    ],
    ids=[
        "a protected block gone",
        "a protected block changed",
        "a block no longer protected",
        "a protected block added",
        "a block without a text",
        "a block that stands twice",
        "an example that stands twice",
        "an answer that is none",
        "a made-up context",
        "too many edits",
    ],
)
def test_a_prompt_that_no_edits_can_make_is_refused(after: dict[str, object]) -> None:
    with pytest.raises(InvalidChange):
        between(BEFORE, BEFORE.model_copy(update=after))
