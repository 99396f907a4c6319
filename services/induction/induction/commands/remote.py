"""How a command reaches a running induction, and what it makes of a refusal."""

import sys
from pathlib import Path
from typing import Annotated

import httpx2
from cyclopts import Parameter
from nlu_shared.client.patient import PatientBlockingClient
from nlu_shared.environment import is_set
from nlu_shared.kit.problems import on_one_line
from nlu_shared.kit.process.output import say_waiting
from nlu_shared.schemas.base import Problem
from pydantic import ValidationError

Url = Annotated[str, Parameter(env_var="INDUCTION_URL", help="Where the service is.")]
Key = Annotated[
    str, Parameter(env_var="INDUCTION_KEY", help="A key of the service; nlk_ and what follows.")
]
Task = Annotated[str, Parameter(help="The task the prompt is for.")]
Output = Annotated[Path | None, Parameter(help="The file; without it standard output.")]
UNKNOWN = "unknown_task"
HERE = "http://127.0.0.1:8002"
SILENCE_SECONDS = 60.0
"""A start reads all ground truth first; a service that says nothing for longer is gone."""


def client(url: str, key: str) -> PatientBlockingClient:
    """To `url`, or where nothing was given to this machine's own service."""
    return PatientBlockingClient(
        waiting=say_waiting("induction"),
        base_url=url if is_set(url) else HERE,
        headers={"Authorization": f"Bearer {key}"} if is_set(key) else {},
        timeout=SILENCE_SECONDS,
    )


def write(content: bytes, output: Path | None) -> None:
    """To a file, or to standard output."""
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)


def answer(response: httpx2.Response) -> httpx2.Response:
    """The response, or an exit with the problem on standard error."""
    if response.is_success:
        return response
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        sys.exit(f"induction: status {response.status_code}")
    reason = on_one_line(problem, key="INDUCTION_KEY")
    sys.exit(f"induction: {reason}{_tasks_there(response) if problem.code == UNKNOWN else ''}")


def _tasks_there(response: httpx2.Response) -> str:
    """What a mistyped task may have meant; nothing where that cannot be read."""
    request = response.request
    try:
        answered = httpx2.get(
            request.url.copy_with(path="/v1/tasks", query=None),
            headers={"Authorization": request.headers.get("Authorization", "")},
            timeout=SILENCE_SECONDS,
        ).json()
        slugs = [str(one["slug"]) for one in answered]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return ""
    return f" There are: {', '.join(slugs)}." if slugs else " There is none yet: POST /v1/tasks."
