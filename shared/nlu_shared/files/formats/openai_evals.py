"""OpenAI evals: samples with `input` and `ideal`, one a line, and the `item` rows of the Evals API.

Documented at https://github.com/openai/evals/blob/main/docs/build-eval.md and
https://platform.openai.com/docs/guides/evals. The user's last message is the text, what was said
before it is context, and what the system says is the prompt's. Several ideal answers are several
labels. Pure.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from nlu_shared.files.formats.base import (
    Columns,
    Format,
    Shape,
    an_object,
    example,
    first_of,
    refusal,
)
from nlu_shared.files.formats.spoken import LABELS, last_said
from nlu_shared.files.rows import Line, Row, cell

IDEAL = ("ideal", "correct_label", *LABELS)
NO_TEXT = "No message of a user is found: name the field of the text by --text."


def _examples(line: Line, columns: Columns) -> Iterator[Line]:
    row = line.row if isinstance(line.row, dict) else {}
    sample = an_object(row.get("item")) or row
    chat = columns.text is None and "input" in sample
    text, before = last_said(sample["input"] if chat else _rest(sample), columns.text)
    if not isinstance(text, str):
        yield refusal(line, NO_TEXT, "no_column")
    else:
        yield example(line, text, _label(sample, columns.label), before=before)


def _label(sample: Row, name: str | None) -> JsonValue:
    """A usual name may also be that of the text."""
    if name is not None:
        return cell(sample, name)
    return first_of({one: value for one, value in sample.items() if one != "input"}, IDEAL)


def _rest(sample: Row) -> dict[str, JsonValue]:
    """Without what is surely no text, so that one that is left may be taken for it."""
    return {name: one for name, one in sample.items() if name not in IDEAL}


def _knows(row: Row) -> bool:
    sample = row.get("item")
    return ("input" in row and "ideal" in row) or (isinstance(sample, dict) and bool(sample))


FORMAT = Format(
    name="openai-evals",
    title="samples of OpenAI evals",
    shapes=frozenset({Shape.JSON}),
    marks=frozenset({"input", "ideal", "item", "sample"}),
    knows=_knows,
    examples=_examples,
)
