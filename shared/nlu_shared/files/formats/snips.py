"""Snips: the JSON of its benchmark and of its library, and the library's YAML.

Documented at https://github.com/sonos/nlu-benchmark (2017-06-custom-intent-engines) and
https://snips-nlu.readthedocs.io/en/latest/dataset.html. Slots become plain text. Pure.
"""

import re
from collections.abc import Iterator, Sequence

import yaml
from pydantic import JsonValue

from nlu_shared.files.formats.base import (
    Columns,
    Format,
    Shape,
    a_list,
    an_object,
    flaw,
    item,
)
from nlu_shared.files.formats.yaml_nodes import documents, fields
from nlu_shared.files.rows import Line, Row
from nlu_shared.kit.errors import Invalid

_SLOT = re.compile(r"\[([^\[\]]*)\]\(([^()]*)\)")
_INTENT = re.compile(r"type[ \t]*:[ \t]*[\"']?intent\b")
NO_UTTERANCE = "An utterance has data, each with a text."


def _utterances(row: Row) -> dict[str, list[JsonValue]]:
    """By intent: of the library under `intents`, of the benchmark on their own."""
    intents = row.get("intents")
    if isinstance(intents, dict):
        return {name: [*a_list(an_object(one).get("utterances"))] for name, one in intents.items()}
    return {name: [*one] for name, one in row.items() if isinstance(one, list)}


def _text(utterance: object) -> str | None:
    data = utterance.get("data") if isinstance(utterance, dict) else None
    if not isinstance(data, list):
        return None
    pieces = [one.get("text") if isinstance(one, dict) else None for one in data]
    texts = [one for one in pieces if isinstance(one, str)]
    return "".join(texts).strip() if len(texts) == len(pieces) else None


def _of_json(line: Line, _columns: Columns) -> Iterator[Line]:
    number = 0
    row = line.row if isinstance(line.row, dict) else {}
    for intent, utterances in _utterances(row).items():
        for one in utterances:
            number += 1
            text = _text(one)
            if text is None:
                yield flaw(number, NO_UTTERANCE, one)
            else:
                yield item(number, text, intent)


def _is_json(row: Row) -> bool:
    """The benchmark's document has intents and nothing else beside them."""
    if "intents" not in row and not all(isinstance(one, list) for one in row.values()):
        return False
    firsts = [one for of_intent in _utterances(row).values() for one in of_intent[:1]]
    return bool(firsts) and all(isinstance(one, dict) and "data" in one for one in firsts)


def _of_yaml(lines: Iterator[str]) -> Iterator[Line]:
    for document in documents("".join(lines)):
        parts = fields(document)
        if _value(parts.get("type")) == "intent":
            utterances = parts.get("utterances")
            for one in utterances.value if isinstance(utterances, yaml.SequenceNode) else ():
                yield _example(one, _value(parts.get("name")))


def _example(node: yaml.Node, label: str | None) -> Line:
    place = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode):
        return Line(place, Invalid("An utterance is a text.", code="not_understood"))
    return Line(place, {"text": _SLOT.sub(r"\2", node.value).strip(), "label": label})


def _value(node: yaml.Node | None) -> str | None:
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _is_yaml(head: Sequence[str]) -> bool:
    return any(_INTENT.match(line) for line in head)


JSON = Format(
    name="snips",
    title="Snips' JSON",
    shapes=frozenset({Shape.JSON}),
    marks=frozenset({"intents", "utterances", "data", "entities"}),
    knows=_is_json,
    examples=_of_json,
)
YAML = Format(
    name="snips-yaml",
    title="Snips' YAML",
    shapes=frozenset({Shape.LINES}),
    marks=frozenset({"type", "name", "utterances"}),
    knows_lines=_is_yaml,
    of_lines=_of_yaml,
)
