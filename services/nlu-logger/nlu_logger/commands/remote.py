"""How a command reaches a running nlu-logger, and what it makes of a refusal."""

import sys
from typing import Annotated

import httpx2
from cyclopts import Parameter
from nlu_shared.client.patient import PatientBlockingClient
from nlu_shared.environment import is_set
from nlu_shared.kit.problems import on_one_line
from nlu_shared.kit.process.output import say_waiting
from nlu_shared.schemas.base import Problem
from pydantic import ValidationError

Url = Annotated[str, Parameter(env_var="NLU_LOGGER_URL", help="Where the service is.")]
Key = Annotated[
    str, Parameter(env_var="NLU_LOGGER_KEY", help="A key of the service; nlk_ and what follows.")
]
HERE = "http://127.0.0.1:8001"
SILENCE_SECONDS = 60.0
"""A service that says nothing for longer is gone."""


def client(url: str, key: str) -> PatientBlockingClient:
    """To `url`, or where nothing was given to this machine's own service."""
    return PatientBlockingClient(
        waiting=say_waiting("nlu-logger"),
        base_url=url if is_set(url) else HERE,
        headers={"Authorization": f"Bearer {key}"} if is_set(key) else {},
        timeout=SILENCE_SECONDS,
    )


def done(answer: httpx2.Response) -> httpx2.Response:
    """The answer, or the end of the program with the reason of a refusal."""
    if not answer.is_success:
        sys.exit(f"nlu-logger: {reason_of(answer.content, answer.status_code)}")
    return answer


def reason_of(problem: bytes, status: int) -> str:
    """A refusal on one line."""
    try:
        return on_one_line(Problem.model_validate_json(problem), key="NLU_LOGGER_KEY")
    except ValidationError:
        return f"status {status}"
