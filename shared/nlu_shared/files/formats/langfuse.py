"""Langfuse: the items of a data set, as the API answers them, as JSON or JSONL, or as CSV.

Documented at https://langfuse.com/docs/evaluation/experiments/datasets and
https://api.reference.langfuse.com (dataset items). An archived item is left out like one without a
label. Pure.
"""

import json
from collections.abc import Iterator

from nlu_shared.files.formats.base import ROWS, Columns, Format, a_list, example, refusal
from nlu_shared.files.formats.spoken import embedded, label_of, last_said
from nlu_shared.files.rows import Line, Row, RowUnit, cell

EXPECTED = ("expectedOutput", "expected_output", "expected output")
NO_INPUT = "No text is found in the input: name its field by --text."


def _examples(line: Line, columns: Columns) -> Iterator[Line]:
    row = line.row if isinstance(line.row, dict) else {}
    if isinstance(row.get("data"), list):
        for number, one in enumerate(a_list(row["data"]), start=1):
            inner = one if isinstance(one, dict) else {}
            yield from _of_item(Line(number, inner, RowUnit.ITEM, json.dumps(inner)), columns)
    else:
        yield from _of_item(line, columns)


def _of_item(line: Line, columns: Columns) -> Iterator[Line]:
    row = line.row if isinstance(line.row, dict) else {}
    text, before = last_said(embedded(cell(row, "input")), columns.text)
    expected = next((one for name in EXPECTED if (one := cell(row, name)) is not None), None)
    if str(cell(row, "status")).upper() == "ARCHIVED":
        yield example(line, text, None)
    elif not isinstance(text, str):
        yield refusal(line, NO_INPUT, "no_column")
    else:
        label = label_of(embedded(expected), columns.label)
        yield example(line, text, label, before=before)


def _knows(row: Row) -> bool:
    data = row.get("data")
    if isinstance(data, list) and data:
        return isinstance(data[0], dict) and _knows(data[0])
    names = {" ".join(name.casefold().split()) for name in row}
    return "input" in names and any(name.casefold() in names for name in EXPECTED)


FORMAT = Format(
    name="langfuse",
    title="the items of a Langfuse data set",
    shapes=ROWS,
    marks=frozenset({"input", *EXPECTED, "datasetId", "datasetName", "sourceTraceId", "status"}),
    knows=_knows,
    examples=_examples,
)
