"""What an example says is said once: whoever compares, hashes, blames or writes it sees all of it.

Examples and blocks are drawn from the schema, so that a new field is tried without a line here.
"""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from induction.engine.leak_guard import prompt_texts
from induction.engine.proposal import rungs
from induction.engine.proposal.edits import apply
from induction.history.blame import VersionStep, blame
from induction.privacy.repeating import repeats_any
from induction.privacy.service import quotes
from induction.prompts import diff
from induction.task_kinds.base import Case
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import (
    Block,
    Change,
    Edit,
    Example,
    Op,
    PromptContent,
    Retrieval,
    Strategy,
)

from tests.fixtures.from_schema import JSON, fields, instances

FIRST, SECOND = UUID(int=1), UUID(int=2)
ORIGIN = "case_id"
"""The one field of an example that no model reads."""
INSTRUCTIONS = (Block(name="role", text="You sort mail."),)
contents: some.SearchStrategy[PromptContent] = instances(PromptContent)


def prompt_of(*examples: Example) -> PromptContent:
    return PromptContent(instructions=INSTRUCTIONS, examples=examples)


def is_empty(difference: PromptDiff) -> bool:
    return not (
        difference.blocks
        or difference.is_reordered
        or difference.examples_added
        or difference.examples_removed
        or difference.retrieval
    )


def touched(before: PromptContent, after: PromptContent) -> list[str]:
    (change,) = blame(
        [VersionStep(FIRST, before), VersionStep(SECOND, after)], TASK.answers
    ).changes
    return change.parts


def shuffled(retrieval: Retrieval, order: Any) -> Retrieval:
    bank = list(retrieval.bank)
    order.shuffle(bank)
    return retrieval.model_copy(update={"bank": tuple(bank)})


def differing(data: some.DataObject, one: Any, name: str) -> Any:
    """The same with another value in that field."""
    other = one.model_copy(update={name: data.draw(fields(type(one))[name])})
    assume(canonical(other) != canonical(one))
    return other


@pytest.mark.parametrize("name", sorted(set(Example.model_fields) - {ORIGIN}))
@given(data=some.data(), one=instances(Example))
def test_an_example_with_another_value_in_a_field_is_another_example(
    name: str, data: some.DataObject, one: Example
) -> None:
    other = differing(data, one, name)
    before, after = prompt_of(one), prompt_of(other)
    assert one.content_key != other.content_key
    assert before.version_hash != after.version_hash
    difference = diff.compare(before, after, TASK.answers)
    assert (difference.examples_removed, difference.examples_added) == ([one], [other])
    assert f"+ example {diff.spelled(other)}" in list(diff.as_lines(difference))
    assert touched(before, after)
    assert set(prompt_texts.shown_texts(after, before)) >= set(prompt_texts.texts_of(other))


@given(one=instances(Example), case_id=some.uuids())
def test_where_an_example_came_from_makes_it_no_other_example(one: Example, case_id: UUID) -> None:
    before, after = prompt_of(one), prompt_of(one.model_copy(update={ORIGIN: case_id}))
    assert before.version_hash == after.version_hash
    assert is_empty(diff.compare(before, after, TASK.answers))
    assert not touched(before, after)


@pytest.mark.parametrize("name", sorted(Block.model_fields))
@given(data=some.data(), one=instances(Block))
def test_a_block_with_another_value_in_a_field_makes_another_prompt(
    name: str, data: some.DataObject, one: Block
) -> None:
    other = differing(data, one, name)
    before, after = (PromptContent(instructions=(block,)) for block in (one, other))
    assert before.version_hash != after.version_hash
    assert not is_empty(diff.compare(before, after, TASK.answers))
    if name != "protected":  # whom it is protected from is nothing a model reads
        assert touched(before, after)


@given(before=contents, after=contents | some.just(None), order=some.randoms())
def test_prompts_of_one_hash_have_no_difference_and_others_have_one(
    before: PromptContent, after: PromptContent | None, order: Any
) -> None:
    if after is None:  # the same parts in another order
        blocks, examples = list(before.instructions), list(before.examples)
        order.shuffle(blocks)
        order.shuffle(examples)
        after = before.model_copy(
            update={
                "instructions": tuple(blocks),
                "examples": tuple(examples),
                "retrieval": before.retrieval and shuffled(before.retrieval, order),
            }
        )
    is_same = before.version_hash == after.version_hash
    assert is_empty(diff.compare(before, after, TASK.answers)) == is_same


@given(one=instances(Example), answer=JSON)
def test_all_strings_of_an_example_are_looked_at_for_leaks(one: Example, answer: Any) -> None:
    shown = one.model_copy(update={"output": answer})
    looked_at = "\n".join(prompt_texts.texts_of(shown))
    for part in (shown.text, shown.output, shown.known):
        assert all(text in looked_at for text in prompt_texts.strings(part))
    for turn in () if shown.context is None else shown.context.before:
        assert turn.text in looked_at


TASK = IntentTask([LabelSpec(name="pay"), LabelSpec(name="stop")])
AFTER_A_BILL = Context(before=(Turn(text="Shall I pay the bill?"),))
AFTER_A_SONG = Context(before=(Turn(text="Shall I play on?"),))
YES_TWICE = [
    Case(UUID(int=number), "yes", "pay", f"g{number}", may_quote=True, context=context)
    for number, context in enumerate((AFTER_A_BILL, AFTER_A_SONG), 1)
]


def test_the_same_words_after_another_conversation_are_another_example() -> None:
    change = Change(
        strategy=Strategy.EXAMPLES,
        rationale="",
        edits=tuple(Edit(op=Op.ADD_EXAMPLE, case=case.id) for case in YES_TWICE),
    )
    shown = {case.id: case for case in YES_TWICE}
    after = apply(TASK.baseline(), change, shown=shown, task=TASK)
    assert [example.case_id for example in after.examples] == [case.id for case in YES_TWICE]
    every, *_ = rungs.rungs(TASK, TASK.baseline(), YES_TWICE, seed=1)
    assert len(every.content.examples) == 2


@pytest.mark.parametrize(
    "shown",
    [
        Example(text="Call Ada Lovelace about the engine tomorrow", output="pay"),
        Example(text="x", output={"note": "Call Ada Lovelace about the engine tomorrow"}),
        Example(
            text="x",
            output="pay",
            context=Context(known={"note": "Call Ada Lovelace about the engine tomorrow"}),
        ),
        Example(
            text="x",
            output="pay",
            context=Context(before=(Turn(text="Call Ada Lovelace about the engine tomorrow"),)),
        ),
    ],
    ids=["text", "output", "known", "before"],
)
def test_a_forgotten_text_is_found_wherever_an_example_says_it(shown: Example) -> None:
    erased = "Call Ada Lovelace about the engine tomorrow"
    repeats = repeats_any([erased], [])
    assert quotes(prompt_of(shown), UUID(int=9), [erased], repeats)
    assert not quotes(prompt_of(), UUID(int=9), [erased], repeats)
