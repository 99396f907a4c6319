"""The intent task: how it asks, reads, scores and names mistakes."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome
from induction.task_kinds.registry import task_of
from nlu_shared.rendering import render
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, PromptContent, TaskKind
from nlu_shared.schemas.tasks import TaskIn

LABELS = (
    LabelSpec(name="book_meeting", description="put a meeting\nin the calendar"),
    LabelSpec(name="cancel"),
)
TASK = task_of(TaskIn(slug="assistant", kind=TaskKind.INTENT, labels=LABELS))


def test_the_baseline_names_every_label_in_a_line_of_a_protected_block() -> None:
    baseline = TASK.baseline()
    labels = baseline.block("labels")
    assert labels is not None
    assert labels.protected
    assert "- book_meeting: put a meeting in the calendar" in labels.text.splitlines()
    assert "- cancel: " in labels.text.splitlines()
    assert not baseline.examples
    assert TASK.problems(baseline) == []


def test_instructions_and_examples_are_system_parts_and_the_text_is_json() -> None:
    case = Case(UUID(int=1), 'forget "it"\nall', "cancel", "g", True)
    prompt = TASK.baseline().model_copy(update={"examples": (TASK.example(case),)})
    request = render(prompt, "book a room", answers=TASK.answers, model="m")
    instructions, shown, _ = request.system
    assert instructions == "\n\n".join(block.text for block in prompt.instructions)
    assert json.loads(shown.splitlines()[1]) == {"text": case.text, "label": "cancel"}
    assert json.loads(request.user) == {"text": "book a room"}
    assert request.schema["properties"]["label"]["enum"] == ["book_meeting", "cancel"]
    assert len(render(TASK.baseline(), "x", answers=TASK.answers, model="m").system) == 2


@given(st.text())
def test_no_text_can_close_its_frame(text: str) -> None:
    request = render(TASK.baseline(), text, answers=TASK.answers, model="m")
    assert json.loads(request.user) == {"text": text}


@pytest.mark.parametrize(
    ("text", "output", "confidence"),
    [
        ('{"label": "cancel", "confidence": 0.5}', "cancel", 0.5),
        ('{"label": "cancel", "confidence": 7}', "cancel", 0.07),
        ('{"label": "cancel", "confidence": 700}', "cancel", None),
        ('{"label": "cancel", "confidence": NaN}', None, None),
        ('{"label": "cancel", "confidence": true}', "cancel", None),
        ('{"label": "cancel"}', "cancel", None),
        ('{"label": "other", "confidence": 0.5}', None, None),
        ('{"label": ["cancel"]}', None, None),
        ("[]", None, None),
        ("cancel", None, None),
        ("[" * 100_000, None, None),
    ],
)
def test_an_answer_is_a_label_or_a_fault(
    text: str, output: str | None, confidence: float | None
) -> None:
    read = TASK.parse(ModelAnswer(Outcome.OK, text))
    assert (read.output, read.confidence) == (output, confidence)
    assert (read.fault is None) is (output is not None)


def test_a_call_that_failed_is_a_fault_named_after_its_outcome() -> None:
    read = TASK.parse(ModelAnswer(Outcome.REFUSED, '{"label": "cancel", "confidence": 1}'))
    assert read == ModelPrediction(fault="refused")


def test_mistakes_are_confusions_or_missing_answers() -> None:
    (confused,) = TASK.mistakes("cancel", ModelPrediction(output="book_meeting"))
    (silent,) = TASK.mistakes("cancel", ModelPrediction(fault="cut"))
    assert (confused.kind, confused.truth, confused.predicted) == (
        "confused_labels",
        "cancel",
        "book_meeting",
    )
    assert (silent.kind, silent.truth, silent.predicted) == ("no_answer", "cancel", None)
    assert TASK.mistakes("cancel", ModelPrediction(output="cancel")) == []


def test_the_score_is_macro_f1_with_the_f1_of_each_true_label_and_accuracy() -> None:
    predictions = [
        ModelPrediction(output="cancel"),
        ModelPrediction(output="cancel"),
        ModelPrediction(fault="cut"),
    ]
    score = TASK.score(["cancel", "book_meeting", "cancel"], predictions)
    assert score.cases == 3
    assert score.objective == pytest.approx(0.25)
    assert score.components == pytest.approx(
        {"f1:book_meeting": 0, "f1:cancel": 0.5, "accuracy": 1 / 3}
    )


def test_a_truth_that_is_no_label_any_more_counts_as_a_miss() -> None:
    score = TASK.score(["cancel", "gone"], [ModelPrediction(output="cancel")] * 2)
    assert score.components["f1:gone"] == 0


def test_a_prompt_that_lost_a_label_or_answers_with_none_has_problems() -> None:
    bare = PromptContent(
        instructions=(Block(name="role", text="Choose cancel or not_book_meeting."),),
        examples=({"text": "x", "output": "nonsense"},),
    )
    assert len(TASK.problems(bare)) == 2
