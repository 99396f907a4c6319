"""How a command reaches a running induction, and what it makes of a refusal."""

import json
import sys
from typing import Annotated

import httpx2
from cyclopts import Parameter
from nlu_shared.environment import is_given

Url = Annotated[str, Parameter(env_var="INDUCTION_URL")]
Key = Annotated[str, Parameter(env_var="INDUCTION_KEY")]
HERE = "http://127.0.0.1:8002"
SILENCE_SECONDS = 60.0
"""A start reads all ground truth first; a service that says nothing for longer is gone."""


def client(url: str, key: str) -> httpx2.Client:
    """To `url`, or where nothing was given to this machine's own service."""
    return httpx2.Client(
        base_url=url if is_given(url) else HERE,
        headers={"Authorization": f"Bearer {key}"} if is_given(key) else {},
        timeout=SILENCE_SECONDS,
    )


def answer(response: httpx2.Response) -> httpx2.Response:
    """The response, or an exit with the problem's title on standard error."""
    if response.is_success:
        return response
    try:
        problem = json.loads(response.text)
        reason = problem.get("detail") or problem["title"]
    except (ValueError, KeyError):
        reason = f"status {response.status_code}"
    sys.exit(f"induction: {reason}")
