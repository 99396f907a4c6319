"""What can go wrong between a client and a service, by name."""

from datetime import UTC, datetime

from pydantic import ValidationError

from nlu_shared.backoff import requested_seconds
from nlu_shared.schemas.base import Problem


class ClientError(Exception):
    """Base of everything the client raises."""


class Unreachable(ClientError):
    """No answer came: refused connection, broken connection or timeout."""


class UnexpectedAnswer(ClientError):
    """An answer came that this client cannot read; is the address right?"""


class NotLoggable(ClientError):
    """What was to be logged is no prediction, outcome or correction; names the fields."""


class Refused(ClientError):
    """The service said no. `problem` is its problem+json body."""

    def __init__(self, problem: Problem) -> None:
        places = ", ".join(
            f"{'.'.join(map(str, one.get('loc', [])))} ({one.get('expected') or one.get('type')})"
            for one in problem.errors or []
        )
        lines = [f"{problem.status} {problem.code}: {problem.detail or problem.title}", places]
        super().__init__("; ".join(part for part in lines if part))
        self.problem = problem

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def code(self) -> str:
        """Stable, meant for programs."""
        return self.problem.code


class Unauthenticated(Refused):
    """401: the key is missing, unknown, expired or revoked."""


class Forbidden(Refused):
    """403: the key is valid and may not do this."""


class NotFound(Refused):
    """404."""


class Conflict(Refused):
    """409: this contradicts what is stored."""


class Unavailable(Refused):
    """429, 502, 503 or 504: the service, or what stands before it, asks to be called later."""

    def __init__(self, problem: Problem, retry_after: float | None) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


_BY_STATUS: dict[int, type[Refused]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}
_TRY_AGAIN = {429, 502, 503, 504}


def refusal(status: int, body: bytes, retry_after: str | None) -> Refused:
    """The named error for an answer of 400 and above; a proxy's HTML page gets a code too."""
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        problem = Problem(title="no problem+json in the answer", status=status, code="unknown")
    if status in _TRY_AGAIN:
        return Unavailable(problem, requested_seconds(retry_after, datetime.now(UTC)))
    return _BY_STATUS.get(status, Refused)(problem)
