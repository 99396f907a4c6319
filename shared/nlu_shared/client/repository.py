"""The log by the names a backend knows it by, awaitable and over HTTP."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, Self, TypedDict, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from nlu_shared.client.api import Api, Params, logger_api
from nlu_shared.client.classification import SECONDARY, number_of, places_of
from nlu_shared.client.errors import ClientError, NotLoggable
from nlu_shared.ids import uuid7
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.predictions import Logged, OutcomeIn, Prediction, PredictionIn
from nlu_shared.schemas.queues import QueueItem
from nlu_shared.schemas.reviews import Correction, CorrectionIn

Body = TypeVar("Body", bound=BaseModel)
TRIES = 3
PAGE = 200


class RetrainingRow(TypedDict):
    """One line of a training file."""

    text: str
    label: str
    confidence: float | None
    source: Literal["production"]
    corrected: bool


class NLURepository:
    """Every call raises a ClientError where it cannot do what its name says."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._api.close()

    async def log_prompt(self, prediction: PredictionIn | None = None, **fields: object) -> UUID:
        """Logs one prediction and returns its id. With an id of its own a repeat is no new row.

        Takes a prediction, or its fields by their names: `user_id=…, prompt=…,
        predicted_intent=…, confidence=…` and whatever else PredictionIn has.
        """
        whole = _whole(prediction) | fields
        if "secondary_intents" in whole:
            whole["secondary_intents"] = _pairs(whole["secondary_intents"])
        if "confidence" in whole:
            whole["confidence"] = number_of(whole["confidence"])
        known = _made(PredictionIn, {"id": uuid7()} | whole)
        logged = await self._api.post("/v1/predictions", Logged, known, tries=TRIES)
        return logged.log_id

    async def update_prompt_log_outcome(
        self,
        log_id: UUID | str,
        was_successful: bool,
        workflow_type: str | None = None,
        execution_error: str | None = None,
    ) -> Prediction:
        """How the work ended; the last word stands."""
        outcome = _made(
            OutcomeIn,
            {
                "was_successful": was_successful,
                "workflow_type": workflow_type,
                "execution_error": execution_error,
            },
        )
        path = f"/v1/predictions/{_id(log_id)}/outcome"
        return await self._api.post(path, Prediction, outcome, tries=TRIES)

    async def add_prompt_correction(
        self,
        log_id: UUID | str,
        corrected_intent: str,
        correction_notes: str | None = None,
        *,
        allow_new: bool = False,
    ) -> Correction:
        """Proposes what the prediction should have been. It counts once a reviewer approves it.

        With `allow_new` a label that the task's set lacks is added to the set, on purpose.
        """
        correction = _made(
            CorrectionIn,
            {
                "corrected_intent": corrected_intent,
                "correction_notes": correction_notes,
                "allow_new": allow_new,
            },
        )
        path = f"/v1/predictions/{_id(log_id)}/corrections"
        return await self._api.post(path, Correction, correction)

    async def get_low_confidence_prompts(
        self, threshold: float = 0.7, limit: int = 100, *, task: str | None = None
    ) -> list[Prediction]:
        """Unreviewed predictions below `threshold`, the least confident first."""
        return await self._queue("low-confidence", threshold=threshold, limit=limit, task=task)

    async def get_failed_workflow_prompts(
        self, limit: int = 100, *, task: str | None = None
    ) -> list[Prediction]:
        """Unreviewed predictions whose work failed, the newest first."""
        return await self._queue("failed-workflow", limit=limit, task=task)

    async def get_prompts_for_retraining(
        self, days: int | None = None, *, task: str | None = None, min_confidence: float = 0.8
    ) -> list[RetrainingRow]:
        """Corrected predictions, and those at least `min_confidence` sure, of the last `days`."""
        since = _since(days)
        if isinstance(min_confidence, bool) or not isinstance(min_confidence, int | float):
            raise ClientError("min_confidence is a number from 0 to 1")
        return [
            row
            async for prediction in self._predictions(since, task)
            if (row := retraining_row(prediction, min_confidence))
        ]

    async def _predictions(
        self, since: datetime | None, task: str | None
    ) -> AsyncIterator[Prediction]:
        cursor: str | None = None
        while True:
            page = await self._api.get(
                "/v1/predictions",
                Page[Prediction],
                {
                    "from": since.isoformat() if since else None,
                    "task": task,
                    "limit": PAGE,
                    "cursor": cursor,
                },
            )
            for prediction in page.items:
                yield prediction
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _queue(self, name: str, **params: str | float | None) -> list[Prediction]:
        filters: Params = params
        page = await self._api.get(f"/v1/reviews/queues/{name}", Page[QueueItem], filters)
        return list(page.items)


def _made(schema: type[Body], values: Mapping[str, object]) -> Body:
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        places = ", ".join(places_of(error))
        raise NotLoggable(f"{schema.__name__} cannot be made: {places}") from None
    except Exception as error:  # noqa: BLE001 - an object that cannot even be looked at
        why = type(error).__name__
        raise NotLoggable(f"{schema.__name__} cannot be made: {why}") from None


def _whole(prediction: object) -> dict[str, object]:
    if prediction is None:
        return {}
    if isinstance(prediction, PredictionIn):
        return prediction.model_dump(exclude_unset=True)
    raise NotLoggable("a prediction is a PredictionIn, or its fields by their names")


def _pairs(secondary: object) -> object:
    """Pairs as a classifier gives them, with the names of their parts."""
    if not isinstance(secondary, list | tuple):
        return secondary
    return [
        dict(zip(SECONDARY, one, strict=True))
        if isinstance(one, list | tuple) and len(one) == len(SECONDARY)
        else one
        for one in secondary
    ]


def _id(log_id: UUID | str) -> UUID:
    try:
        return UUID(str(log_id))
    except Exception:  # noqa: BLE001 - whatever its text raises
        raise NotLoggable("log_id is no UUID") from None


def _since(days: float | None) -> datetime | None:
    try:
        return None if days is None else datetime.now(UTC) - timedelta(days=days)
    except (TypeError, ValueError, OverflowError):
        raise ClientError("days is a number of days, back to the year 1 at most") from None


def retraining_row(prediction: Prediction, min_confidence: float) -> RetrainingRow | None:
    """A training line from what a person said, or from what the model was sure of; else None."""
    corrected = prediction.corrected_intent is not None
    sure = prediction.confidence is not None and prediction.confidence >= min_confidence
    if not corrected and not sure:
        return None
    return RetrainingRow(
        text=prediction.prompt,
        label=prediction.corrected_intent or prediction.predicted_intent,
        confidence=prediction.confidence,
        source="production",
        corrected=corrected,
    )


def create_nlu_repository(*, url: str | None = None, key: str | None = None) -> NLURepository:
    """`url` and `key` default to NLU_LOGGER_URL and NLU_LOGGER_KEY."""
    return NLURepository(logger_api(url, key))
