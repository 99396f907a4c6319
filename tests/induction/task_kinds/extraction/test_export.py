"""Reading the original system's export, and what the data model takes."""

import pytest
from nlu_shared.schemas.exported import CodedStatement, RefusedStatement, read_export
from nlu_shared.schemas.extraction import EventKind, Extraction
from nlu_shared.schemas.ground_truth import Context, Turn
from pydantic import ValidationError


def statement(id: int, text: str, edited: object, **rest: object) -> dict[str, object]:
    feedback = {"auditor_id": "a", "edited_extraction": edited, "approved": True}
    return {
        "id": id,
        "text": text,
        "speaker_type": "Subject",
        "pdp_deltas": None,
        "approved_feedback": feedback,
        **rest,
    }


EXPORT = {
    "discussion": {"id": 30, "summary": "s", "created_at": "2025-01-15T10:30:00Z"},
    "statements": [
        {"id": 1, "text": "How are you?", "speaker_type": "Expert", "approved_feedback": None},
        statement(
            2,
            "My mother died.",
            {
                "people": [{"id": "-1", "name": "Mother", "deceased": True}],
                "events": [{"id": -2, "kind": "death", "person": -1, "relationshipTargets": None}],
                "pair_bonds": None,
                "delete": [],
            },
            pdp_deltas={"people": [{"id": -1.0, "name": "Mom"}]},
        ),
        statement(3, "Well.", {"events": [{"id": -1, "kind": "party"}]}),
        statement(4, "Nothing.", {}, pdp_deltas={"people": 5}),
        statement(5, "", {}),
    ],
}


def test_approved_statements_become_cases_with_what_was_said_before() -> None:
    coded, refused, empty, silent = read_export(EXPORT)
    assert isinstance(coded, CodedStatement)
    assert (coded.discussion, coded.statement) == ("30", "2")
    assert coded.context == Context(before=(Turn(speaker="Expert", text="How are you?"),))
    assert coded.truth.people[0].id == -1
    assert coded.truth.events[0].kind is EventKind.DEATH
    assert coded.predicted is not None
    assert coded.predicted.people[0].name == "Mom"
    assert isinstance(refused, RefusedStatement)
    assert refused.reason.startswith("events.0.kind: ")
    assert isinstance(empty, CodedStatement)
    assert (empty.truth, empty.predicted) == (Extraction(), None)
    assert silent == RefusedStatement("30", "5", "no text")
    assert len(list(read_export([EXPORT, EXPORT]))) == 8


def test_a_case_goes_to_ground_truth_in_the_group_of_its_discussion() -> None:
    coded = next(iter(read_export(EXPORT)))
    assert isinstance(coded, CodedStatement)
    case = coded.as_ground_truth("family", may_quote=False)
    assert (case.group, case.may_quote) == ("discussion-30", False)
    assert Extraction.model_validate(case.truth) == coded.truth


def test_what_is_no_export_is_refused_whole() -> None:
    with pytest.raises(ValidationError):
        list(read_export({"statements": []}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": [{"id": True}]},
        {"people": [{"id": 1.5}]},
        {"people": [{"gender": "Female"}]},
        {"people": [{"nickname": "Mo"}]},
        {"people": [{"name": "a\x00"}]},
        {"people": [{"confidence": 2}]},
        {"events": [{"person": 1}]},
        {"events": [{"kind": "shift", "anxiety": "high"}]},
        {"families": []},
    ],
)
def test_all_but_ids_is_strict(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Extraction.model_validate(wrong)
