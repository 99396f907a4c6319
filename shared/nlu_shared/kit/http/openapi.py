"""What a service says of itself: FastAPI's document, made true about errors, with examples.

The errors that any route of a kind can send stand here. A route states in `responses` what is
special about it: another good answer, and a 404 or 409 that its path does not show.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request

from nlu_shared.kit.errors import (
    Forbidden,
    Invalid,
    NotFound,
    ServiceError,
    TooLarge,
    TooMany,
    TooSlow,
    Unauthenticated,
    Unavailable,
    WrongMediaType,
)
from nlu_shared.kit.expected import expected_by, operation_of, query_lists, query_names
from nlu_shared.kit.http.pieces import add_missing
from nlu_shared.kit.http.problems import MEDIA_TYPE
from nlu_shared.kit.refusals import Expected, tellable
from nlu_shared.schemas.answer_examples import ANSWERS
from nlu_shared.schemas.base import Problem
from nlu_shared.schemas.examples import EXAMPLES
from nlu_shared.schemas.keys import KeyIn
from nlu_shared.schemas.pieces import COMPONENTS

ALWAYS = (Unauthenticated, Forbidden, Invalid, TooMany, Unavailable)
"""Of every operation; Invalid too, since no address may hold a NUL."""
OF_BODIES = (TooSlow, TooLarge, WrongMediaType)
_IS_EMPTY = "x-unknown-is-empty"
UNKNOWN_IS_EMPTY: dict[str, Any] = {_IS_EMPTY: True}
"""For `openapi_extra` of a route that has a good answer about an id of which nothing is stored."""
FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")
"""The 422 body that FastAPI declares, and that is never sent here."""
LATER = {"Retry-After": {"description": "Whole seconds to wait", "schema": {"type": "integer"}}}
HEADERS: Mapping[int, Mapping[str, Any]] = {
    Unauthenticated.status: {
        "WWW-Authenticate": {"description": "The scheme: Bearer", "schema": {"type": "string"}}
    },
    TooMany.status: LATER,
    Unavailable.status: LATER,
}


class Offered:
    """What FastAPI works out of routers: a second's work, and the same for every app of a process
    that offers them under one title. `document` is None until the first of them has written it."""

    def __init__(self, routers: Sequence[APIRouter]) -> None:
        self.routers = routers
        gathered = FastAPI(openapi_url=None, generate_unique_id_function=lambda route: route.name)
        for router in routers:
            gathered.include_router(router)
        self.routes = gathered.router.routes
        self.document: dict[str, Any] | None = None


class Documented(FastAPI):
    """An app whose document says of every operation which errors it can send, and their form; and
    that holds requests against it."""

    def offer(self, *routers: APIRouter) -> None:
        """Includes them; where another app has done so, they are worked out already."""
        named = (self.title, self.version, tuple(map(id, routers)))  # no router has a hash
        if named not in _OFFERED:
            _OFFERED[named] = Offered(routers)
        self._offered = _OFFERED[named]
        self.openapi_schema = self._offered.document
        self.router.routes.extend(self._offered.routes)

    def _show_a_scope(self, schemas: dict[str, Any]) -> None:
        """The example of a key has a scope of this service: another's would be refused."""
        known = getattr(self.state, "scopes", None)
        if known and KeyIn.__name__ in schemas:
            shown = schemas[KeyIn.__name__]["examples"][0]
            schemas[KeyIn.__name__]["examples"] = [{**shown, "scopes": [next(iter(known))]}]

    def operation(self, request: Request) -> Mapping[str, Any] | None:
        """The document's word on the operation that a request is for; None where it has none."""
        name = getattr(request.scope.get("route"), "name", "")
        return operation_of(self.openapi(), request.method, name)

    def expected(self, request: Request) -> Expected:
        """What belongs at a place of this request."""
        operation = self.operation(request) or {}
        document = self.openapi()
        return lambda place: expected_by(document, operation, place)

    def check_query(self, request: Request) -> None:
        """Raises Invalid for a parameter that the operation does not have, or has once and was
        given more often: a filter that is not read would keep everything."""
        if not request.query_params or (operation := self.operation(request)) is None:
            return
        known = query_names(operation)
        sent = [name for name, _ in request.query_params.multi_items()]
        if strange := [name for name in sent if name not in known]:
            takes = ", ".join(known) or "no query parameter"
            names = dict.fromkeys(tellable(name, sent.index(name) + 1) for name in strange)
            raise Invalid(
                f"Unknown query parameters: {', '.join(names)}. This operation takes {takes}.",
                code="unknown_parameter",
            )
        once = set(known) - query_lists(operation)
        if repeated := sorted(name for name in once if sent.count(name) > 1):
            raise Invalid(
                f"Given more than once, and read once: {', '.join(repeated)}.",
                code="repeated_parameter",
            )

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
            self._show_a_scope(self.openapi_schema["components"]["schemas"])
            self._offered.document = self.openapi_schema
        return self.openapi_schema


_OFFERED: dict[tuple[str, str, tuple[int, ...]], Offered] = {}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with `application/problem+json` under every error that has no other form, the
    schemas of what stands in lines and messages, and examples."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FASTAPIS_OWN:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    for operation in _operations(document):
        responses = operation["responses"]
        if _is_fastapis(responses.get("422")):
            del responses["422"]
        for error in _errors(operation):
            responses.setdefault(str(error.status), {"description": error.title})
        for status, response in responses.items():
            if status >= "400" and "content" not in response:
                response.update(_problem(int(status)))
    add_missing(document)
    for model, example in {**EXAMPLES, **ANSWERS}.items():
        if model.__name__ in schemas:
            schemas[model.__name__]["examples"] = [example]
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _errors(operation: dict[str, Any]) -> Iterator[type[ServiceError]]:
    yield from ALWAYS
    if "requestBody" in operation:
        yield from OF_BODIES
    named = [one for one in operation.get("parameters", []) if one["in"] == "path"]
    if not operation.pop(_IS_EMPTY, False) and not all(map(_is_listed, named)):
        yield NotFound


def _is_listed(parameter: dict[str, Any]) -> bool:
    """Of a closed list of names: one that is not on it is invalid, not unknown."""
    return "$ref" in parameter["schema"] or "enum" in parameter["schema"]


def _is_fastapis(response: dict[str, Any] | None) -> bool:
    return response is not None and FASTAPIS_OWN[0] in str(response.get("content"))


def _problem(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{COMPONENTS}Problem"}}}
    }
    if status in HEADERS:
        described["headers"] = dict(HEADERS[status])
    return described
