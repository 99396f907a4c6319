"""Which model is asked and where: the one that a prompt was measured with, unless a caller names
another.

A text goes to no vendor that the prompt was not measured with, but by the caller's word. An address
of one's own is no prompt's affair: it is said here, by the environment.
"""

import json
import logging
from collections.abc import Awaitable, Mapping
from typing import NamedTuple

from nlu_shared.client.prompted.model import (
    HEADERS,
    KEY,
    ChatCompletionsApi,
    MessagesApi,
    ModelApi,
    ModelFailed,
)
from nlu_shared.client.prompted.served import ServedPrompt
from nlu_shared.environment import variable
from nlu_shared.rendering import ModelAnswer, ModelRequest
from nlu_shared.schemas.endpoints import (
    ANTHROPIC,
    OFFLINE,
    OPENAI,
    WHOLE,
    ApiForm,
    ModelEndpoint,
    provider_of,
)

log = logging.getLogger(__name__)
URL = "NLU_MODEL_URL"
"""With KEY and HEADERS: of the server that answers, whatever model and provider a prompt names."""


class Vendor(NamedTuple):
    """A provider that is known by its name: its form, the variables that say where it is and with
    which key, and where it is where those say nothing."""

    api: ApiForm
    url: str
    key: str
    address: str | None


VENDORS: Mapping[str, Vendor] = {
    ANTHROPIC: Vendor(
        ApiForm.MESSAGES, "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "https://api.anthropic.com"
    ),
    OPENAI: Vendor(
        ApiForm.CHAT_COMPLETIONS, "OPENAI_BASE_URL", "OPENAI_API_KEY", "https://api.openai.com/v1"
    ),
    OFFLINE: Vendor(ApiForm.MESSAGES, "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", None),
}
APIS: Mapping[ApiForm, type[ModelApi]] = {
    one.form: one for one in (MessagesApi, ChatCompletionsApi)
}


class Place(NamedTuple):
    """Where a model is asked, with which key, and which headers beside; `key_name` is the variable
    that the key is from."""

    url: str
    key: str | None
    key_name: str
    headers: tuple[tuple[str, str], ...] = ()

    def lacks(self, endpoint: ModelEndpoint) -> tuple[str, ...]:
        """The headers that were sent in the measurement, and are not here."""
        here = {name.lower() for name, _ in self.headers}
        return tuple(name for name in endpoint.headers if name.lower() not in here)


def endpoint_of(prompt: ServedPrompt, model: str) -> ModelEndpoint:
    """How `model` is asked, the prompt's own or another."""
    measured = (
        prompt.endpoint
        or _untold(prompt.made_on, prompt.model or model)
        or named(prompt.model or model)
    )
    return measured if model == prompt.model else instead(measured, model)


def named(model: str) -> ModelEndpoint:
    """How a model is asked by its name alone: `vendor/model` of that vendor, any other by the
    Messages API. No model of Anthropic's has a slash in its name: such a one is at an address of
    its own."""
    name, _, rest = model.partition("/")
    if rest and (vendor := VENDORS.get(name)):
        return ModelEndpoint(provider=name, api=vendor.api, model=rest, dialect=WHOLE[vendor.api])
    return ModelEndpoint.plain(model).model_copy(update={"has_address": "/" in model})


def _untold(made_on: str | None, model: str) -> ModelEndpoint | None:
    """Of a prompt that was kept or exported before one said how its model is asked: where it was
    made at another provider's than Anthropic, it is asked there."""
    if made_on is None or "/" in model:
        return None
    provider = provider_of(made_on)
    if provider == ANTHROPIC:
        return None
    api = VENDORS[provider].api if provider in VENDORS else ApiForm.MESSAGES
    return ModelEndpoint(
        provider=provider, api=api, model=model, dialect=WHOLE[api], has_address=" at " in made_on
    )


def instead(measured: ModelEndpoint, model: str) -> ModelEndpoint:
    """How the model is asked that a caller names in place of the measured one: another of the same
    provider, in the same form, unless its name begins with another vendor's."""
    name, _, rest = model.partition("/")
    if rest and name == measured.provider:
        return measured.model_copy(update={"model": rest})
    if rest and name in VENDORS:
        return named(model)
    return measured.model_copy(update={"model": model})


def place_of(endpoint: ModelEndpoint) -> Place:
    """By the environment. Raises ModelFailed where it does not say: then nothing is sent."""
    if url := variable(URL):
        return Place(url, variable(KEY), KEY, _headers())
    vendor = VENDORS.get(endpoint.provider)
    if vendor is None or vendor.api is not endpoint.api:
        raise ModelFailed(
            f"the prompt's model is not at a vendor that is known here: set {URL} to the address of"
            f" its server, and {KEY} where it wants a key"
        )
    url = variable(vendor.url) or (None if endpoint.has_address else vendor.address)
    if url is None:
        raise ModelFailed(
            f"the prompt's model was measured at an address of its own: set {vendor.url} or {URL}"
        )
    return Place(url, variable(vendor.key), vendor.key)


def _headers() -> tuple[tuple[str, str], ...]:
    """Raises ModelFailed."""
    try:
        headers = json.loads(variable(HEADERS) or "{}")
    except ValueError:
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(one, str) for one in headers.values()):
        raise ModelFailed(f"{HEADERS} is no JSON object of texts")
    return tuple(headers.items())


class ModelApis:
    """The servers of the models that prompts name. With `url` (and `key` and `headers`) that one is
    asked, whatever a prompt names; else the environment says which, at each call."""

    def __init__(
        self,
        *,
        url: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        has_more = key is not None or headers is not None
        place = url or (variable(URL) if has_more else None)
        if place is None and has_more:
            raise ValueError(f"a key or headers, and no address that they are for: {URL} gives one")
        own = tuple((headers or {}).items())
        self._place = None if place is None else Place(place, key, KEY, own)
        self._open: dict[tuple[ApiForm, Place], ModelApi] = {}
        self._warned: set[tuple[str, ...]] = set()

    async def complete(self, request: ModelRequest, endpoint: ModelEndpoint) -> ModelAnswer:
        """Raises ModelFailed."""
        place = self._place or place_of(endpoint)
        at = endpoint.api, place
        if at not in self._open:
            self._open[at] = APIS[endpoint.api](
                url=place.url, key=place.key, key_name=place.key_name, headers=place.headers
            )
        asking = self._open[at].complete(
            request, endpoint.dialect, seconds=endpoint.timeout_seconds
        )
        return await (self._lacking(lacks, asking) if (lacks := place.lacks(endpoint)) else asking)

    async def _lacking(self, names: tuple[str, ...], asking: Awaitable[ModelAnswer]) -> ModelAnswer:
        """Many a header changes nothing of an answer, so the lack of one stops nobody by itself; it
        is told once, and where the server does not answer."""
        lack = (
            f"measured with headers that are not set here ({', '.join(names)}): {HEADERS}, a JSON"
            f" object of texts, goes with {URL}"
        )
        if names not in self._warned:
            self._warned.add(names)
            log.warning("the prompt's model was %s", lack)
        try:
            return await asking
        except ModelFailed as failure:
            raise ModelFailed(f"{failure}; it was {lack}") from None

    async def close(self) -> None:
        for one in list(self._open.values()):
            await one.close()
