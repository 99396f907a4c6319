"""What became of a change, as a report says it."""

import pytest
from induction.reports.changes import change_in_words, endings
from nlu_shared.schemas.reports import ReportedChange


def change(n: int, outcome: str, score: float | None = None) -> ReportedChange:
    return ReportedChange(
        n=n,
        strategy="A",
        outcome=outcome,
        what=f"+{n} examples",
        validation_f1=score,
        version_id=None,
        fixed=[],
        broke=[],
    )


@pytest.mark.parametrize(
    ("outcome", "score", "words"),
    [
        ("rejected_at_screen", None, "it was refused before any call"),
        ("rejected_at_gate", None, "it was stopped at its first cases"),
        ("rejected_at_validation", 0.6, "it is not above the 0.700 of the best before it"),
        ("rejected_at_validation", 0.8, "another gained more on validation"),
        ("rejected_at_approval", 0.8, "it was not approved"),
        ("kept", 0.8, "it was kept"),
        ("rejected_at_something_new", None, "rejected at something new"),
    ],
)
def test_a_change_falls_or_stays_for_a_reason_in_words(
    outcome: str, score: float | None, words: str
) -> None:
    before = [change(1, "kept", 0.7), change(2, "rejected_at_validation", 0.75)]
    *_, (_, ending) = endings([*before, change(3, outcome, score)], 0.5)
    assert ending == words


def test_a_sentence_names_what_was_edited_and_the_score() -> None:
    ((one, ending),) = endings([change(12, "rejected_at_validation", 0.502)], 0.512)
    assert change_in_words(one, ending) == (
        "It was change 12 (+12 examples), with F1 0.502 on validation: it is not above the 0.512"
        " of the best before it."
    )
