"""problem+json (RFC 9457): the one shape every error takes on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from nlu_shared.kit.errors import ServiceError
from nlu_shared.schemas.base import Problem

MEDIA_TYPE = "application/problem+json"


def problem_response(
    error: ServiceError,
    request_id: str | None,
    errors: Sequence[Mapping[str, Any]] | None = None,
) -> Response:
    problem = Problem(
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.detail,
        request_id=request_id,
        errors=error.errors or None if errors is None else [dict(one) for one in errors],
        labels=error.labels or None,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )
