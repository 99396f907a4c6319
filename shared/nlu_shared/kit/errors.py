"""Errors are nouns, raised where they are known and translated to problem+json in `http.web`."""

from collections.abc import Mapping, Sequence
from typing import Any


class ServiceError(Exception):
    """Base of all errors a caller may see. `detail` must never hold the caller's own text.

    `errors` are place and kind of faults in a body, `labels` the operator's own words.
    `commit_on_error`: what the request wrote before it failed is kept: it records the failure.
    """

    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"
    commit_on_error = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        labels: Sequence[str] = (),
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.code = code or self.code
        self.headers = dict(headers or {})
        self.errors = [dict(one) for one in errors]
        self.labels = list(labels)


class Invalid(ServiceError):
    status = 422
    code = "invalid"
    title = "The request cannot be understood"


class Unauthenticated(ServiceError):
    status = 401
    code = "unauthenticated"
    title = "A valid key or token is needed"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ServiceError):
    status = 403
    code = "forbidden"
    title = "This key or token may not do that"


class NotFound(ServiceError):
    status = 404
    code = "not_found"
    title = "There is no such thing here"


class Conflict(ServiceError):
    status = 409
    code = "conflict"
    title = "This contradicts what is stored"


class TooLarge(ServiceError):
    status = 413
    code = "body_too_large"
    title = "The body is larger than allowed"


class WrongMediaType(ServiceError):
    status = 415
    code = "wrong_media_type"
    title = "The content type is not one this path reads"


class TooSlow(ServiceError):
    """The connection is closed: what is left of the body would be read as another request."""

    status = 408
    code = "body_too_slow"
    title = "The body took too long"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class TooMany(ServiceError):
    """The same request is welcome after `retry_after` seconds."""

    status = 429
    code = "too_many_requests"
    title = "More requests than one caller may make"

    def __init__(self, *, retry_after: int, per_minute: int) -> None:
        headers = {
            "Retry-After": str(retry_after),
            "RateLimit-Policy": f'"minute";q={per_minute};w=60',
            "RateLimit": f'"minute";r=0;t={retry_after}',
        }
        super().__init__(headers=headers)


class Unavailable(ServiceError):
    """Nothing was stored; the same request can be sent again after `retry_after` seconds."""

    status = 503
    code = "unavailable"
    title = "A service this depends on is away"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
