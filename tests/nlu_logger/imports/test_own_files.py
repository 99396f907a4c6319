"""What an export wrote an import reads, at the limits of what may be logged and in every form."""

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from nlu_logger.exports.folder import write_dataset
from nlu_logger.exports.formats import form_of
from nlu_logger.exports.splits import SPLITS, Shares
from nlu_logger.imports.labelled import Labelling, cases_of
from nlu_logger.imports.results import understood
from nlu_shared.files.reading import FileKind, read
from nlu_shared.schemas.base import PROMPT_LIMIT
from nlu_shared.schemas.exports import ExportFormat
from nlu_shared.schemas.ground_truth import GroundTruthIn
from nlu_shared.schemas.imports import ReviewedLine
from nlu_shared.schemas.labels import normal_label, spelling
from pydantic import JsonValue

from tests.fixtures.from_schema import JSON, TEXTS

COLUMNS = ["text", "label", "confidence", "source", "corrected"]
REVIEW = ["id", "prompt", "predicted_intent", "confidence", "corrected_intent", "notes"]
KINDS = {
    ExportFormat.CSV: FileKind.CSV,
    ExportFormat.JSON: FileKind.JSON,
    ExportFormat.JSONL: FileKind.JSONL,
}
HOW = Labelling(task="greetings", may_quote=True)
texts = TEXTS.filter(str.strip)
NOTHING = ("nan", "null", "\\n")
labels = texts.filter(lambda text: not text.startswith(("{", "[")) and is_label(text))
truths = labels | some.dictionaries(TEXTS, JSON, max_size=3)
Labelled = tuple[str, JsonValue]
cases = some.lists(some.tuples(texts, truths), min_size=1, max_size=4)
LONGEST: list[Labelled] = [
    ("中" * PROMPT_LIMIT, "x" * 200),
    ("\U0001f600\x85\u2028" * (PROMPT_LIMIT // 3), {"people": [{"name": "王" * 200_000}]}),
]


def is_label(text: str) -> bool:
    return bool(spelling(text)) and spelling(text).casefold() not in NOTHING


def spelled(rows: list[Labelled]) -> list[Labelled]:
    """Labels come back in their one spelling."""
    return [(text, normal_label(one) if isinstance(one, str) else one) for text, one in rows]


def written(form: ExportFormat, columns: list[str], rows: list[list[JsonValue]]) -> bytes:
    shape = form_of(form, columns, marked=columns is REVIEW)
    return (shape.opening + shape.block(rows) + shape.closing).encode()


def training(rows: list[Labelled]) -> list[list[JsonValue]]:
    return [[text, truth, 0.5, "production", True] for text, truth in rows]


def brought_in(file: bytes, kind: FileKind) -> list[Labelled]:
    made = [case for line in read(io.BytesIO(file), kind) for _, case in cases_of(line, HOW)]
    assert all(isinstance(case, GroundTruthIn) for case in made), made
    return [(case.text, case.truth) for case in made if isinstance(case, GroundTruthIn)]


@pytest.mark.parametrize("form", KINDS)
@settings(deadline=None)
@given(rows=cases)
@example(rows=LONGEST)
def test_a_training_file_comes_back_as_cases(form: ExportFormat, rows: list[Labelled]) -> None:
    assert brought_in(written(form, COLUMNS, training(rows)), KINDS[form]) == spelled(rows)


@settings(deadline=None, max_examples=30)
@given(rows=cases)
@example(rows=LONGEST)
def test_a_data_set_folder_comes_back_as_cases(rows: list[Labelled]) -> None:
    lines = written(ExportFormat.JSONL, COLUMNS, training(rows)).splitlines(keepends=True)
    with TemporaryDirectory() as made:
        folder = Path(made)
        write_dataset(lines, folder, Shares(80, 10, 10), seed=1, selected="all")
        files = [(folder / f"{name}.jsonl").read_bytes() for name in SPLITS]
    cases_found = [case for file in files for case in brought_in(file, FileKind.JSONL)]
    assert sorted(map(json.dumps, cases_found)) == sorted(map(json.dumps, spelled(rows)))
    for file in files:  # also for those who end lines wherever Unicode does
        assert all(isinstance(json.loads(line), dict) for line in file.decode().splitlines())


@pytest.mark.parametrize("form", KINDS)
@settings(deadline=None)
@given(rows=some.lists(some.tuples(some.uuids(), texts, labels, TEXTS), min_size=1, max_size=4))
@example(rows=[("a" * 200, "中" * PROMPT_LIMIT, "x" * 200, "n" * 8_192)])
def test_the_review_file_comes_back_filled_in(
    form: ExportFormat, rows: list[tuple[object, str, str, str]]
) -> None:
    filled: list[list[JsonValue]] = [
        [str(number), prompt, "guess", 0.5, label, notes] for number, prompt, label, notes in rows
    ]
    file = written(form, REVIEW, filled)
    reviewed, failed = understood(read(io.BytesIO(file), KINDS[form]), ReviewedLine)
    assert not failed
    assert [(one.id, one.corrected_intent, one.notes) for _, one in reviewed] == [
        (str(number), normal_label(label), None if notes == r"\N" else notes or None)
        for number, _, label, notes in rows
    ]


def test_a_table_of_an_editor_with_other_quotes_says_the_same() -> None:
    rows: list[Labelled] = [("a;b", {"people": []}), ("c", "topic_1")]
    table = io.StringIO()
    writer = csv.writer(table, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow(["text", "label"])
    writer.writerows(
        [text, truth if isinstance(truth, str) else json.dumps(truth)] for text, truth in rows
    )
    assert brought_in(table.getvalue().encode(), FileKind.CSV) == rows
