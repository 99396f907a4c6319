"""What a person said, out of the forms in which tools keep the input of a model. Pure."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from nlu_shared.files.formats.base import a_list, first_of
from nlu_shared.files.json_rows import parse
from nlu_shared.kit.errors import Invalid

TEXTS = ("text", "utterance", "message", "query", "question", "sentence", "prompt", "input")
LABELS = ("label", "intent", "category", "class", "correct_label", "ideal", "expected", "output",
          "answer")  # fmt: skip
"""Where a label stands, by the names that are usual; the first that holds anything."""
Turns = Sequence[Mapping[str, JsonValue]]


def last_said(value: JsonValue, name: str | None = None) -> tuple[JsonValue, Turns]:
    """The text and the turns before it: of a text itself, of chat messages the user's last, of an
    object the field `name`, its messages, or the one with a usual name. None where there is none.
    """
    if isinstance(value, dict):
        if name is not None:
            return (value.get(name), ())
        if isinstance(value.get("messages"), list):
            return last_said(value["messages"])
        texts = [one for one in value.values() if isinstance(one, str)]
        return (first_of(value, TEXTS) or (texts[0] if len(texts) == 1 else None), ())
    if isinstance(value, list):
        return _of_messages(value)
    return (value, ())


def label_of(value: JsonValue, name: str | None = None) -> JsonValue:
    """A label itself, or an object's field `name`, or one with a usual name; else the object,
    which may be an extraction."""
    if not isinstance(value, dict):
        return value
    if name is not None:
        return value.get(name)
    usual = first_of(value, LABELS)
    return value if usual is None else usual


def embedded(value: JsonValue) -> JsonValue:
    """What a cell of a table holds as JSON; any other text is itself."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return parse(value)
        except Invalid:
            return value
    return value


def _of_messages(messages: list[JsonValue]) -> tuple[JsonValue, Turns]:
    turns: list[dict[str, JsonValue]] = []
    for one in messages:
        if isinstance(one, dict) and one.get("role") not in ("system", "developer", "tool"):
            text = _content(one.get("content"))
            if text:
                turns.append({"speaker": one.get("role"), "text": text})
    while turns and turns[-1]["speaker"] != "user":
        turns.pop()
    if not turns:
        return (None, ())
    return (turns[-1]["text"], turns[:-1])


def _content(content: JsonValue) -> str | None:
    """A text, or the texts among the parts of a message."""
    if isinstance(content, str):
        return content
    parts = [one.get("text") for one in a_list(content) if isinstance(one, dict)]
    return "\n".join(one for one in parts if isinstance(one, str)) or None
