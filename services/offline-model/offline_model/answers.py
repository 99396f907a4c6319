"""From a request to the text of its answer: what is asked, and what it says."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from offline_model import proposer
from offline_model.extractor import Extractor
from offline_model.learner import Learner, read
from offline_model.settings import Role
from offline_model.wire import MessagesRequest, Refused

PROMPTS_KEPT = 64
"""Prompts whose reading is kept; a run works on few at a time."""
TURNS = 2
"""Turns of a conversation that a text is read with."""
_OTHER_JSON = (ValueError, OverflowError, RecursionError, LookupError, TypeError, AttributeError)
Disturb = Callable[[str, tuple[str, ...]], str]


def answer(request: MessagesRequest, disturb: Disturb, *, obedient: bool = False) -> str:
    """The JSON text of an answer; `disturb` may replace a label by another, and an `obedient`
    proposer does what case texts say.

    Raises Refused (400) for anything but the three questions this model knows.
    """
    schema = request.answer_schema
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        raise Refused(400, "output_config.format: the offline model answers by JSON schema only")
    content = request.messages[-1].text
    if role_of(request) is Role.PROPOSER:
        return proposer.answer(content, schema, obedient=obedient)
    system = "\n".join(block.text for block in request.blocks)
    if "events" in properties:
        return _extraction(system, properties, content, disturb)
    field = next((name for name, kind in properties.items() if _is_choice(kind)), None)
    if field is None:
        raise Refused(400, "output_config.format: no property with an enum of strings to choose by")
    labels = tuple(dict.fromkeys(properties[field]["enum"]))
    label, confidence = _learner(system, labels, field).answer(_text(content))
    fields: dict[str, Any] = {field: disturb(label, labels)}
    if "confidence" in properties:
        fields["confidence"] = confidence
    return json.dumps(fields, ensure_ascii=False)


def role_of(request: MessagesRequest) -> Role:
    """As whom this request asks it; of what it cannot answer: as the task model."""
    properties = request.answer_schema.get("properties")
    proposes = isinstance(properties, dict) and {"edits", "strategy"} <= properties.keys()
    return Role.PROPOSER if proposes else Role.TASK


def _extraction(system: str, properties: dict[str, Any], content: str, disturb: Disturb) -> str:
    try:
        fields = properties["events"]["items"]["properties"]
        choices = [(name, tuple(one["enum"])) for name, one in fields.items() if _is_choice(one)]
    except (AttributeError, KeyError, TypeError):
        choices = []
    if "kind" not in dict(choices):
        raise Refused(400, "output_config.format: no events with kinds to choose by")
    extractor = _extractor(system, tuple(choices))
    extraction = extractor.answer(
        _text(content), disturb, known=_known(content), before=_before(content)
    )
    return json.dumps(extraction, ensure_ascii=False)


@lru_cache(maxsize=PROMPTS_KEPT)
def _extractor(system: str, choices: tuple[tuple[str, tuple[str, ...]], ...]) -> Extractor:
    return Extractor(system, dict(choices))


@lru_cache(maxsize=PROMPTS_KEPT)
def _learner(system: str, labels: tuple[str, ...], field: str) -> Learner:
    return Learner(read(system, labels, field), labels)


def _is_choice(kind: object) -> bool:
    choices = kind.get("enum") if isinstance(kind, dict) else None
    return isinstance(choices, list) and bool(choices) and all(isinstance(c, str) for c in choices)


def _text(content: str) -> str:
    """The text to label: `{"text": …}`, or the whole message where it is not that."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else content


def _known(content: str) -> dict[str, int]:
    """The people that are known already: their ids by name."""
    try:
        people = json.loads(content)["known"]["people"]
        return {str(one["name"]): int(one["id"]) for one in people if one.get("name")}
    except _OTHER_JSON:
        return {}


def _before(content: str) -> list[str]:
    """What was said last before the text."""
    try:
        return [str(turn["text"]) for turn in json.loads(content)["before"][-TURNS:]]
    except _OTHER_JSON:
        return []
