"""What is said in these tests; quick to import, for the processes they start."""

from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import OutcomeIn, PredictionIn

NOWHERE = "http://127.0.0.1:9"


def prediction_of(task: str, text: str = "hello", log_id: UUID | None = None) -> PredictionIn:
    return PredictionIn(
        id=log_id or uuid7(), task=task, prompt=text, predicted_intent="greet", confidence=0.5
    )


def ended(was_successful: bool) -> OutcomeIn:
    return OutcomeIn(was_successful=was_successful)
