"""A change applied: what it may touch, and what it leaves as it was."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.proposal.edits import (
    InvalidChange,
    InvalidOutput,
    ProtectedBlock,
    UnknownBlock,
    UnknownExample,
    UnquotableCase,
    apply,
)
from induction.engine.proposal.meta_prompt import change_schema, read
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, Change, Edit, Op, PromptContent, Strategy

TASK = IntentTask([LabelSpec(name="pay"), LabelSpec(name="stop")])
QUOTABLE = Case(UUID(int=1), "pay the bill", "pay", "g1", True)
PRIVATE = Case(UUID(int=2), "my secret", "stop", "g2", False)
SHOWN = {case.id: case for case in (QUOTABLE, PRIVATE)}


def changed(content: PromptContent, strategy: str, *edits: Edit) -> PromptContent:
    change = Change(strategy=Strategy(strategy), rationale="", edits=edits)
    return apply(content, change, shown=SHOWN, task=TASK)


def with_example() -> PromptContent:
    return changed(TASK.baseline(), "A", Edit(op=Op.ADD_EXAMPLE, case=QUOTABLE.id))


def test_blocks_are_added_replaced_appended_to_and_removed_in_order() -> None:
    after = changed(
        TASK.baseline(),
        "B",
        Edit(op=Op.ADD_BLOCK, block="notes", text="one"),
        Edit(op=Op.APPEND_TO_BLOCK, block="notes", text="two"),
        Edit(op=Op.REPLACE_BLOCK, block="rules", text="three"),
        Edit(op=Op.REMOVE_BLOCK, block="role"),
    )
    assert [(block.name, block.text) for block in after.instructions if not block.protected] == [
        ("rules", "three"),
        ("notes", "one\ntwo"),
    ]


def test_a_quoted_case_becomes_an_example_that_remembers_where_it_came_from() -> None:
    (example,) = with_example().examples
    assert (example.text, example.output, example.case_id) == ("pay the bill", "pay", QUOTABLE.id)


def test_an_example_that_stands_there_already_is_not_added_twice() -> None:
    before = with_example()
    after = changed(before, "A", Edit(op=Op.ADD_EXAMPLE, case=QUOTABLE.id))
    assert after == before


def test_examples_are_removed_by_their_index_in_the_prompt_as_shown() -> None:
    before = with_example()
    after = changed(
        before,
        "A",
        Edit(op=Op.ADD_EXAMPLE, text="halt", output="stop"),
        Edit(op=Op.REMOVE_EXAMPLE, example=0),
    )
    assert [example.text for example in after.examples] == ["halt"]


@pytest.mark.parametrize(
    ("strategy", "edit", "error"),
    [
        ("B", Edit(op=Op.REPLACE_BLOCK, block="labels", text="x"), ProtectedBlock),
        ("B", Edit(op=Op.REMOVE_BLOCK, block="labels"), ProtectedBlock),
        ("B", Edit(op=Op.APPEND_TO_BLOCK, block="nowhere", text="x"), UnknownBlock),
        ("B", Edit(op=Op.ADD_BLOCK, block="rules", text="x"), InvalidChange),
        ("B", Edit(op=Op.ADD_BLOCK, block="empty", text=" "), InvalidChange),
        ("A", Edit(op=Op.REMOVE_EXAMPLE, example=0), UnknownExample),
        ("A", Edit(op=Op.REMOVE_EXAMPLE, example=-1), UnknownExample),
        ("A", Edit(op=Op.ADD_EXAMPLE, case=UUID(int=9)), UnquotableCase),
        ("A", Edit(op=Op.ADD_EXAMPLE, case=PRIVATE.id), UnquotableCase),
        ("A", Edit(op=Op.ADD_EXAMPLE, text="x", output="no label"), InvalidOutput),
        ("A", Edit(op=Op.ADD_EXAMPLE), InvalidChange),
        ("A", Edit(op=Op.ADD_BLOCK, block="notes", text="x"), InvalidChange),
        ("C", Edit(op=Op.ADD_BLOCK, block="notes", text="x"), InvalidChange),
    ],
)
def test_what_cannot_be_done_is_a_named_error(
    strategy: str, edit: Edit, error: type[InvalidChange]
) -> None:
    with pytest.raises(error):
        changed(TASK.baseline(), strategy, edit)


def test_a_prompt_keeps_at_least_one_block() -> None:
    bare = PromptContent(instructions=(Block(name="all", text="Choose pay or stop."),))
    with pytest.raises(InvalidChange):
        changed(bare, "B", Edit(op=Op.REMOVE_BLOCK, block="all"))


def test_more_examples_than_allowed_are_refused() -> None:
    many = [Edit(op=Op.ADD_EXAMPLE, text=f"text {n}", output="pay") for n in range(13)]
    with pytest.raises(InvalidChange, match="at most 12"):
        changed(TASK.baseline(), "A", *many)


EDITS = st.builds(
    Edit,
    op=st.sampled_from(Op),
    block=st.sampled_from([None, "role", "labels", "rules", "notes"]),
    text=st.sampled_from([None, "", "some text"]),
    case=st.sampled_from([None, QUOTABLE.id, PRIVATE.id, UUID(int=9)]),
    output=st.sampled_from([None, "pay", "nonsense"]),
    example=st.sampled_from([None, -1, 0, 1]),
)


@given(st.lists(EDITS, min_size=1, max_size=6), st.sampled_from(Strategy))
def test_any_change_is_refused_or_leaves_a_prompt_that_serves_the_task(
    edits: list[Edit], strategy: Strategy
) -> None:
    before = with_example()
    try:
        after = changed(before, strategy, *edits)
    except InvalidChange:
        return
    assert after.block("labels") == before.block("labels")
    assert TASK.problems(after) == []
    assert PRIVATE.text not in {example.text for example in after.examples}


def test_an_answer_that_is_no_change_is_refused_with_its_reason() -> None:
    for answer in (
        ModelAnswer(Outcome.CUT, "{"),
        ModelAnswer(Outcome.OK, "[]"),
        ModelAnswer(Outcome.OK, '{"strategy": "D", "rationale": "", "edits": []}'),
    ):
        with pytest.raises(InvalidChange) as problem:
            read(answer, TASK)
        assert str(problem.value)


def test_the_schema_asked_for_is_closed_and_requires_every_field() -> None:
    schema = change_schema()
    for one in (schema, schema["$defs"]["Edit"]):
        assert one["additionalProperties"] is False
        assert set(one["required"]) == set(one["properties"])
    # What examples are chosen from is no proposer's to set.
    assert set(schema["$defs"]["Edit"]["properties"]) == set(Edit.model_fields) - {"retrieval"}
    assert set(schema["$defs"]["Op"]["enum"]) == set(Op) - {Op.SET_RETRIEVAL}
