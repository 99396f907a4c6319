"""Rasa's training data: `nlu.yml` of Rasa 2 and 3, the JSON of Rasa 1 and before, and its Markdown.

Documented at https://rasa.com/docs/rasa/training-data-format and, for JSON and Markdown,
https://legacy-docs-v1.rasa.com/nlu/training-data-format/. Entities become plain text; synonyms,
regular expressions and look-up tables are no examples. A retrieval intent keeps its whole name,
as in `faq/hours`. Pure.
"""

import re
from collections.abc import Iterator, Sequence

import yaml

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

_ENTITY = re.compile(r"\[([^\[\]]+)\](?:\([^()]*\)|\{[^{}]*\})")
_BULLET = re.compile(r"[ \t]*[-*+][ \t]+")
_HEADING = re.compile(r"##[ \t]*(\w+):(.*)")
_COMMENT = re.compile(r"<!--[^>]*-->")
OTHERS = frozenset({"synonym", "regex", "lookup"})
"""What an entry may be that is no intent."""
NO_LIST = "nlu is a list of intents with their examples: `- intent:` in lines below it."
NO_ENTRY = "An entry of nlu is an intent, a synonym, a regex or a lookup."
NO_EXAMPLES = "The examples of an intent are a list, or lines that begin with a dash."
_NLU = re.compile(r"nlu[ \t]*:")


def spoken(text: str) -> str:
    """The text as it is said: `[Paris](city)` and `[Paris]{"entity": "city"}` are Paris."""
    return _ENTITY.sub(r"\1", text).strip()


def _of_yaml(lines: Iterator[str]) -> Iterator[Line]:
    for document in documents("".join(lines)):
        nlu = fields(document).get("nlu")
        if nlu is not None and not isinstance(nlu, yaml.SequenceNode):
            yield _misshapen(nlu, NO_LIST)
        for entry in a_sequence(nlu):
            parts = fields(entry)
            if "intent" in parts:
                yield from _of_intent(parts["intent"], parts.get("examples"))
            elif not parts.keys() & OTHERS:
                yield _misshapen(entry, NO_ENTRY)


def a_sequence(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _of_intent(intent: yaml.Node, examples: yaml.Node | None) -> Iterator[Line]:
    label = intent.value if isinstance(intent, yaml.ScalarNode) else None
    if isinstance(examples, yaml.ScalarNode):
        first = examples.start_mark.line + (2 if examples.style in ("|", ">") else 1)
        for place, text in enumerate(examples.value.split("\n"), start=first):
            if bullet := _BULLET.match(text):
                yield _example(place, text[bullet.end() :], label)
            elif text.strip():
                yield _no_bullet(place)
    if isinstance(examples, yaml.MappingNode):
        yield _misshapen(examples, NO_EXAMPLES)
    for one in a_sequence(examples):
        node = fields(one).get("text", one)
        place = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            text = node.value
            yield _example(place, text[_bullet_ends(text) :], label)
        else:
            yield _misshapen(node, "An example has a text.")


def _bullet_ends(text: str) -> int:
    bullet = _BULLET.match(text)
    return bullet.end() if bullet else 0


def _example(place: int, text: str, label: str | None) -> Line:
    return Line(place, {"text": spoken(text), "label": label})


def _misshapen(node: yaml.Node, why: str) -> Line:
    return Line(node.start_mark.line + 1, Invalid(why, code="not_understood"))


def _no_bullet(place: int) -> Line:
    return Line(place, Invalid("An example begins with a dash.", code="not_understood"))


def _of_json(line: Line, _columns: Columns) -> Iterator[Line]:
    row = an_object(dict(line.row) if isinstance(line.row, dict) else None)
    data = an_object(row.get("rasa_nlu_data"))
    number = 0
    for name in ("common_examples", "intent_examples", "entity_examples"):
        for one in a_list(data.get(name)):
            number += 1
            if isinstance(one, dict):
                yield item(number, one.get("text"), one.get("intent"))
            else:
                yield flaw(number, "An example has a text and an intent.", one)


def _of_markdown(lines: Iterator[str]) -> Iterator[Line]:
    label: str | None = None
    for number, line in enumerate(lines, start=1):
        if heading := _HEADING.match(line):
            label = _COMMENT.sub("", heading[2]).strip() if heading[1] == "intent" else None
        elif label is not None and (bullet := _BULLET.match(line)):
            yield _example(number, _COMMENT.sub("", line[bullet.end() :]), label)


def _is_yaml(head: Sequence[str]) -> bool:
    return any(_NLU.match(line) for line in head)


def _is_markdown(head: Sequence[str]) -> bool:
    return any((heading := _HEADING.match(line)) and heading[1] == "intent" for line in head)


def _is_json(row: Row) -> bool:
    return "rasa_nlu_data" in row


YAML = Format(
    name="rasa",
    title="Rasa's nlu.yml",
    shapes=frozenset({Shape.LINES}),
    marks=frozenset({"version", "nlu", "intent", "examples"}),
    knows_lines=_is_yaml,
    of_lines=_of_yaml,
)
JSON = Format(
    name="rasa-json",
    title="Rasa's JSON",
    shapes=frozenset({Shape.JSON}),
    marks=frozenset({"rasa_nlu_data", "common_examples"}),
    knows=_is_json,
    examples=_of_json,
)
MARKDOWN = Format(
    name="rasa-markdown",
    title="Rasa's nlu.md",
    shapes=frozenset({Shape.LINES}),
    knows_lines=_is_markdown,
    of_lines=_of_markdown,
)
