"""What leaves as training and review files: one row each, fields in the order they are written."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, JsonValue

from nlu_shared.schemas.base import Schema


class ExportFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    JSON = "json"


class RetrainingRow(Schema):
    """`label` is the standing correction where there is one, else what was predicted."""

    text: str
    label: JsonValue
    confidence: float | None
    source: Literal["production"] = "production"
    corrected: bool


class ReviewRow(Schema):
    """A prediction to look at; the reviewer fills the last two fields in."""

    id: str
    prompt: str
    predicted_intent: str
    confidence: float
    created_at: str
    corrected_intent: str = ""
    notes: str = ""


class LabelledText(BaseModel):
    """What pairs are made of: any row that has a text and a label, whatever else it has."""

    text: str
    label: str
    corrected: bool = False


class Pair(Schema):
    """1: both texts carry one label. 0: two labels, though the texts look alike."""

    text_a: str
    text_b: str
    label: Literal[0, 1]
