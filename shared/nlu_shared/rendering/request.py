"""One question to a model, whole, and the two forms in which it is sent. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlu_shared.schemas.base import digest
from nlu_shared.schemas.endpoints import NEWER_LENGTH, ApiForm, Dialect
from nlu_shared.schemas.ground_truth import Context

ANSWER = "answer"
"""What the response schema is called in the chat-completions form, which wants a name."""
CACHED = {"type": "ephemeral"}
"""On the last part of the system text that is the same from case to case."""


def frame(text: str, context: Context | None) -> dict[str, Any]:
    """A case as a model sees it: what stands before its text where there is any, and the text."""
    before = {} if context is None else context.model_dump(mode="json", exclude_defaults=True)
    return {**before, "text": text}


def framed(text: str, context: Context | None) -> str:
    """A case as a model is asked about it: JSON, so that nothing said in it ends its frame."""
    return json.dumps(frame(text, context), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model, whole: equal requests have equal keys and one stored answer.

    `system` are the parts that stay the same from case to case (cached by the provider), but for
    the last `varying`; `user` is what changes, `schema` the JSON Schema the answer must follow.
    """

    model: str
    system: tuple[str, ...]
    user: str
    schema: Mapping[str, Any]
    max_tokens: int
    varying: int = 0

    @property
    def key(self) -> str:
        return digest([self.model, self.system, self.user, self.schema, self.max_tokens])

    def messages(self) -> dict[str, Any]:
        """The body of a POST to `/v1/messages` (the Messages API)."""
        return {
            "max_tokens": self.max_tokens,
            "messages": [{"role": "user", "content": self.user}],
            "model": self.model,
            "output_config": {"format": {"type": "json_schema", "schema": dict(self.schema)}},
            "system": system_blocks(self.system, self.varying),
        }

    def chat_completions(self) -> dict[str, Any]:
        """The same as the body of a POST to `/v1/chat/completions`."""
        system = "\n\n".join(text for text in self.system if text)
        turns = [{"role": "system", "content": system}] if system else []
        return {
            "model": self.model,
            "messages": [*turns, {"role": "user", "content": self.user}],
            NEWER_LENGTH: self.max_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": ANSWER,
                    "strict": names_all(self.schema),
                    "schema": dict(self.schema),
                },
            },
        }


def body_of(request: ModelRequest, api: ApiForm, dialect: Dialect) -> dict[str, Any]:
    """What is sent, whoever sends it: the request as it was rendered, in what the server takes of
    it. Its fields stand in the order in which the providers' SDKs send them."""
    if api is ApiForm.CHAT_COMPLETIONS:
        return _completion_body(request.chat_completions(), dialect)
    return _message_body(request.messages(), dialect)


def _message_body(body: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    config = body["output_config"] if dialect.takes_schema else {}
    if dialect.effort is not None:
        config = {**config, "effort": dialect.effort}
    if not config:
        del body["output_config"]
        return body
    return {**body, "output_config": config}


def _completion_body(rendered: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    body = {
        "model": rendered["model"],
        "messages": rendered["messages"],
        dialect.length_field: rendered[NEWER_LENGTH],
    }
    if dialect.effort is not None:
        body["reasoning_effort"] = dialect.effort
    if dialect.takes_schema:
        body["response_format"] = rendered["response_format"]
    if dialect.takes_temperature:
        body["temperature"] = 0
    return body


def system_blocks(system: tuple[str, ...], varying: int = 0) -> list[dict[str, Any]]:
    """The parts of a system text as blocks of the Messages form, of which the last `varying` are
    not cached; an empty part is none."""
    fixed: list[dict[str, Any]] = [
        {"type": "text", "text": text} for text in system[: len(system) - varying] if text
    ]
    if fixed:
        fixed[-1]["cache_control"] = CACHED
    return fixed + [{"type": "text", "text": text} for text in system[len(system) - varying :]]


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """A body as it goes over the wire."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def names_all(schema: Any) -> bool:
    """Whether every property is required, at every depth: only then may a schema be `strict`."""
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties", {})
    nested = [*properties.values(), schema.get("items")]
    return set(properties) <= set(schema.get("required", ())) and all(map(names_all, nested))
