"""What a listing of predictions can be ordered by, and searched for."""

from typing import Any

from nlu_shared.kit.data.orders import Sorts
from sqlalchemy import ColumnElement, Integer, cast, func
from sqlmodel import col

from nlu_logger.predictions.models import PredictionRow

LONGEST = 200
"""Characters by which texts are ordered."""


def sorts(row: type[PredictionRow]) -> Sorts:
    """Of the table, or of a part of it under another name."""
    return {
        "text": func.lower(func.left(row.prompt, LONGEST)),
        "intent": func.lower(func.coalesce(row.corrected_intent, row.predicted_intent)),
        "confidence": col(row.confidence),
        "outcome": cast(row.was_successful, Integer),
        "task": col(row.task),
        "logged": col(row.id),
    }


def holds(prompt: Any, words: str) -> ColumnElement[bool]:
    """Whatever the case of either."""
    return func.strpos(func.lower(prompt), func.lower(words)) > 0
