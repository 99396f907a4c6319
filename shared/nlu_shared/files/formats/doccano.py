"""doccano's JSONL of a text classification, and of intent detection with slot filling.

Documented at https://doccano.github.io/doccano/tutorial/ (export) and in
https://github.com/doccano/doccano (`backend/data_export`). Old versions write `annotations`, and
`data` for the text; `cats` may have its categories by name, as in spaCy. A span is no label of a
text. Pure.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from nlu_shared.files.formats.base import Columns, Format, Shape, a_list, example, refusal
from nlu_shared.files.rows import Line, Row, cell

LISTS = ("label", "labels", "cats", "annotations")
SPANS = "Spans of a text are no label of it: export the categories."


def _examples(line: Line, columns: Columns) -> Iterator[Line]:
    row = line.row if isinstance(line.row, dict) else {}
    names = LISTS if columns.label is None else (columns.label,)
    labels = next((listed for name in names if (listed := _labels(cell(row, name)))), [])
    if any(isinstance(one, list) for one in labels):
        yield refusal(line, SPANS, "no_label")
    else:
        text = cell(row, columns.text or ("text" if "text" in row else "data"))
        group = cell(row, columns.group) if columns.group else None
        yield example(line, text, labels, group=group)


def _labels(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return [name for name, share in value.items() if _is_true(share)]
    if value is not None and not isinstance(value, list):
        return [value]
    return [one.get("label") if isinstance(one, dict) else one for one in a_list(value)]


def _is_true(share: JsonValue) -> bool:
    """Of a category under its name, as spaCy has them: true, or at least one half."""
    return isinstance(share, bool | int | float) and share >= 0.5


def _knows(row: Row) -> bool:
    return isinstance(row.get("text", row.get("data")), str) and any(
        isinstance(row.get(name), list) for name in LISTS
    )


FORMAT = Format(
    name="doccano",
    title="doccano's JSONL",
    shapes=frozenset({Shape.JSON}),
    marks=frozenset({*LISTS, "Comments", "entities", "relations"}),
    knows=_knows,
    examples=_examples,
)
