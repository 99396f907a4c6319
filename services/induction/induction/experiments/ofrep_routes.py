"""What to run now by OpenFeature's remote evaluation protocol, OFREP 0.3: a task is a flag, its
prompt the value.

Errors that it has a body for are in its words; who may come in is answered as everywhere.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from nlu_shared.kit.errors import Invalid, NotFound
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.etags import is_held
from nlu_shared.kit.http.guard import IN_ITS_WORDS
from nlu_shared.kit.http.parameters import IfNoneMatch, PathTask
from nlu_shared.schemas.ofrep import (
    OfrepErrorCode,
    OfrepFailure,
    OfrepFlag,
    OfrepFlags,
    OfrepIn,
)
from starlette.exceptions import HTTPException

from induction.experiments import flags, serving
from induction.experiments.flags import FlagResponse
from induction.prompts.routes import model_settings
from induction.resources import Resources

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
EVALUATED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller has this answer"},
    400: {"model": OfrepFailure, "description": "The context cannot be understood"},
}
OF_ONE = EVALUATED | {404: {"model": OfrepFailure, "description": "Nothing serves there"}}


class InItsWords(APIRoute):
    """Answers what cannot be understood or found as OFREP does."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException as refused:
                if not isinstance(refused.__cause__, Invalid):
                    raise
                request.scope[IN_ITS_WORDS] = True
                return _failure(400, request, OfrepErrorCode.PARSE_ERROR, str(refused.__cause__))
            except NotFound:
                code, words = OfrepErrorCode.FLAG_NOT_FOUND, "Nothing serves there."
                return _failure(404, request, code, words)
            except (RequestValidationError, Invalid) as refused:
                places = refused.errors() if isinstance(refused, RequestValidationError) else ()
                if any("context" in one["loc"] for one in places):
                    code, words = OfrepErrorCode.INVALID_CONTEXT, "targetingKey is a short text."
                else:
                    code, words = OfrepErrorCode.PARSE_ERROR, "The request cannot be understood."
                return _failure(400, request, code, words)

        return handled


def _failure(status: int, request: Request, code: OfrepErrorCode, words: str) -> Response:
    key = request.path_params.get("task")
    failure = OfrepFailure.model_validate({"key": key, "errorCode": code, "errorDetails": words})
    return JSONResponse(failure.model_dump(by_alias=True, exclude_none=True), status_code=status)


router = APIRouter(prefix="/ofrep/v1/evaluate/flags", tags=["ofrep"], route_class=InItsWords)
read = requires("prompts:read")


@router.post("/{task}", dependencies=[read], response_model=OfrepFlag, responses=OF_ONE)
async def evaluate_flag(
    task: PathTask,
    body: OfrepIn,
    request: Request,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """The prompt that serves a unit, as OpenFeature's providers ask for it. A promotion or another
    share is heard of `INDUCTION_FLAG_SECONDS` later at most."""
    resources: Resources = request.app.state.resources
    unit = body.context.targeting_key
    answer = await flags.answer(resources, task, unit, settings=model_settings(request))
    return _sent(answer, if_none_match)


@router.post("", dependencies=[read], response_model=OfrepFlags, responses=EVALUATED)
async def evaluate_flags(
    body: OfrepIn,
    session: DbSession,
    caller: CallerDep,
    request: Request,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """The prompts that serve a unit in every task the caller may see, in one answer."""
    unit = body.context.targeting_key
    served = await serving.flags(session, unit, caller, settings=model_settings(request))
    return _sent(FlagResponse.of(OfrepFlags(flags=served)), if_none_match)


def _sent(answer: FlagResponse, if_none_match: str) -> Response:
    headers = {"ETag": answer.etag}
    if is_held(answer.etag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(answer.body, media_type="application/json", headers=headers)
