"""What models answer, and what of it counts: one rule for whoever measures and whoever runs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.rendering import AnswerSpace, ModelAnswer, Outcome, read
from nlu_shared.rendering.answers import outcome_of, read_message
from nlu_shared.rendering.leniency import Fault, Leniency, by_cause, confidence_of, label_of
from nlu_shared.schemas.prompts import TaskKind

PAY = '{"label": "pay", "confidence": 0.5}'
STOP = '{"label": "stop it", "confidence": 0.5}'
LABELS = ("pay", "stop it", "Card_Arrival", "top-up", "topup failed")
SPELLINGS = {**{name: name for name in LABELS}, "paid": "pay", "gone": "gone", "Gone-": "gone"}
ANSWERS = AnswerSpace(TaskKind.INTENT, LABELS, SPELLINGS)
FAMILY = AnswerSpace(TaskKind.EXTRACTION)


def answered(text: str, stop_reason: str = "end_turn") -> ModelAnswer:
    return ModelAnswer(outcome_of(stop_reason, text), text)


@pytest.mark.parametrize(
    ("text", "output", "fault", "lenient"),
    [
        (PAY, "pay", None, ()),
        (f"  {PAY}\n", "pay", None, ()),
        (f"Sure! {PAY}", "pay", None, ("prose",)),
        (f"```json\n{PAY}\n```", "pay", None, ("prose",)),
        (f'It says "go away". {PAY} That is why {{really}}.', "pay", None, ("prose",)),
        (f"[{PAY}]", "pay", None, ("prose",)),
        ('{"label": "pay", "why": "a { in it, \\" and \\\\"}', "pay", None, ()),
        ('So: {"label": "pay", "why": "} {\\""}', "pay", None, ("prose",)),
        (f"{PAY} or {STOP}", None, "several_objects", ()),
        (f"{PAY} {PAY}", None, "several_objects", ()),
        (f'{PAY} {{"label": "st', None, "several_objects", ()),
        (PAY[:-5], None, "cut", ()),
        (f"Sure! {PAY[:-1]}", None, "cut", ()),
        ("{" * 100_000, None, "cut", ()),
        ("The label is pay.", None, "no_object", ()),
        ('"pay"', None, "no_object", ()),
        ("{pay}", None, "no_object", ()),
        ("", None, "no_object", ()),
        ('{"label": "pay", "confidence": 1e999}', None, "no_object", ()),
        ('{"label": "pay", "a": ' + "[" * 100 + "]" * 100 + "}", None, "no_object", ()),
        ('{"answer": "pay"}', None, "no_label", ()),
        ('{"label": null}', None, "no_label", ()),
        ('{"label": "play"}', None, "unknown_label", ()),
        ('{"label": "PAY", "confidence": "90 %"}', "pay", None, ("spelling", "confidence")),
        ('{"label": "paid"}', "pay", None, ("spelling",)),
    ],
)
def test_an_answer_is_read_or_is_a_fault_by_its_cause(
    text: str, output: str | None, fault: str | None, lenient: tuple[str, ...]
) -> None:
    prediction = read(answered(text), ANSWERS)
    assert (prediction.output, prediction.fault) == (output, fault)
    assert prediction.lenient == lenient


@pytest.mark.parametrize(
    ("text", "output", "fault"),
    [
        (f"{PAY}\n\n\n", "pay", None),
        (f"{PAY} I chose this beca", "pay", None),
        (PAY[:9], None, "cut"),
        ("I think that", None, "cut"),
    ],
)
def test_what_was_whole_before_the_cut_counts(
    text: str, output: str | None, fault: str | None
) -> None:
    prediction = read(answered(text, "max_tokens"), ANSWERS)
    assert (prediction.output, prediction.fault) == (output, fault)


@pytest.mark.parametrize(
    "outcome", sorted({*Outcome} - {Outcome.OK, Outcome.CUT, Outcome.MALFORMED})
)
def test_of_any_other_outcome_no_text_is_read(outcome: Outcome) -> None:
    assert read(ModelAnswer(outcome, PAY), ANSWERS).fault == outcome


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("pay", ("pay", False)),
        ("Pay", ("pay", True)),
        (" pay ", ("pay", True)),
        ('"pay"', ("pay", True)),
        ("'stop_it'", ("stop it", True)),
        ("«STOP-IT»", ("stop it", True)),
        ("stopit", ("stop it", True)),
        ("card arrival", ("Card_Arrival", True)),
        ("cardArrival", ("Card_Arrival", True)),
        ("Top Up", ("top-up", True)),
        ("PAID", ("pay", True)),
        ("pay.", None),
        ("pay now", None),
        ("", None),
        ("gone", None),  # retired
        ("GONE", None),
        ("p" * 10_000, None),
    ],
)
def test_a_spelling_is_the_one_label_it_equals(
    written: str, label: tuple[str, bool] | None
) -> None:
    assert label_of(written, LABELS, SPELLINGS) == label


def test_a_spelling_of_two_labels_is_none() -> None:
    labels = ("top-up", "top up")
    assert label_of("top up", labels, {}) == ("top up", False)
    assert label_of("Top_Up", labels, {}) is None
    assert label_of("OLD", ("Old",), {"Old": "Old", "o-l-d": "retired"}) is None


@pytest.mark.parametrize(
    ("value", "confidence", "lenient"),
    [
        (0, 0.0, False),
        (0.25, 0.25, False),
        (1, 1.0, False),
        (1.0, 1.0, False),
        (1 + 1e-7, 1.0, True),
        (1.5, 0.015, True),
        (2, 0.02, True),
        (85, 0.85, True),
        (100, 1.0, True),
        (100.5, None, False),
        (-0.1, None, False),
        (10**30, None, False),
        (True, None, False),
        (None, None, False),
        ([0.5], None, False),
        ("0.9", 0.9, True),
        ("1", 1.0, True),
        ("1.0", 1.0, True),
        ("85", 0.85, True),
        ("90%", 0.9, True),
        (" 90 % ", 0.9, True),
        ("1%", 0.01, True),
        ("0.5%", 0.005, True),
        ("100%", 1.0, True),
        ("101%", None, False),
        ("high", None, False),
        ("very sure", None, False),
        ("", None, False),
        ("nan", None, False),
        ("1e3", None, False),
        ("0,9", None, False),
        ("9" * 10_000, None, False),
    ],
)
def test_a_confidence_is_a_share_or_per_cent_or_nothing(
    value: object, confidence: float | None, lenient: bool
) -> None:
    assert confidence_of(value) == (confidence, lenient)  # type: ignore[arg-type]


def test_an_extraction_is_read_by_the_same_rule() -> None:
    one = '{"people": [{"id": -1, "name": "Mary"}], "pair_bonds": [], "events": []}'
    for text, lenient in ((one, ()), (f"Here:\n```\n{one}\n```", (Leniency.PROSE,))):
        prediction = read(answered(text), FAMILY)
        assert prediction.output == {"people": [{"id": -1, "name": "Mary"}]}
        assert prediction.lenient == lenient
    assert read(answered('{"persons": []}'), FAMILY).fault == Fault.NO_EXTRACTION
    assert read(answered(one[:-1]), FAMILY).fault == Fault.CUT


def test_how_an_answer_is_written_makes_no_other_answer_of_it() -> None:
    assert read(answered(f"Yes: {PAY}"), ANSWERS) == read(answered(PAY), ANSWERS)


@given(
    text=some.text() | some.lists(some.sampled_from([*'{}"\\[]:, a', PAY, "label"])).map("".join)
)
def test_any_text_is_an_answer_or_a_fault(text: str) -> None:
    message = {"type": "message", "content": [{"type": "text", "text": text}]}
    answer = read_message(message)
    assert answer is not None
    for answers in (ANSWERS, FAMILY):
        prediction = read(answer, answers)
        assert (prediction.fault is None) == (prediction.output is not None)
        json.dumps(prediction.output, allow_nan=False).encode()


@given(before=some.text(), after=some.text())
def test_an_object_in_prose_without_braces_is_always_read(before: str, after: str) -> None:
    words = str.maketrans("", "", "{}")
    text = f"{before.translate(words)}{PAY}{after.translate(words)}"
    assert read(answered(text), ANSWERS).output == "pay"


def test_causes_are_listed_with_the_largest_first() -> None:
    assert by_cause({"cut": 1, "no_object": 3, "refused": 1}) == (
        "3 without a JSON object, 1 cut, 1 refused"
    )
