"""What `induction score` says of truths and predictions; what it refuses is tested beside it."""

import json
from collections.abc import Iterable

import pytest
from nlu_shared.schemas.ground_truth import GroundTruthCase, StreamEnd
from sklearn.metrics import f1_score

from tests.fixtures.scoring import DEATH, DIED, RUTH, Scoring, outputs, tally

MOVED = {
    "people": [{"id": -8, "name": "Ruth"}],
    "events": [{"id": -9, "kind": "moved", "person": -8, "dateTime": "1975"}],
}
FEEDBACK = {"approved": True, "edited_extraction": RUTH}
LATE = {"people": [{"id": -9, "name": "Ruth"}], "events": [{"id": -2, "kind": "birth"}]}
EXPORT = {
    "discussion": {"id": 1},
    "statements": [
        {"id": 1, "text": "Ruth.", "pdp_deltas": {}, "approved_feedback": FEEDBACK},
        {
            "id": 2,
            "text": "She died.",
            "pdp_deltas": LATE,
            "approved_feedback": {"approved": True, "edited_extraction": DEATH},
        },
        {"id": 3, "text": "Well.", "approved_feedback": FEEDBACK},
    ],
}


def numbered(outputs: Iterable[object]) -> list[dict[str, object]]:
    return [{"id": number, "output": output} for number, output in enumerate(outputs)]


@pytest.mark.parametrize(
    ("truths", "predictions", "pooled", "objective"),
    [
        ("b b c", "b b c", {"b": tally(2), "c": tally(1)}, 1.0),
        ("b b c", "b b b", {"b": tally(2, 1), "c": tally(fn=1)}, 0.4),
        ("b c", "c b", {"b": tally(0, 1, 1), "c": tally(0, 1, 1)}, 0.0),
        ("b c", "b x", {"b": tally(1), "c": tally(fn=1), "x": tally(fp=1)}, 0.5),
        ("b b b b", "b c b c", {"b": tally(2, 0, 2), "c": tally(fp=2)}, 2 / 3),
    ],
    ids=["all right", "never predicted", "swapped", "nowhere true", "one label"],
)
def test_intents_are_counted_by_label_and_scored_by_macro_f1_of_the_truths(
    scoring: Scoring,
    truths: str,
    predictions: str,
    pooled: dict[str, dict[str, int]],
    objective: float,
) -> None:
    known, predicted = truths.split(), predictions.split()
    report = scoring.json("intent", numbered(known), numbered(predicted))
    assert report["pooled"] == pooled
    assert report["objective"] == report["scores"]["macro_f1"] == pytest.approx(objective)
    labels = sorted(set(known))
    scikit = f1_score(known, predicted, labels=labels, average="macro", zero_division=0.0)
    assert report["objective"] == pytest.approx(scikit)
    by_label = {f"f1:{label}" for label in labels}
    assert report["scores"].keys() == by_label | {"macro_f1", "accuracy"}


def test_each_case_tells_what_it_adds(scoring: Scoring) -> None:
    report = scoring.json("intent", outputs(one="b", two="b"), outputs(two="c", one="b"))
    assert report["cases"] == [
        {"id": "one", "counts": {"b": tally(1)}},
        {"id": "two", "counts": {"b": tally(fn=1), "c": tally(fp=1)}},
    ]
    assert report["scores"]["accuracy"] == 0.5


@pytest.mark.parametrize("unusable", [None, "", 7.5, ["b", "c"], {"label": "b"}])
def test_a_case_without_a_usable_answer_is_a_miss_and_nobodys_false_positive(
    scoring: Scoring, unusable: object
) -> None:
    truths = outputs(one="b", two="b", three="c")
    report = scoring.json("intent", truths, outputs(one="b", two=unusable))
    assert (report["missing"], report["unanswered"]) == (1, 1)
    assert report["pooled"] == {"b": tally(1, 0, 1), "c": tally(fn=1)}


@pytest.mark.parametrize(
    ("written", "label"),
    [(["b"], "b"), (7, "7"), (7.0, "7"), (" b\u00a0 c ", "b c"), ("e\u0301", "\u00e9")],
    ids=str,
)
def test_labels_are_read_by_the_one_reading_on_both_sides(
    scoring: Scoring, written: object, label: str
) -> None:
    read = scoring.json("intent", outputs(one=written, two="x"), outputs(one=label, two="x"))
    assert read["scores"]["accuracy"] == 1.0
    again = scoring.json("intent", outputs(one=label, two="x"), outputs(one=written, two="x"))
    assert again["scores"] == read["scores"]


def test_truths_that_are_nearly_one_label_are_told(scoring: Scoring) -> None:
    both = outputs(one="Book Table", two="book_table", three="x")
    assert scoring.json("intent", both, both)["alike"] == [["Book Table", "book_table"]]


@pytest.mark.parametrize("unlabelled", [None, "", "  ", [], [""]], ids=str)
def test_a_text_without_a_label_is_left_out_and_counted(
    scoring: Scoring, unlabelled: object
) -> None:
    scored = scoring.json("intent", outputs(one="b", two=unlabelled), outputs(one="b", two="b"))
    assert (scored["left_out"], len(scored["cases"])) == (1, 1)


@pytest.mark.parametrize(
    ("predicted", "people", "events", "objective"),
    [
        (DIED, tally(1), tally(1), 1.0),
        (MOVED, tally(1), tally(0, 1, 1), 0.5),
        (RUTH, tally(1), tally(fn=1), 2 / 3),
        ({}, tally(fn=1), tally(fn=1), 0.0),
        ({"people": "Ruth"}, tally(fn=1), tally(fn=1), 0.0),
    ],
    ids=["found", "another kind of event", "no event", "nothing", "unusable"],
)
def test_extractions_are_counted_by_what_matches_and_scored_by_micro_f1(
    scoring: Scoring,
    predicted: object,
    people: dict[str, int],
    events: dict[str, int],
    objective: float,
) -> None:
    report = scoring.json("extraction", outputs(one=DIED), outputs(one=predicted))
    (case,) = report["cases"]
    assert (case["counts"]["people"], case["counts"]["events"]) == (people, events)
    assert report["pooled"] == case["counts"]
    assert report["objective"] == report["scores"]["aggregate"] == pytest.approx(objective)
    assert {"people", "shift", "anxiety", "detected:anxiety", "exact"} <= report["scores"].keys()
    assert report["support"]["events"] == 1


def test_pooled_counts_are_the_sum_of_the_cases(scoring: Scoring) -> None:
    truths, predictions = outputs(one=DIED, two=RUTH, three=DIED), outputs(one=MOVED, two=DIED)
    report = scoring.json("extraction", truths, predictions)
    for component, pooled in report["pooled"].items():
        for count in pooled:
            summed = sum(case["counts"][component][count] for case in report["cases"])
            assert pooled[count] == summed, component
    assert report["pooled"]["events"] == tally(0, 2, 2)
    assert report["objective"] == pytest.approx(4 / 9)


def test_without_json_the_scores_are_a_table(scoring: Scoring) -> None:
    lines = scoring.table("intent", outputs(one="b", two="c"), outputs(one="b", two="x"))
    assert lines[0] == "macro_f1/2: 0.500 over 2 cases"
    assert "f1:b 1.000 1 0 0" in lines
    assert "f1:x - 0 1 0" in lines
    lines = scoring.table("extraction", outputs(one=DIED), outputs(one=MOVED), "--explained")
    assert "events 0.000 0 1 1" in lines
    assert lines[-2:] == [
        "one: event -2 missed, nearest -9: kind",
        "one: event -9 too much, nearest -2: kind",
    ]


@pytest.mark.parametrize(("least", "code"), [("0", 0), ("0.5", 0), ("0.501", 1), ("1", 1)])
def test_the_exit_code_says_whether_the_objective_was_reached(
    scoring: Scoring, least: str, code: int
) -> None:
    lines = outputs(one="b", two="c"), outputs(one="b")
    ended, printed, complained = scoring.ended("intent", *lines, "--fail-under", least)
    assert (ended, complained.strip()) == (code, f"induction: 0.5 is under {least}" if code else "")
    assert "0.500" in printed


def test_the_ground_truth_stream_of_nlu_logger_is_a_file_of_truths(scoring: Scoring) -> None:
    case = GroundTruthCase.model_validate(
        {
            "id": "01a20000-0000-7000-8000-000000000000",
            "task": "t",
            "text": "Ruth died.\u2028In 1975.",
            "truth": DIED,
            "may_quote": True,
            "hash": "0" * 64,
        }
    )
    stream = [case.model_dump_json(), StreamEnd(count=1, sha256="0" * 64).model_dump_json()]
    report = scoring.json("extraction", stream, [{"id": str(case.id), "output": DIED}])
    assert (report["objective"], len(report["cases"])) == (1.0, 1)


def test_a_spreadsheets_mark_and_empty_lines_are_left_aside(scoring: Scoring) -> None:
    truths = ["\ufeff" + json.dumps({"id": 1, "output": "b"}), "", "  "]
    assert scoring.json("intent", truths, [{"id": "1", "output": "b"}])["objective"] == 1.0


def test_an_export_is_scored_on_its_own_predictions_by_statement_and_as_a_whole(
    scoring: Scoring,
) -> None:
    alone = scoring.json("extraction", [EXPORT], None)
    assert ([case["id"] for case in alone["cases"]], alone["left_out"]) == (["1", "2"], 1)
    assert alone["pooled"]["people"] == alone["pooled"]["events"] == tally(0, 1, 1)
    assert (alone["support"]["people"], alone["support"]["events"]) == (1, 1)
    assert alone["objective"] == 0.0
    whole = scoring.json("extraction", [EXPORT], None, "--cumulative")
    assert [case["id"] for case in whole["cases"]] == ["discussion-1"]
    assert whole["pooled"]["people"] == tally(1)
    assert whole["objective"] == 0.5
    refused = scoring.refusal("extraction", [EXPORT], outputs(one=RUTH))
    assert refused == "truth.jsonl holds predictions of its own: leave --predictions out"


def test_lines_with_a_context_add_up_to_discussions(scoring: Scoring) -> None:
    turn = {"text": "Tell me."}
    truths = [
        {"id": 1, "output": RUTH, "group": "g", "context": {"before": [turn]}},
        {"id": 2, "output": {}, "group": "g", "context": {"before": [turn, turn]}},
        {"id": 3, "output": RUTH},
    ]
    late = [{"id": 1, "output": {}}, {"id": 2, "output": RUTH}]
    report = scoring.json("extraction", truths, late, "--cumulative")
    assert [case["id"] for case in report["cases"]] == ["g"]
    assert (report["objective"], report["missing"], report["left_out"]) == (1.0, 1, 1)
    refused = scoring.refusal("extraction", truths[2:], [], "--cumulative")
    assert refused == "no truth has a context, so there is no discussion to add up"


def test_each_miss_is_explained(scoring: Scoring) -> None:
    other = {"people": [{"id": -3, "name": "Ruth"}, {"id": -4, "name": "Zacharias"}]}
    report = scoring.json("extraction", outputs(one=RUTH), outputs(one=other), "--explained")
    (case,) = report["explained"]
    assert case["id"] == "one"
    assert case["pairs"] == [{"entity": "person", "truth": -1, "predicted": -3, "similarity": 1.0}]
    (miss,) = case["misses"]
    assert (miss["side"], miss["id"], miss["nearest"], miss["failed"]) == (
        "predicted",
        -4,
        -1,
        ["name"],
    )
