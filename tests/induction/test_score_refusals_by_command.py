"""What `induction score` refuses: one line that names the file and the line, and exit code 2."""

import os

import pytest

from tests.fixtures.commands import typed
from tests.fixtures.scoring import RUTH, Lines, Scoring, outputs

PRIVATE = "what Zacharias said"
TRUTH = PREDICTIONS = outputs(one="b", two="c")


@pytest.mark.parametrize(
    ("truths", "predictions", "refusal"),
    [
        (
            TRUTH,
            [*PREDICTIONS, {"id": PRIVATE, "output": "b"}],
            "predictions.jsonl, line 3: its id has no",
        ),
        (
            TRUTH,
            [*PREDICTIONS, PREDICTIONS[0]],
            "predictions.jsonl, line 3: its id stands on an earlier line",
        ),
        (
            [*TRUTH, {"id": "one", "output": "c"}],
            PREDICTIONS,
            "truth.jsonl, line 3: its id stands on",
        ),
        (
            TRUTH,
            [PREDICTIONS[0], PRIVATE],
            "predictions.jsonl, line 2: This is not JSON at column 1",
        ),
        (TRUTH, ["", '{"id": "one"', ""], "predictions.jsonl, line 2: This is not JSON at col"),
        (TRUTH, [[PRIVATE]], "predictions.jsonl, item 1: A row is an object"),
        (TRUTH, ["[" * 100_000], "predictions.jsonl, line 1: Nested deeper than 64"),
        (TRUTH, [{"output": PRIVATE}], "predictions.jsonl, line 1: id: Field required"),
        (TRUTH, [{"id": "one"}], "predictions.jsonl, line 1: output: Field required"),
        (TRUTH, [{"count": 2, "sha256": PRIVATE}], "predictions.jsonl, line 1: id: Field"),
        (
            [*TRUTH, {"id": 3, "output": [PRIVATE, "b"]}],
            PREDICTIONS,
            "truth.jsonl, line 3: its output is no label: several labels",
        ),
        (outputs(one=[], two=""), PREDICTIONS, "truth.jsonl: none of 2 cases is labelled"),
        (
            [{"id": 3, "output": "b", "context": {PRIVATE: 1}}],
            PREDICTIONS,
            "truth.jsonl, line 1: context",
        ),
        ([], [], "truth.jsonl holds no truth"),
        (TRUTH, None, "truth.jsonl holds no predictions of its own: name --predictions"),
    ],
)
def test_a_file_that_cannot_be_scored_is_refused_at_its_line_without_a_word_of_it(
    scoring: Scoring, truths: Lines, predictions: Lines | None, refusal: str
) -> None:
    complaint = scoring.refusal("intent", truths, predictions)
    assert complaint.startswith(refusal)
    assert PRIVATE not in complaint


def test_a_truth_that_is_no_extraction_is_refused(scoring: Scoring) -> None:
    truths = outputs(one=RUTH, two={"people": [{PRIVATE: 1}]})
    refused = scoring.refusal("extraction", truths, outputs(one=RUTH))
    assert refused == "truth.jsonl, line 2: its output is no extraction"


@pytest.mark.parametrize(
    ("export", "refusal"),
    [
        ("[]", "truth.jsonl: none of 0 approved statements has a prediction"),
        (
            '{"discussion": {}, "statements": []}',
            "truth.jsonl holds no predictions of its own: name --predictions",
        ),
    ],
)
def test_an_export_without_predictions_is_refused(
    scoring: Scoring, export: str, refusal: str
) -> None:
    assert scoring.refusal("extraction", [export], None) == refusal


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        (["--explained"], "--cumulative and --explained are for extractions"),
        (["--cumulative"], "--cumulative and --explained are for extractions"),
        (["--fail-under", "90"], "--fail-under is a score from 0 to 1"),
        (["--fail-under", "nan"], "--fail-under is a score from 0 to 1"),
        (["--predictions", "nowhere.jsonl"], "nowhere.jsonl: No such file or directory"),
    ],
)
def test_what_cannot_be_asked_is_refused(scoring: Scoring, more: list[str], refusal: str) -> None:
    assert scoring.refusal("intent", TRUTH, None, *more) == refusal


async def test_a_mistyped_command_is_not_taken_for_a_low_score() -> None:
    ended = await typed("induction", "score", "--kind", "intents", env=os.environ)
    assert ended.code == 2
    assert "--kind" in ended.complained
