"""How an extraction prompt is said to a model, and how the answer is read. Pure.

As for intents: what stays the same is the system text, and texts travel as JSON. The model may
leave out any field it has nothing to say in.
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from pydantic import JsonValue, ValidationError

from nlu_shared.rendering.answers import ModelAnswer, ModelPrediction
from nlu_shared.rendering.leniency import Fault, read_object
from nlu_shared.rendering.request import frame
from nlu_shared.schemas.extraction import (
    VARIABLES,
    DateCertainty,
    Direction,
    EventKind,
    Extraction,
    Gender,
    Relationship,
)
from nlu_shared.schemas.prompts import Example

MAX_TOKENS = 8_192


def example_line(example: Example) -> str:
    return json.dumps(
        {**frame(example.text, example.context), "extraction": example.output}, ensure_ascii=False
    )


def read(answer: ModelAnswer) -> ModelPrediction:
    """The extraction of an answer in its shortest JSON, by the rule of `leniency`; anything else is
    a fault."""
    fields, fault, lenient = read_object(answer)
    if fault is not None:
        return ModelPrediction(fault=fault)
    try:
        extraction = Extraction.model_validate(fields)
    except ValidationError:
        return ModelPrediction(fault=Fault.NO_EXTRACTION)
    return ModelPrediction(output=short(extraction), lenient=lenient)


def short(extraction: Extraction) -> JsonValue:
    fields: JsonValue = extraction.model_dump(mode="json", exclude_defaults=True)
    return fields


def _closed(required: Iterable[str], **fields: object) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }


def _one_of(values: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [code.value for code in values]}


_ID, _TEXT = {"type": "integer"}, {"type": "string"}
_IDS = {"type": "array", "items": _ID}
_PERSON = _closed(
    ["id", "name"], id=_ID, name=_TEXT, last_name=_TEXT, gender=_one_of(Gender), parents=_ID
)
_PAIR_BOND = _closed(
    ["id", "person_a", "person_b"], id=_ID, person_a=_ID, person_b=_ID, married={"type": "boolean"}
)
_EVENT = _closed(
    ["id", "kind", "description"],
    id=_ID,
    kind=_one_of(EventKind),
    person=_ID,
    spouse=_ID,
    child=_ID,
    description=_TEXT,
    location=_TEXT,
    dateTime=_TEXT,
    endDateTime=_TEXT,
    dateCertainty=_one_of(DateCertainty),
    relationshipTargets=_IDS,
    relationshipTriangles=_IDS,
    **{
        variable: _one_of(Relationship if variable == "relationship" else Direction)
        for variable in VARIABLES
    },
)
_PARTS = {"people": _PERSON, "pair_bonds": _PAIR_BOND, "events": _EVENT}
SCHEMA = _closed(
    _PARTS,
    **{part: {"type": "array", "items": one} for part, one in _PARTS.items()},
    delete=_IDS,
)
"""Of an answer: a field without a value is left out, so that no field needs a union of types."""

_LISTS = ", ".join(
    f'"{part}": [{{{", ".join(one["properties"])}}}]' for part, one in _PARTS.items()
)
SHAPE = (
    "Answer with one JSON object and nothing else, its lists empty where there is nothing and each"
    " item without the fields that have no value: {" + _LISTS + ', "delete": [ids]}'
)
"""What to answer with, in a sentence."""
