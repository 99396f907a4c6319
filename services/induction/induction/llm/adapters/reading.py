"""What came back for a call, whatever it was: an answer, or a typed failure. Pure and total.

Nothing a provider sends raises here. What is no message is a `Failure` that `retry` decides about;
a message whose text is not the JSON that was asked for is an outcome of the model, charged by its
usage; one whose usage says nothing that can be believed has none, and is charged at its bound. No
word of the provider's goes further than this file, but its status and codes that are known; that a
prompt is too long is one of them, however it is worded.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from nlu_shared.rendering import answers
from nlu_shared.rendering.answers import ModelAnswer

from induction.llm.retry import SPEND_LIMITS, TOO_LONG, Failure, Kind

TOO_LONG_PHRASES = (
    TOO_LONG,
    "exceed_context_size",
    "prompt is too long",
    "input is too long",
    "maximum context length",
    "maximum input length",
    "context window",
    "context size",
    "context length",
    "string_above_max_length",
    "request_too_large",
    "too many input tokens",
)
"""How providers and servers say, in a code or in words, that a prompt does not fit: the Messages
API, OpenAI and Azure, vLLM, llama.cpp, Ollama, OpenRouter and Bedrock."""
LONGEST_MESSAGE = 4_096
"""Characters of a message that are looked at."""

Reading = Callable[[Any], ModelAnswer | None]


def read_message(status: int, headers: Mapping[str, str], body: bytes) -> ModelAnswer | Failure:
    """What a provider of the Messages API answers, whatever it is."""
    return _read(status, headers, body, answers.read_message)


def read_completion(status: int, headers: Mapping[str, str], body: bytes) -> ModelAnswer | Failure:
    """What a server of the chat-completions API answers, whatever it is."""
    return _read(status, headers, body, answers.read_completion)


def read_failure(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What an answer that is no 2xx says."""
    return Failure(Kind.STATUS, status, _code(json_of(body)), headers.get("retry-after"))


def _read(
    status: int, headers: Mapping[str, str], body: bytes, reading: Reading
) -> ModelAnswer | Failure:
    if not 200 <= status < 300:
        return read_failure(status, headers, body)
    answer = reading(json_of(body))
    return Failure(Kind.UNREADABLE) if answer is None else answer


def json_of(body: bytes) -> Any:
    """What the bytes say; None where that is nothing. They can be nested too deeply to read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _code(body: Any) -> str | None:
    """Of the codes of a refusal those that change what is done about it, in our spelling."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return TOO_LONG if _says_too_long(error) else None
    details = error.get("details")
    codes = (error.get("code"), details.get("error_code") if isinstance(details, dict) else None)
    for code in codes:
        if isinstance(code, str) and code in SPEND_LIMITS:
            return code
    says = (error.get(name) for name in ("code", "type", "message"))
    return TOO_LONG if any(map(_says_too_long, says)) else None


def _says_too_long(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    words = value[:LONGEST_MESSAGE].lower()
    return any(phrase in words for phrase in TOO_LONG_PHRASES)
