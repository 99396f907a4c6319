"""Label Studio: tasks with their annotations (JSON), and one annotation a row (JSON-MIN, CSV, TSV).

Documented at https://labelstud.io/guide/export and https://labelstud.io/guide/task_format. A label
is what was chosen. Cancelled annotations count for nothing, an annotation marked as ground truth
before all others; people who chose differently have chosen no label. Predictions are no labels.
Pure.
"""

from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from nlu_shared.files.formats.base import (
    ROWS,
    Columns,
    Format,
    Shape,
    a_list,
    an_object,
    example,
    first_of,
    refusal,
)
from nlu_shared.files.formats.spoken import TEXTS, embedded
from nlu_shared.files.rows import Line, Row, cell

OF_ANNOTATIONS = frozenset(
    {
        "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "draft_id",
        "agreement", "task_id", "project", "source",
    }
)  # fmt: skip
LABELS = ("label", "intent", "category", "class", "choice", "choices", "sentiment", "topic")
DIFFERENT = "The annotators chose different labels: mark one annotation as ground truth."
SEVERAL_FIELDS = "There is more than one choice: name the one that is the label by --label."
NO_TEXT = "Which field holds the text cannot be told: name it by --text."


def _of_tasks(line: Line, columns: Columns) -> Iterator[Line]:
    row = line.row if isinstance(line.row, dict) else {}
    text = _text_of(an_object(row.get("data")), columns)
    chosen = [
        choices
        for annotation in _counted(row)
        if (choices := _chosen(annotation, columns.label)) is not None
    ]
    if text is None:
        yield refusal(line, NO_TEXT, "no_column")
    elif any(len(fields) > 1 for fields in chosen):
        yield refusal(line, SEVERAL_FIELDS, "no_column")
    else:
        labels = [one for fields in chosen for one in fields.values() if one]
        if any(one != labels[0] for one in labels):
            yield refusal(line, DIFFERENT, "several_labels")
        else:
            yield example(line, text, [*labels[0]] if labels else None)


def _counted(row: Row) -> list[Row]:
    """The annotations that say something; tasks of old versions call them completions."""
    made = a_list(row.get("annotations")) or a_list(row.get("completions"))
    counted: list[Row] = [one for one in made if isinstance(one, dict) and not _is_cancelled(one)]
    return [one for one in counted if one.get("ground_truth") is True] or counted


def _is_cancelled(annotation: Row) -> bool:
    return bool(annotation.get("was_cancelled") or annotation.get("skipped"))


def _chosen(annotation: Row, label: str | None) -> dict[str, list[JsonValue]] | None:
    """What was chosen, by the name of the field; None where nothing was."""
    fields: dict[str, list[JsonValue]] = {}
    for one in a_list(annotation.get("result")):
        result = an_object(one)
        choices = a_list(an_object(result.get("value")).get("choices"))
        name = str(result.get("from_name"))
        if choices and label in (None, name):
            fields.setdefault(name, []).extend(choices)
    return fields or None


def _text_of(data: Row, columns: Columns) -> JsonValue:
    if columns.text is not None:
        return cell(data, columns.text)
    texts = [one for one in data.values() if isinstance(one, str)]
    return first_of(data, TEXTS) or (texts[0] if len(texts) == 1 else None)


def _of_rows(line: Line, columns: Columns) -> Iterator[Line]:
    row = line.row if isinstance(line.row, dict) else {}
    own = {name: one for name, one in row.items() if name.casefold() not in OF_ANNOTATIONS}
    text, label = columns.text or _named(own, TEXTS), columns.label or _named(own, LABELS)
    text = text or _only(own, besides=label)
    label = label or _only(own, besides=text)
    if text is None or cell(row, text) is None:
        yield refusal(line, NO_TEXT, "no_column")
    elif label is None and len(own) > 1:
        yield refusal(line, SEVERAL_FIELDS, "no_column")
    else:
        # An annotation without a choice has no field for it.
        chosen = None if label is None else _choices(cell(row, label))
        yield example(line, cell(row, text), chosen)


def _choices(value: JsonValue) -> JsonValue:
    """Of several choices an object is written, in a table as text."""
    chosen = embedded(value)
    return chosen.get("choices") if isinstance(chosen, dict) else chosen


def _named(row: Row, names: Iterable[str]) -> str | None:
    return next((name for name in names if cell(row, name) is not None), None)


def _only(row: Row, *, besides: str | None) -> str | None:
    left = [name for name in row if name != besides]
    return left[0] if len(left) == 1 else None


def _are_tasks(row: Row) -> bool:
    return isinstance(row.get("data"), dict) and ("annotations" in row or "completions" in row)


def _are_rows(row: Row) -> bool:
    return "annotation_id" in row and ("annotator" in row or "lead_time" in row)


TASKS = Format(
    name="label-studio",
    title="Label Studio's JSON",
    shapes=frozenset({Shape.JSON}),
    marks=frozenset({"data", "annotations", "predictions", "completions"}),
    knows=_are_tasks,
    examples=_of_tasks,
)
MIN = Format(
    name="label-studio-min",
    title="Label Studio's JSON-MIN, CSV or TSV",
    shapes=ROWS,
    marks=OF_ANNOTATIONS,
    knows=_are_rows,
    examples=_of_rows,
)
