"""Whether a provider answers: one look at its list of models, which costs nothing.

One function a form of API; another form is one more line of `LOOKS`. What a provider says goes no
further than a word, and no key is in it.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import httpx2
from nlu_shared.certificates import trusted
from nlu_shared.schemas.models import Reach

from induction.providers import Api, Provider

SECONDS = 3.0
"""For the whole look."""
ANTHROPIC = "https://api.anthropic.com"
OPENAI = "https://api.openai.com/v1"
VERSION = "2026-10-21"
"""Of the Messages API, as its SDK sends it."""


async def reach(provider: Provider) -> Reach:
    """Raises nothing that a provider could cause."""
    return await LOOKS[provider.api](provider)


async def _messages(provider: Provider) -> Reach:
    headers = {**_headers(provider), "anthropic-version": VERSION}
    return await _look(f"{_trimmed(provider.base_url or ANTHROPIC)}/v1/models", headers)


async def _chat_completions(provider: Provider) -> Reach:
    return await _look(f"{_trimmed(provider.base_url or OPENAI)}/models", _headers(provider))


async def _offline(provider: Provider) -> Reach:
    return Reach.IN_PROCESS if provider.base_url is None else await _messages(provider)


LOOKS: Mapping[Api, Callable[[Provider], Awaitable[Reach]]] = {
    Api.MESSAGES: _messages,
    Api.CHAT_COMPLETIONS: _chat_completions,
    Api.OFFLINE: _offline,
}


def _headers(provider: Provider) -> dict[str, str]:
    own = {name: value.get_secret_value() for name, value in provider.headers.items()}
    if provider.api_key is None:
        return own
    return {"Authorization": f"Bearer {provider.api_key.get_secret_value()}", **own}


def _trimmed(address: str) -> str:
    return address.rstrip("/")


async def _look(url: str, headers: Mapping[str, str]) -> Reach:
    try:
        async with httpx2.AsyncClient(timeout=SECONDS, verify=trusted()) as http:
            response = await http.get(url, headers=dict(headers))
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
        return Reach.AWAY
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Reach.KEY_REFUSED
    # A server without such a list answers all the same.
    if response.is_success or response.status_code == HTTPStatus.NOT_FOUND:
        return Reach.REACHABLE
    return Reach.FAILING
