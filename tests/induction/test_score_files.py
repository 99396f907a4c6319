"""`induction score` reads its files like every other door: tables, arrays, marks, numbers."""

import json
from pathlib import Path
from typing import Any

import pytest
from induction.cli import app

TRUTHS = [("1", "book"), ("2", "cancel"), ("3", "book")]
ANSWERS = [("1", "book"), ("2", "book"), ("3", "book")]


def table(rows: list[tuple[str, str]], separator: str = ",", end: str = "\n") -> str:
    return end.join([f"id{separator}label", *(separator.join(row) for row in rows), ""])


def objects(rows: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": name, "output": output} for name, output in rows]


def scored(folder: Path, capsys: pytest.CaptureFixture[str], *files: bytes) -> dict[str, Any]:
    paths = [folder / name for name in ("truth", "predictions")]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    typed = ["score", "--kind", "intent", "--truth", paths[0], "--predictions", paths[1], "--json"]
    app([str(one) for one in typed], result_action="return_value")
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


@pytest.mark.parametrize(
    "truths",
    [
        table(TRUTHS).encode(),
        table(TRUTHS, ";", "\r\n").encode("utf-8-sig"),
        table(TRUTHS, "\t", "\r").encode("utf-16"),
        json.dumps(objects(TRUTHS)).encode(),
        json.dumps(objects(TRUTHS), indent=1).encode(),
        b"\n".join(json.dumps({"id": i, "truth": [f" {one} "]}).encode() for i, one in TRUTHS),
    ],
    ids=["table", "spreadsheet", "utf-16", "array", "printed", "lists of one"],
)
def test_every_form_of_the_same_truths_scores_the_same(
    truths: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = scored(tmp_path, capsys, truths, table(ANSWERS).encode())
    assert report["scores"]["accuracy"] == pytest.approx(2 / 3)
    assert (report["left_out"], report["missing"]) == (0, 0)


def test_numbers_are_labels_on_both_sides_and_what_nobody_labelled_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truths = b'{"id": 1, "label": 0}\n{"id": 2, "label": NaN}\n{"id": 3, "label": [1]}'
    report = scored(tmp_path, capsys, truths, b"id,output\n1,0\n2,0\n3,1\n")
    assert (report["objective"], report["left_out"]) == (1.0, 1)
    assert set(report["pooled"]) == {"0", "1"}
