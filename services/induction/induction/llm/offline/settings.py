"""How the offline model is told to behave. By default it is instant, deterministic and kind."""

from enum import StrEnum
from typing import Annotated

from nlu_shared.kit.environment import EnvironmentSettings
from pydantic import Field, PositiveInt, SecretStr
from pydantic_settings import SettingsConfigDict


class Fault(StrEnum):
    """What can be made to go wrong. The first group passes when the same request comes again;
    the second is the answer itself, the same at every repeat."""

    RATE_LIMITED = "rate_limited"  # 429 with retry-after
    RATE_LIMITED_BARE = "rate_limited_bare"  # 429 without
    OVERLOADED = "overloaded"  # 529
    HTML = "html"  # 200 with a page, as a proxy sends it
    BROKEN_BODY = "broken_body"  # 200 with half a JSON body

    SPEND_LIMIT = "spend_limit"  # 429 that no waiting cures
    CUT = "cut"  # stop_reason max_tokens
    REFUSED = "refused"  # stop_reason refusal
    BROKEN_JSON = "broken_json"  # a whole message whose text is half an object


PASSING = frozenset(
    {
        Fault.RATE_LIMITED,
        Fault.RATE_LIMITED_BARE,
        Fault.OVERLOADED,
        Fault.HTML,
        Fault.BROKEN_BODY,
    }
)


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
    faults: dict[Fault, PositiveInt] = Field(
        default={}, description='one request in n goes wrong, as JSON: {"overloaded": 20}'
    )
    fault_arrivals: PositiveInt = Field(
        default=1, description="how often the same request meets a passing fault before its answer"
    )
    retry_after_s: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="seconds the retry-after header of a 429 asks for"
    )
    obedient: bool = Field(
        default=False, description="the proposer obeys orders it finds in the texts of cases"
    )
    api_key: SecretStr | None = Field(
        default=None, description="the one key that is accepted; none: any key"
    )
