"""How an intent prompt is said to a model, and how the answer is read. Pure.

The system text is the instructions and, apart, the examples: both stay the same from case to case.
Texts travel as JSON, so that no logged text can close its frame and speak as instructions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nlu_shared.rendering.answers import ModelAnswer, ModelPrediction
from nlu_shared.rendering.leniency import (
    Fault,
    Leniency,
    confidence_of,
    label_of,
    read_object,
)
from nlu_shared.rendering.request import frame
from nlu_shared.schemas.prompts import Example

MAX_TOKENS = 512
SHAPE = (
    "Answer with one JSON object and nothing else:"
    ' {"label": one of the labels, exactly as listed, "confidence": a number from 0 to 1}'
)


def schema(names: Sequence[str]) -> dict[str, Any]:
    """Of an answer: one of `names`, and how sure the model is."""
    return {
        "type": "object",
        "properties": {
            "label": {"type": "string", "enum": list(names)},
            "confidence": {"type": "number"},
        },
        "required": ["label", "confidence"],
        "additionalProperties": False,
    }


def shape(labels: Sequence[str], instructions: str) -> str:
    """What to answer with, in a sentence; labels that the instructions do not name are listed."""
    unnamed = [label for label in labels if label not in instructions]
    listed = f" Labels too: {json.dumps(unnamed, ensure_ascii=False)}." if unnamed else ""
    return SHAPE + listed


def example_line(example: Example) -> str:
    return json.dumps(
        {**frame(example.text, example.context), "label": example.output}, ensure_ascii=False
    )


def read(
    answer: ModelAnswer, labels: Sequence[str], spellings: Mapping[str, str]
) -> ModelPrediction:
    """The label and confidence of an answer by the rule of `leniency` (a confidence may be absent);
    anything else is a fault, not an error."""
    fields, fault, lenient = read_object(answer)
    if fault is not None:
        return ModelPrediction(fault=fault)
    written = fields.get("label")
    if not isinstance(written, str):
        return ModelPrediction(fault=Fault.NO_LABEL)
    label = label_of(written, labels, spellings)
    if label is None:
        return ModelPrediction(fault=Fault.UNKNOWN_LABEL)
    name, is_spelling = label
    confidence, is_converted = confidence_of(fields.get("confidence"))
    lenient += (Leniency.SPELLING,) if is_spelling else ()
    lenient += (Leniency.CONFIDENCE,) if is_converted else ()
    return ModelPrediction(name, confidence, lenient=lenient)
