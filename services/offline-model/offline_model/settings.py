"""How the offline model is told to behave. By default it is instant, deterministic and kind."""

from enum import StrEnum
from typing import Annotated

from nlu_shared.kit.environment import EnvironmentSettings
from pydantic import Field, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict


class Role(StrEnum):
    """Which questions are put to a model."""

    TASK = "task"  # a text to label or to code
    PROPOSER = "proposer"  # a prompt to change


class Fault(StrEnum):
    """What can be made to go wrong. The first group passes when the same request comes again;
    the second is the answer itself, the same at every repeat."""

    RATE_LIMITED = "rate_limited"  # 429 with retry-after
    RATE_LIMITED_BARE = "rate_limited_bare"  # 429 without
    OVERLOADED = "overloaded"  # 529
    SERVER_ERROR = "server_error"  # 500
    NO_ANSWER = "no_answer"  # nothing, for as long as the client waits
    BAD_RETRY_AFTER = "bad_retry_after"  # 429 with a retry-after that is no time
    HTML = "html"  # 200 with a page, as a proxy sends it
    BROKEN_BODY = "broken_body"  # 200 with half a JSON body
    EMPTY_BODY = "empty_body"  # 200 with nothing
    LIST_BODY = "list_body"  # 200 with a list
    DEEP_BODY = "deep_body"  # 200 with a list nested 100,000 deep
    CUT_STREAM = "cut_stream"  # 200 that ends before its content-length
    CONTENT_NULL = "content_null"
    CONTENT_WRONG = "content_wrong"  # content is a text
    BLOCKS_WRONG = "blocks_wrong"  # content is a list of numbers
    TEXT_NULL = "text_null"

    SPEND_LIMIT = "spend_limit"  # 429 that no waiting cures
    UNAUTHORIZED = "unauthorized"  # 401
    PAYMENT_DUE = "payment_due"  # 402
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404
    TOO_LARGE = "too_large"  # 413
    CUT = "cut"  # stop_reason max_tokens
    REFUSED = "refused"  # stop_reason refusal
    REJECTED = "rejected"  # 400, and the message repeats what was asked
    DEEP_ERROR = "deep_error"  # 400 with a body nested 100,000 deep
    BROKEN_JSON = "broken_json"  # a whole message whose text is half an object
    NUL = "nul"  # a NUL in the text
    NUL_ESCAPED = "nul_escaped"  # JSON text with an escaped NUL in its values
    SURROGATE = "surrogate"  # half a surrogate pair in the text
    SURROGATE_ESCAPED = "surrogate_escaped"
    DEEP_TEXT = "deep_text"  # text nested 100,000 deep
    ENDLESS_NUMBER = "endless_number"  # JSON text with a number beyond every float
    USAGE_MISSING = "usage_missing"
    USAGE_NULL = "usage_null"
    USAGE_NEGATIVE = "usage_negative"
    USAGE_HUGE = "usage_huge"
    USAGE_FLOAT = "usage_float"
    USAGE_BOOL = "usage_bool"
    USAGE_STRING = "usage_string"


class BatchFault(StrEnum):
    """What can be made to go wrong with batches: with requests of them, or with the whole."""

    ERRORED = "errored"  # a request: the provider failed at it
    EXPIRED = "expired"  # a request: a day was too short for it
    CANCELED = "canceled"  # a request: stopped by somebody else
    UNKNOWN = "unknown"  # a batch: 404 when it is looked at


PASSING = frozenset(
    {
        Fault.RATE_LIMITED,
        Fault.RATE_LIMITED_BARE,
        Fault.OVERLOADED,
        Fault.SERVER_ERROR,
        Fault.NO_ANSWER,
        Fault.BAD_RETRY_AFTER,
        Fault.HTML,
        Fault.BROKEN_BODY,
        Fault.EMPTY_BODY,
        Fault.LIST_BODY,
        Fault.DEEP_BODY,
        Fault.CUT_STREAM,
        Fault.CONTENT_NULL,
        Fault.CONTENT_WRONG,
        Fault.BLOCKS_WRONG,
        Fault.TEXT_NULL,
    }
)
FINAL = frozenset(
    {
        Fault.SPEND_LIMIT,
        Fault.UNAUTHORIZED,
        Fault.PAYMENT_DUE,
        Fault.FORBIDDEN,
        Fault.NOT_FOUND,
    }
)
"""Refusals that are about the account or the address, and so about every request."""


class OfflineSettings(EnvironmentSettings):
    """Read from `OFFLINE_MODEL_*`."""

    model_config = SettingsConfigDict(env_prefix="OFFLINE_MODEL_", frozen=True)

    seed: int = Field(default=0, description="another seed picks other requests to go wrong")
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="share of label answers that are a random other label"
    )
    latency_ms: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="milliseconds before every answer; a real model takes 500 or more"
    )
    jitter_ms: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="milliseconds that an answer may take longer: each time another number up to"
        " this, so that answers come in no order",
    )
    faults: dict[Fault, PositiveInt] = Field(
        default={}, description='one request in n goes wrong, as JSON: {"overloaded": 20}'
    )
    fault_arrivals: PositiveInt = Field(
        default=1, description="how often the same request meets a passing fault before its answer"
    )
    fault_role: Role | None = Field(
        default=None, description="the questions that go wrong: 'task' or 'proposer'; none: all"
    )
    fault_from: PositiveInt = Field(
        default=1, description="the request, counted from 1, before which none goes wrong"
    )
    outage_from: PositiveInt | None = Field(
        default=None, description="the request, counted from 1, at which an outage begins: 529"
    )
    outage_requests: PositiveInt = Field(
        default=100, description="how many requests in a row an outage swallows"
    )
    batch_seconds: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="seconds until a batch has ended; a real one takes up to 24 hours"
    )
    batch_looks: Annotated[int, Field(ge=0)] = Field(
        default=0, description="how many looks at a batch find it unfinished, whatever the time"
    )
    batch_faults: dict[BatchFault, PositiveInt] = Field(
        default={},
        description='one in n of the requests in batches goes wrong, as JSON: {"errored": 20};'
        ' "unknown": one batch in n',
    )
    batch_unheard: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="how many batches, from the first, are made and answered with 500: nobody hears"
        " of them",
    )
    batch_refused: Annotated[int, Field(ge=0, le=599)] = Field(
        default=0, description="the status with which every batch is refused; 0: none is"
    )
    retry_after_s: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="seconds the retry-after header of a 429 asks for"
    )
    window: PositiveInt | None = Field(
        default=None, description="tokens a prompt may have, as `usage` counts them; more is a 400"
    )
    obedient: bool = Field(
        default=False, description="the proposer obeys orders it finds in the texts of cases"
    )
    api_key: SecretStr | None = Field(
        default=None, description="the one key that is accepted; none: any key"
    )
