"""How an intent prompt is said to a model, and how the answer is read. Pure.

The system text is the instructions and, apart, the examples: both stay the same from case to case.
Texts travel as JSON, so that no logged text can close its frame and speak as instructions.
"""

import json
from collections.abc import Sequence
from typing import Any

from nlu_shared.rendering.answers import ModelAnswer, Outcome, Prediction
from nlu_shared.rendering.request import framed
from nlu_shared.schemas.prompts import Example

MAX_TOKENS = 512


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


def example_line(example: Example) -> str:
    shown = json.loads(framed(example.text, example.context))
    return json.dumps({**shown, "label": example.output}, ensure_ascii=False)


def read(answer: ModelAnswer) -> Prediction:
    """The label and confidence of an answer (absent when not a number from 0 to 1); anything else
    is a fault, not an error."""
    if answer.outcome is not Outcome.OK:
        return Prediction(fault=str(answer.outcome))
    try:
        fields = json.loads(answer.text)
    except (ValueError, RecursionError):
        return Prediction(fault="not JSON")
    if not isinstance(fields, dict) or not isinstance(fields.get("label"), str):
        return Prediction(fault="no label")
    return Prediction(output=fields["label"], confidence=_confidence(fields.get("confidence")))


def _confidence(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None
