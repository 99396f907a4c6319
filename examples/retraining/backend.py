"""An NLU backend as a team would write one: answers messages, logs them, takes up a new model.

The model is one file. It is looked at before every answer; what replaces it is taken up by the
next message, and what is no whole model is left lying while the old one goes on.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from uuid import UUID

from fastapi import FastAPI
from nlu_shared.client import Classification, NLUResult, create_nlu_service
from nlu_shared.schemas.predictions import OutcomeIn, SecondaryIntent
from pydantic import BaseModel

from examples.retraining.onnx_file import Classifier, UnreadableModel, read

log = logging.getLogger(__name__)
RUNNERS_UP = 2


class Message(BaseModel):
    text: str
    user_id: UUID | None = None
    conversation_id: UUID | None = None
    message_index: int | None = None


class LiveModel:
    """The newest whole model at `path`. Raises UnreadableModel or OSError if the first is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._seen = _signature(path)
        self._current = read(path)

    def current(self) -> Classifier:
        with self._lock:
            try:
                signature = _signature(self._path)
                if signature != self._seen:
                    self._seen = signature
                    self._current = read(self._path)
                    log.info("model taken up version=%s", self._current.version)
            except (UnreadableModel, OSError) as unusable:
                log.warning("model not taken up reason=%s", type(unusable).__name__)
            return self._current

    def classify(self, text: str) -> Classification:
        model = self.current()
        (shares,) = model.probabilities([text])
        first, *others = shares.argsort()[::-1][: 1 + RUNNERS_UP]
        return Classification(
            intent=model.intents[first],
            confidence=min(1.0, float(shares[first])),
            secondary_intents=[
                SecondaryIntent(intent=model.intents[one], confidence=float(shares[one]))
                for one in others
            ],
            model_version=model.version,
        )


def _signature(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def build(path: Path, *, task: str) -> FastAPI:
    """The backend on the model at `path`, logging where NLU_LOGGER_URL and NLU_LOGGER_KEY say."""
    service = create_nlu_service(LiveModel(path).classify, task=task)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service:
            yield

    app = FastAPI(title="a backend", lifespan=lifespan)

    @app.post("/messages")
    async def answer(message: Message) -> NLUResult:
        return await service.process_message(
            message=message.text,
            user_id=message.user_id,
            conversation_id=message.conversation_id,
            message_index=message.message_index,
        )

    @app.post("/messages/{log_id}/outcome", status_code=204)
    async def tell_outcome(log_id: UUID, body: OutcomeIn) -> None:
        await service.update_workflow_outcome(log_id=log_id, **body.model_dump())

    return app
