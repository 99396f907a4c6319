"""The frame around both APIs: request ids, errors, guard, health, metrics, docs without a CDN."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import text
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from nlu_shared.kit.data.db import CONNECT_SECONDS, check_writable, database_errors
from nlu_shared.kit.errors import Invalid, NotFound, ServiceError, Unavailable
from nlu_shared.kit.http.deps import WebResources, admit
from nlu_shared.kit.http.guard import BodyGuard
from nlu_shared.kit.http.limits import Room
from nlu_shared.kit.http.openapi import Documented
from nlu_shared.kit.http.origins import admit_pages
from nlu_shared.kit.http.problems import problem_response
from nlu_shared.kit.http.sharing import shared
from nlu_shared.kit.refusals import where
from nlu_shared.kit.settings import ServiceSettings

log = structlog.get_logger(__name__)
READY_SECONDS = 1.0
METRICS_SECONDS = 1.0
MEASURED_SECONDS = 2.0
"""How old the answers of pages may be that anybody may ask for."""
PROVEN = {"caller", "identified"}
"""What stands in a request's state once it is known whose it is."""
SWAGGER = Path(__file__).parent / "swagger"
_REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_METHODS_REFUSED = {404: "not_found", 405: "method_not_allowed"}

Open = Callable[[], AbstractAsyncContextManager[WebResources]]
Refusing = Callable[[Request, ServiceError], Response | None]
"""How a page is refused; None where the request is for none."""
Measure = Callable[[Any], Awaitable[Mapping[str, float]]]
"""From a service's resources to gauges by name, read when `/metrics` is asked."""


def create_app(
    *,
    title: str,
    version: str,
    open_resources: Open,
    routers: Sequence[APIRouter],
    settings: ServiceSettings,
    scopes: Mapping[str, str],
    measure: Measure | None = None,
    refusing: Refusing | None = None,
) -> FastAPI:
    """A service: everything its routers need is opened once, by `open_resources`. `scopes` are what
    its keys may be allowed, a sentence each; `refusing` is of its pages."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.openapi()  # what requests are held against; later it would keep one of them waiting
        async with open_resources() as resources:
            app.state.resources = resources
            yield

    app = Documented(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        # Call on every request whether anybody listens; /metrics is what we offer.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.scopes, app.state.refusing = scopes, refusing
    app.state.metrics = Metrics()
    app.offer(*routers)
    app.include_router(_frame(title, version, measure))
    if SWAGGER.is_dir():
        app.mount("/docs-assets", StaticFiles(directory=SWAGGER), name="docs-assets")
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(
        BodyGuard,
        max_bytes=settings.max_body_bytes,
        seconds=settings.body_seconds,
        room=Room(settings.bodies_bytes),
        admit=admit,
    )
    app.add_middleware(RequestFrame, metrics=app.state.metrics)
    admit_pages(app, settings.cors_origins)
    if settings.trusted_proxies:
        named = [str(one) for one in settings.trusted_proxies]
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=named)
    return app


class Metrics:
    """Requests by route template and status, and their seconds; one registry per app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "http_request_seconds",
            "Seconds until the last byte",
            ["method", "route"],
            registry=self.registry,
        )
        self.gauges: dict[str, Gauge] = {}

    def set(self, measured: Mapping[str, float]) -> None:
        for name, value in measured.items():
            if name not in self.gauges:
                self.gauges[name] = Gauge(name, name.replace("_", " "), registry=self.registry)
            self.gauges[name].set(value)


class RequestFrame:
    """Gives every request its id, echoes it, counts the answer, and paces those to strangers."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        header = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = header if _REQUEST_ID.match(header) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # An answer that says we cannot is due at once, whoever asked.
                if status < 500 and not scope["state"].keys() & PROVEN:
                    await _pace(scope)
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.requests.labels(scope["method"], route, str(status)).inc()
            self.metrics.seconds.labels(scope["method"], route).observe(
                time.perf_counter() - started
            )


async def _pace(scope: Scope) -> None:
    resources: WebResources = scope["app"].state.resources
    client = scope.get("client")
    await resources.limits.pace(client[0] if client else "")


def _frame(title: str, version: str, measure: Measure | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    @shared(seconds=READY_SECONDS)
    async def readyz(request: Request) -> dict[str, str]:
        resources: WebResources = request.app.state.resources
        async with (
            database_errors(),
            asyncio.timeout(CONNECT_SECONDS),
            resources.database.readiness.connect() as connection,
        ):
            result = await connection.execute(text("SELECT to_regclass('api_keys')::text"))
            if result.scalar_one() is None:
                raise Unavailable("The database is not migrated.")
            await check_writable(connection)
        return {"status": "ready"}

    @router.get("/version")
    async def version_of_service() -> dict[str, str]:
        return {"service": title, "version": version}

    @shared(seconds=MEASURED_SECONDS)
    async def measured(request: Request) -> Mapping[str, float]:
        # Without the database the other numbers are wanted more than ever.
        with suppress(Unavailable):
            return await measure(request.app.state.resources) if measure else {}
        return {}

    @shared(seconds=METRICS_SECONDS)
    async def rendered(request: Request) -> bytes:
        kept: Metrics = request.app.state.metrics
        kept.set(await measured(request))
        return generate_latest(kept.registry)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        return Response(await rendered(request), media_type=CONTENT_TYPE_LATEST)

    @cache
    def document(app: FastAPI) -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False).encode()

    @router.get("/openapi.json")
    async def openapi(request: Request) -> Response:
        return Response(document(request.app), media_type="application/json")

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=title,
            swagger_js_url="/docs-assets/swagger-ui-bundle.js",
            swagger_css_url="/docs-assets/swagger-ui.css",
            swagger_favicon_url="data:,",
        )

    return router


def _request_id(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)


def _refused(
    request: Request, error: ServiceError, faults: Sequence[Mapping[str, Any]] | None = None
) -> Response:
    refusing: Refusing | None = request.app.state.refusing
    page = None if refusing is None else refusing(request, error)
    return page or problem_response(error, _request_id(request), faults)


async def _service_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ServiceError):
        raise error
    return _refused(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = where(error.errors(), request.app.expected(request), error.body)
    return _refused(request, Invalid(), faults)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    plain = NotFound() if error.status_code == 404 else ServiceError()
    plain.status = error.status_code
    plain.code = _METHODS_REFUSED.get(error.status_code, "refused")
    plain.title = "The request was refused" if error.status_code != 404 else plain.title
    plain.headers = dict(error.headers or {})
    return _refused(request, plain)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request failed", request_id=_request_id(request), error=type(error).__name__)
    return _refused(request, ServiceError())
