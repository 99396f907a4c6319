"""`induction score`: the ruler on a file, as a person types it."""

import json
from pathlib import Path
from typing import Any

import pytest
from induction.cli import app

RUTH = {"people": [{"id": -1, "name": "Ruth"}]}
FEEDBACK = {"approved": True, "edited_extraction": RUTH}
DEATH = {"events": [{"id": -2, "kind": "death", "person": -1, "dateTime": "1975"}]}
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


def scored(capsys: pytest.CaptureFixture[str], *typed: str) -> dict[str, Any]:
    app(["score", *typed], result_action="return_value")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_an_export_is_scored_by_statement_and_as_a_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps(EXPORT))
    alone = scored(capsys, str(file))
    assert (alone["cases"], alone["cases_left_out"]) == (2, 1)
    assert alone["pooled"]["people"] == [0, 1, 1]
    assert alone["pooled"]["events"] == [0, 1, 1]
    assert (alone["carried"]["people"], alone["carried"]["events"]) == (1, 1)
    assert alone["objective"] == 0.0
    whole = scored(capsys, str(file), "--cumulative")
    assert whole["cases"] == 1
    assert whole["pooled"]["people"] == [1, 0, 0]
    assert whole["objective"] == 0.5


def test_each_miss_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lines.ndjson"
    other = {"people": [{"id": -3, "name": "Ruth"}, {"id": -4, "name": "Zacharias"}]}
    file.write_text(json.dumps({"truth": RUTH, "predicted": other}) + "\n")
    (told,) = scored(capsys, str(file), "--explained")["explained"]
    assert told["pairs"] == [{"entity": "person", "truth": -1, "predicted": -3, "similarity": 1.0}]
    (miss,) = told["misses"]
    assert (miss["side"], miss["id"], miss["nearest"], miss["failed"]) == (
        "predicted",
        -4,
        -1,
        ["name"],
    )


@pytest.mark.parametrize("text", ["", "no JSON", '{"truth": 5, "predicted": {}}'])
def test_a_file_without_extractions_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    with pytest.raises(SystemExit, match=r"^induction: "):
        app(["score", str(file)], result_action="return_value")
