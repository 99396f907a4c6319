"""The ASGI app: the Messages API in, faults as told, answers out, calls counted; and a client that
reaches it without a port."""

import asyncio
import hashlib
import json
import secrets
from typing import Any, cast

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from offline_model import ABOUT, batches, hostile, wire
from offline_model.answers import answer, role_of
from offline_model.batches import Batches
from offline_model.chance import fault, noisy, seconds
from offline_model.memory import Calls, PromptCache
from offline_model.settings import PASSING, Fault, OfflineSettings

IN_PROCESS_URL = "http://offline.invalid"
SAMPLE_HEADER = "x-sample"
"""Number of a repeat that is meant to differ; part of what noise and faults are drawn from."""
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
"""Whom it can stand in for, as the list of models has them; any other name is answered too."""


def create_app(settings: OfflineSettings | None = None) -> Starlette:
    """A model server of its own: its settings, its cache, its count of calls."""
    offline = _Offline(settings or OfflineSettings())
    return Starlette(
        routes=[
            Route("/", offline.about),
            Route("/calls", offline.calls),
            Route("/v1/models", offline.models),
            Route("/v1/messages", offline.messages, methods=["POST"]),
            Route("/v1/messages/batches", offline.create_batch, methods=["POST"]),
            Route("/v1/messages/batches", offline.list_batches),
            Route("/v1/messages/batches/{id}", offline.batch),
            Route("/v1/messages/batches/{id}", offline.delete_batch, methods=["DELETE"]),
            Route("/v1/messages/batches/{id}/cancel", offline.cancel_batch, methods=["POST"]),
            Route("/v1/messages/batches/{id}/results", offline.batch_results),
        ],
        exception_handlers={
            wire.Refused: _refused,
            HTTPException: _lost,
            ClientDisconnect: _nobody_listens,
        },
    )


def in_process(settings: OfflineSettings | None = None) -> httpx2.AsyncClient:
    """An HTTP client whose every request is answered by a fresh app of its own."""
    transport = httpx2.ASGITransport(app=create_app(settings))
    return httpx2.AsyncClient(transport=transport, base_url=IN_PROCESS_URL)


class _Offline:
    def __init__(self, settings: OfflineSettings) -> None:
        self._settings = settings
        self._calls = Calls()
        self._cache = PromptCache()
        self._batches = Batches(self._settings, self._in_batch)

    async def about(self, _: Request) -> Response:
        return JSONResponse({"about": ABOUT, "version": wire.VERSION})

    async def calls(self, _: Request) -> Response:
        """Not part of the Messages API: what arrived, what was answered with a message,
        and the tokens of every message that was made, also of those that were cut off; those of
        batches apart, since they cost less; and of each batch its id and how many requests it had,
        also of those that were deleted."""
        answered = self._calls.answered
        return JSONResponse(
            {
                "arrived": self._calls.arrived.total(),
                "answered": answered.total(),
                "by_request": dict(answered),
                "usage": self._calls.usage,
                "batches": [one.size for one in self._batches.made],
                "batch_ids": [one.id for one in self._batches.made],
                "batches_deleted": sum(one.is_deleted for one in self._batches.made),
                "batch_usage": self._calls.batch_usage,
            }
        )

    async def models(self, request: Request) -> Response:
        self._admit(request)
        listed = [
            {
                "type": "model",
                "id": model,
                "display_name": f"{model} (offline stand-in)",
                "created_at": "1970-01-01T00:00:00Z",
                "lifecycle": "active",
            }
            for model in MODELS
        ]
        page = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"], "has_more": False}
        return JSONResponse({"data": listed, **page})

    async def messages(self, request: Request) -> Response:
        self._admit(request)
        body = await request.body()
        digest = hashlib.sha256(body).hexdigest()
        arrival = self._calls.arrive(digest)
        question = wire.read(body)
        wire.fits(question, self._settings.window)
        await asyncio.sleep(seconds(self._settings, digest, arrival))
        drawn = f"{digest}/{request.headers.get(SAMPLE_HEADER, '0')}"
        wrong = None
        if self._calls.arrived.total() >= self._settings.fault_from:
            wrong = fault(self._settings, drawn, arrival, role_of(question))
        if wrong is Fault.NO_ANSWER:
            await _hung_up(request)
            return await _nobody_listens(request, ClientDisconnect())
        self._refuse(wrong, body, arrival)
        if wrong is Fault.HTML:
            return HTMLResponse("<html><body>Bad gateway</body></html>")
        if wrong is Fault.DEEP_ERROR:
            return Response(hostile.DEEP, 400, media_type="application/json")
        message = self._message(question, digest, drawn, wrong)
        self._calls.count(question.model, message["usage"])
        sent = json.dumps(message).encode() if wrong is None else hostile.spoilt(wrong, message)
        whole = Response(sent, media_type="application/json")
        if wrong in (Fault.BROKEN_BODY, Fault.CUT_STREAM):
            whole.body = sent[: len(sent) // 2]
        if wrong is Fault.BROKEN_BODY:
            whole.headers["content-length"] = str(len(whole.body))
        whole.headers["request-id"] = _request_id()
        if wrong not in PASSING:
            self._calls.answered[digest] += 1
        return whole

    async def create_batch(self, request: Request) -> Response:
        self._admit(request)
        requests = batches.read(await request.body())
        if self._settings.batch_refused:
            raise wire.Refused(self._settings.batch_refused, "no batches here")
        made = self._batches.create(requests)
        if len(self._batches.made) <= self._settings.batch_unheard:
            raise wire.Refused(500, "internal server error")
        return JSONResponse(batches.view(made))

    async def list_batches(self, request: Request) -> Response:
        self._admit(request)
        limit = request.query_params.get("limit", "20")
        if not limit.isdigit() or not 1 <= int(limit) <= batches.MOST_LISTED:
            raise wire.Refused(400, f"limit: 1 to {batches.MOST_LISTED}")
        listed, has_more = await self._batches.listed(
            limit=int(limit), after=request.query_params.get("after_id")
        )
        return JSONResponse(batches.page(listed, has_more=has_more))

    async def batch(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse(batches.view(await self._batches.get(request.path_params["id"])))

    async def cancel_batch(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse(batches.view(await self._batches.cancel(request.path_params["id"])))

    async def delete_batch(self, request: Request) -> Response:
        self._admit(request)
        id = request.path_params["id"]
        await self._batches.delete(id)
        return JSONResponse({"id": id, "type": "message_batch_deleted"})

    async def batch_results(self, request: Request) -> Response:
        self._admit(request)
        lines = batches.results(await self._batches.get(request.path_params["id"]))
        return Response(lines, media_type="application/x-jsonl")

    def _in_batch(self, body: bytes, sample: str) -> dict[str, Any]:
        """The message of a request in a batch: as it would be alone. What can go wrong only on the
        way to a client is a failure of the provider's here. Raises Refused."""
        digest = hashlib.sha256(body).hexdigest()
        arrival = self._calls.arrive(digest)
        question = wire.read(body)
        wire.fits(question, self._settings.window)
        wrong = fault(self._settings, f"{digest}/{sample}", arrival, role_of(question))
        self._refuse(wrong, body, arrival)
        if wrong in PASSING:
            raise wire.Refused(500, "internal server error")
        message = self._message(question, digest, f"{digest}/{sample}", wrong)
        self._calls.count(question.model, message["usage"], batched=True)
        self._calls.answered[digest] += 1
        spoilt: dict[str, Any] = message
        if wrong is not None:
            spoilt = json.loads(hostile.spoilt(wrong, message))
        return spoilt

    def _message(
        self, question: wire.MessagesRequest, digest: str, drawn: str, wrong: Fault | None
    ) -> dict[str, Any]:
        text = answer(
            question,
            lambda label, labels: noisy(self._settings, drawn, label, labels),
            obedient=self._settings.obedient,
        )
        text, stop_reason = _shortened(text, wrong, question.max_tokens)
        usage = self._cache.usage(question)
        return wire.message(digest, question.model, text, stop_reason, usage)

    def _admit(self, request: Request) -> None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        key = request.headers.get("x-api-key") or bearer
        expected = self._settings.api_key
        if not key:
            raise wire.Refused(401, "authorization: a bearer token is required")
        if expected and not secrets.compare_digest(
            key.encode(), expected.get_secret_value().encode()
        ):
            raise wire.Refused(401, "authorization: this key is not valid")
        if request.headers.get("anthropic-version") != wire.VERSION:
            raise wire.Refused(400, f"anthropic-version: must be {wire.VERSION}")

    def _refuse(self, wrong: Fault | None, body: bytes, arrival: int) -> None:
        first, length = self._settings.outage_from, self._settings.outage_requests
        if first is not None and first <= self._calls.arrived.total() < first + length:
            raise wire.Refused(529, "overloaded")
        match wrong:
            case Fault.BAD_RETRY_AFTER:
                after = hostile.RETRY_AFTER[arrival % len(hostile.RETRY_AFTER)]
                raise wire.Refused(429, "too many requests", retry_after=after)
            case Fault.REJECTED:
                raise wire.Refused(400, f"messages: not taken: {body.decode()}")
            case Fault.RATE_LIMITED:
                after = f"{self._settings.retry_after_s:g}"
                raise wire.Refused(429, "too many requests", retry_after=after)
            case Fault.RATE_LIMITED_BARE:
                raise wire.Refused(429, "too many requests")
            case Fault.SPEND_LIMIT:
                code = "enforced_spend_limit_reached"
                raise wire.Refused(429, "the monthly spend limit is reached", error_code=code)
            case Fault.OVERLOADED:
                raise wire.Refused(529, "overloaded")
            case Fault.SERVER_ERROR:
                raise wire.Refused(500, "internal server error")
            case Fault.UNAUTHORIZED:
                raise wire.Refused(401, "authorization: this key is not valid")
            case Fault.PAYMENT_DUE:
                raise wire.Refused(402, "the balance is too low")
            case Fault.FORBIDDEN:
                raise wire.Refused(403, "this key may not use the model")
            case Fault.NOT_FOUND:
                raise wire.Refused(404, "model: there is no such model")
            case Fault.TOO_LARGE:
                raise wire.Refused(413, "the request is larger than it may be")


def _shortened(text: str, wrong: Fault | None, max_tokens: int) -> tuple[str, str]:
    """The text as far as it gets, and the stop reason."""
    if wrong is Fault.REFUSED:
        return "", "refusal"
    if wrong is Fault.CUT:
        return text[: len(text) // 2], "max_tokens"
    if wrong is Fault.BROKEN_JSON:
        return text[: len(text) // 2], "end_turn"
    cut = wire.cut(text, max_tokens)
    return cut, "end_turn" if cut == text else "max_tokens"


async def _refused(_: Request, problem: Exception) -> Response:
    refused = cast(wire.Refused, problem)
    request_id = _request_id()
    headers = {"request-id": request_id}
    if refused.retry_after is not None:
        headers["retry-after"] = refused.retry_after
    return JSONResponse(wire.error(refused, request_id), refused.status, headers)


async def _lost(request: Request, problem: Exception) -> Response:
    """Starlette's own: no such path, no such method."""
    lost = cast(HTTPException, problem)
    return await _refused(request, wire.Refused(lost.status_code, lost.detail))


async def _hung_up(request: Request) -> None:
    """Returns once the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _nobody_listens(_: Request, __: Exception) -> Response:
    return Response(status_code=499)


def _request_id() -> str:
    return f"req_offline_{secrets.token_hex(8)}"
