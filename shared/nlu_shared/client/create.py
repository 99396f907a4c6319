"""A service of the client, put together from what its caller has: a classifier, or only a task."""

from collections.abc import Mapping
from pathlib import Path
from typing import overload

from nlu_shared.client.api import logger_api
from nlu_shared.client.prompted import PromptedClassifier, PromptedService, PromptSource
from nlu_shared.client.prompted.endpoints import ModelApis
from nlu_shared.client.service import Classifier, NLUService
from nlu_shared.client.spool import Spool
from nlu_shared.client.transport import HttpTransport, Transport
from nlu_shared.environment import variable
from nlu_shared.schemas.predictions import INTENT
from nlu_shared.schemas.prompts import ServingAlias

SPOOL_DIR = "NLU_SPOOL_DIR"
PRODUCTION = ServingAlias.PRODUCTION.value


@overload
def create_nlu_service(
    classifier: Classifier,
    *,
    url: str | None = ...,
    key: str | None = ...,
    task: str = ...,
    spool: Path | str | None = ...,
    transport: Transport | None = ...,
) -> NLUService: ...


@overload
def create_nlu_service(
    classifier: None = None,
    *,
    url: str | None = ...,
    key: str | None = ...,
    task: str = ...,
    spool: Path | str | None = ...,
    transport: Transport | None = ...,
    model: str | None = ...,
    model_url: str | None = ...,
    model_key: str | None = ...,
    model_headers: Mapping[str, str] | None = ...,
    prompts: Path | str | None = ...,
    prompt_cache: Path | str | None = ...,
    alias: str = ...,
    induction_url: str | None = ...,
    induction_key: str | None = ...,
) -> PromptedService: ...


def create_nlu_service(
    classifier: Classifier | None = None,
    *,
    url: str | None = None,
    key: str | None = None,
    task: str = INTENT,
    spool: Path | str | None = None,
    transport: Transport | None = None,
    model: str | None = None,
    model_url: str | None = None,
    model_key: str | None = None,
    model_headers: Mapping[str, str] | None = None,
    prompts: Path | str | None = None,
    prompt_cache: Path | str | None = None,
    alias: str = PRODUCTION,
    induction_url: str | None = None,
    induction_key: str | None = None,
) -> NLUService:
    """`url` and `key` default to NLU_LOGGER_URL and NLU_LOGGER_KEY; a `transport` needs neither.

    With the folder `spool`, by default NLU_SPOOL_DIR, what is logged outlives a service that is
    away. Without one it is posted at once, and lost where that fails.

    Without a classifier the prompt that serves is one, on the model it was measured with, in
    production or, with another `alias`, in staging. It is fetched from induction (INDUCTION_URL,
    INDUCTION_KEY), kept in `prompt_cache` (NLU_PROMPT_CACHE) and, where neither has it, read from
    `prompts` (NLU_PROMPTS, else `prompts.py`).

    The model is asked in the form in which it was measured: at `model_url` with `model_key` and
    `model_headers` (NLU_MODEL_URL, NLU_MODEL_KEY, NLU_MODEL_HEADERS), else as its provider's name
    says, with ANTHROPIC_API_KEY or OPENAI_API_KEY (and ANTHROPIC_BASE_URL, OPENAI_BASE_URL).
    Without an address for any other provider nothing is sent. `model` is asked instead: another of
    the same provider, or `anthropic/…` or `openai/…` of these.
    """
    folder = spool or variable(SPOOL_DIR)
    if transport is None and folder:
        transport = Spool(folder, url=url, key=key)
    transport = transport or HttpTransport(logger_api(url, key))
    if classifier is not None:
        return NLUService(classifier, transport, task=task)
    source = PromptSource(
        task,
        url=induction_url,
        key=induction_key,
        cache=prompt_cache,
        bundled=prompts,
        alias=alias,
    )
    apis = ModelApis(url=model_url, key=model_key, headers=model_headers)
    return PromptedService(PromptedClassifier(source, apis, model=model), transport, task=task)
