"""The leak guard and the other reasons to refuse a candidate unseen."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.leak_guard.leaks import guarded, leaked
from induction.engine.leak_guard.screen import objections
from induction.task_kinds.base import Case
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, Example, PromptContent

TASK = IntentTask([LabelSpec(name="pay"), LabelSpec(name="stop")])
BASELINE = TASK.baseline()
SECRET = "I would like to pay the outstanding bill of my late aunt in Ghent by Friday"
CASES = [
    Case(UUID(int=1), "please stop the transfer to the garage before it leaves", "stop", "1", True),
    Case(UUID(int=2), "my ex husband Piet van Dalen must not see what I pay", "stop", "2", False),
    Case(UUID(int=3), SECRET, "pay", "3", True),
    Case(UUID(int=4), "stop it", "stop", "4", True),
]  # fmt: skip
AROUND = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
GUARDED = guarded(TASK, BASELINE, CASES[:2], CASES[2:])


def saying(text: str) -> PromptContent:
    blocks = (*BASELINE.instructions, Block(name="notes", text=text))
    return BASELINE.model_copy(update={"instructions": blocks})


def showing(text: str) -> PromptContent:
    return BASELINE.model_copy(update={"examples": (Example(text=text, output="stop"),)})


def leaks(candidate: PromptContent, parent: PromptContent = BASELINE) -> list[int]:
    cases = leaked(parent, candidate, baseline=BASELINE, cases=GUARDED)
    return [case.id.int for case in cases]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("like to pay the outstanding bill of my", [3]),
        ("LIKE to pay, the outstanding: bill of my!", [3]),
        ("to pay the outstanding bill of my", [3]),
        ("pay the outstanding bill of my", []),
        ("ex husband Piet van Dalen must not see", [2]),
        ("please stop the transfer to the garage before", []),
        ("stop it", []),
    ],
)
def test_seven_words_of_a_guarded_case_are_a_leak(text: str, ids: list[int]) -> None:
    assert leaks(saying(text)) == ids


def test_thirty_letters_of_a_guarded_case_are_a_leak_even_in_few_words() -> None:
    long = "extraordinarilylongcompoundwordslikethis " * 3
    case = Case(UUID(int=5), long, "pay", "5", False)
    cases = leaked(
        BASELINE, saying(long[:32]), baseline=BASELINE, cases=guarded(TASK, BASELINE, [case], [])
    )
    assert cases == [case]


def test_a_short_guarded_case_may_not_be_an_example_as_a_whole() -> None:
    assert leaks(showing("Stop it!")) == [4]
    assert leaks(showing("stop it now")) == []


def test_what_the_parent_said_already_is_not_the_changes_doing() -> None:
    parent = saying(SECRET)
    more = parent.model_copy(update={"examples": (Example(text="halt", output="stop"),)})
    assert leaks(more, parent) == []


def test_a_span_that_stands_in_a_quotable_training_case_is_no_leak() -> None:
    twin = Case(UUID(int=6), SECRET, "pay", "6", True)
    cases = guarded(TASK, BASELINE, [*CASES[:2], twin], CASES[2:])
    assert leaked(BASELINE, showing(SECRET), baseline=BASELINE, cases=cases) == []


def test_a_baseline_may_hold_validation_cases_but_frees_no_private_one() -> None:
    private = CASES[1].text
    baseline = saying(f"{SECRET}\n{private}")
    cases = leaked(BASELINE, saying(f"{SECRET}\n{private}"), baseline=baseline, cases=GUARDED)
    assert [case.id.int for case in cases] == [2]


@given(st.integers(0, 8), st.integers(7, 15), AROUND)
def test_no_window_of_seven_words_slips_through(start: int, size: int, around: str) -> None:
    window = SECRET.split()[start : start + size]
    if len(window) >= 7:
        assert 3 in leaks(saying(f"{around} {' '.join(window)} {around}"))


def test_a_prompt_that_grows_too_long_or_loses_a_label_is_refused() -> None:
    long = objections(TASK, BASELINE, saying("word " * 3_000), baseline=BASELINE, cases=GUARDED)
    assert any("tokens" in reason for reason in long)
    bare = PromptContent(instructions=(Block(name="role", text="Choose pay."),))
    lost = objections(TASK, BASELINE, bare, baseline=BASELINE, cases=GUARDED)
    assert any("'stop' is not named" in reason for reason in lost)


def test_a_baseline_that_was_too_long_already_can_still_be_improved() -> None:
    parent = saying("word " * 3_000)
    better = parent.model_copy(update={"examples": (Example(text="halt", output="stop"),)})
    assert objections(TASK, parent, better, baseline=parent, cases=GUARDED) == []
