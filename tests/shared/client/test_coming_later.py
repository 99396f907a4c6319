"""Who is told to come later does: by every way the product calls itself, and never before."""

import os
import time
from dataclasses import dataclass, field

import pytest
from nlu_shared.backoff import Patience
from nlu_shared.client import HttpTransport, NLURepository, Unavailable, create_nlu_service
from nlu_shared.client.api import Api
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack, serving
from tests.shared.client.relay import BadLine

RETRY_AFTER = 1
"""Seconds."""


@dataclass
class Busy:
    """Before a service: it turns so many requests away before they get there. `came` is when."""

    stack: Stack
    times: int
    after: str = str(RETRY_AFTER)
    came: list[float] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        line = BadLine(self.stack.logger)

        async def answer(request: Request) -> Response:
            self.came.append(time.monotonic())
            if len(self.came) <= self.times:
                return Response(status_code=503, headers={"retry-after": self.after})
            return await line._pass_on(request)

        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])

    @property
    def waits(self) -> list[float]:
        return [after - before for before, after in zip(self.came, self.came[1:], strict=False)]


@pytest.mark.law
async def test_the_client_logs_what_was_first_turned_away(stack: Stack) -> None:
    busy = Busy(stack, times=2)
    async with serving(busy.app) as url:
        nlu = create_nlu_service(lambda _: ("greet", 0.9), url=url, key=BOOTSTRAP_KEY)
        async with nlu:
            await nlu.process_message("hello")
    assert nlu.dropped == 0
    assert len(busy.waits) == 2
    assert min(busy.waits) >= RETRY_AFTER


async def test_a_call_that_must_not_be_repeated_is_repeated_where_nothing_was_done(
    stack: Stack,
) -> None:
    busy = Busy(stack, times=1)
    log_id = (
        await stack.logger.post(
            "/v1/predictions", json={"prompt": "p", "predicted_intent": "i", "confidence": 0.5}
        )
    ).json()["log_id"]
    async with serving(busy.app) as url, NLURepository(Api(url, BOOTSTRAP_KEY)) as repository:
        correction = await repository.add_prompt_correction(log_id, "another")
    assert correction.corrected_intent == "another"
    assert min(busy.waits) >= RETRY_AFTER


async def test_who_cannot_wait_so_long_gives_up_at_once(stack: Stack) -> None:
    busy = Busy(stack, times=9, after="3600")
    async with serving(busy.app) as url, Api(url, BOOTSTRAP_KEY) as api:
        with pytest.raises(Unavailable):
            await api.send("GET", "/v1/predictions", tries=3)
        transport = HttpTransport(Api(url, BOOTSTRAP_KEY))
        nlu = create_nlu_service(lambda _: ("greet", 0.9), transport=transport)
        async with nlu:
            assert (await nlu.process_message("hello")).intent == "greet"
    assert nlu.dropped == 1
    assert len(busy.came) == 2


@pytest.mark.law
async def test_a_command_waits_and_says_so(stack: Stack) -> None:
    busy = Busy(stack, times=2)
    async with serving(busy.app) as url:
        env = {**os.environ, "NLU_LOGGER_URL": url, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}
        ended = await typed("nlu-logger", "export", "--mode", "retraining", env=env)
    assert ended.code == 0, ended.complained
    assert ended.complained.count("the service is busy, trying again in") == 2
    assert min(busy.waits) >= RETRY_AFTER


@pytest.mark.parametrize(
    ("failures", "requested", "seconds"),
    [(1, None, 1.0), (2, None, 2.0), (1, 0.0, 1.0), (1, 5.0, 5.0), (2, 6.0, 6.0),
     (1, 6.1, None), (3, None, None), (3, 0.0, None)],
)  # fmt: skip
def test_patience_has_an_end(failures: int, requested: float | None, seconds: float | None) -> None:
    patience = Patience(tries=3, first=1, longest=4, most=6)
    assert patience.wait(failures, jitter=1, requested=requested) == seconds
