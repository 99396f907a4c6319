"""The Messages API as this app takes and gives it: requests read strictly, answers, error bodies.

Pure. Parameters that the provider has retired or does not know are refused, as the provider does;
so are those that this app could only pretend to honour.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

VERSION = "2026-10-21"
RETIRED = ("temperature", "top_p", "top_k")
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class Refused(Exception):
    """The request is answered with an error body. `retry_after` is the header as it is sent."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: str | None = None,
        error_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.error_code = error_code


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CacheControl(_Strict):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class TextBlock(_Strict):
    type: Literal["text"]
    text: Annotated[str, Field(min_length=1)]
    cache_control: CacheControl | None = None


class Turn(_Strict):
    role: Literal["user", "assistant"]
    content: Annotated[str, Field(min_length=1)] | Annotated[list[TextBlock], Field(min_length=1)]

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(block.text for block in self.content)


class JsonFormat(_Strict):
    type: Literal["json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class OutputConfig(_Strict):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: JsonFormat | None = None


class MessagesRequest(_Strict):
    model: Annotated[str, Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)]
    messages: Annotated[list[Turn], Field(min_length=1)]
    system: str | list[TextBlock] = []
    output_config: OutputConfig = OutputConfig()
    metadata: dict[str, Any] | None = None
    thinking: dict[str, Any] | None = None
    service_tier: Literal["auto", "standard_only"] = "auto"
    stream: Literal[False] = False

    @property
    def blocks(self) -> list[TextBlock]:
        if not isinstance(self.system, str):
            return self.system
        return [TextBlock(type="text", text=self.system)] if self.system else []

    @property
    def answer_schema(self) -> dict[str, Any]:
        return self.output_config.format.schema_ if self.output_config.format else {}


def read(body: bytes) -> MessagesRequest:
    """The request in a body. Raises Refused (400), naming the field but not its value."""
    try:
        request = MessagesRequest.model_validate_json(body)
    except ValidationError as error:
        raise Refused(400, complaint(error)) from None
    if request.messages[-1].role != "user":
        raise Refused(400, "messages: the last turn must be the user's")
    return request


def complaint(error: ValidationError) -> str:
    """What is wrong first, naming the field but not its value."""
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, problem["loc"]))
    if where in RETIRED:
        return f"{where}: this parameter is no longer supported"
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])


def tokens(text: str) -> int:
    """A stand-in for a tokenizer: a quarter of the characters, rounded up."""
    return -(-len(text) // 4)


def fits(request: MessagesRequest, window: int | None) -> None:
    """Raises Refused (400) for a prompt of more tokens than the window has; None: any fits."""
    texts = [*(block.text for block in request.blocks), *(turn.text for turn in request.messages)]
    size = sum(map(tokens, texts))
    if window is not None and size > window:
        raise Refused(400, f"prompt is too long: {size} tokens > {window} maximum")


def cut(text: str, most: int) -> str:
    """As much of the text as that many tokens hold."""
    return text[: most * 4]


def message(
    digest: str, model: str, text: str, stop_reason: str, usage: dict[str, int]
) -> dict[str, Any]:
    """A Messages API answer; its id says that no language model gave it."""
    return {
        "id": f"offline_{digest[:24]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": tokens(text), "service_tier": "standard"},
    }


def error(refused: Refused, request_id: str | None) -> dict[str, Any]:
    """The body of every answer that is no 200, and of a batch's request that failed."""
    body: dict[str, Any] = {
        "type": ERROR_TYPES.get(refused.status, "api_error"),
        "message": refused.message,
    }
    if refused.error_code:
        body["details"] = {"error_code": refused.error_code}
    return {"type": "error", "error": body, "request_id": request_id}
