"""What a run has cost, and what came of it."""

from pydantic import Field

from nlu_shared.schemas.base import Schema


class Spend(Schema):
    """What a run has cost. `notional_usd`: what an offline run would have cost at list price."""

    calls: int = Field(default=0, description="requests to models, repeated ones too")
    cached_calls: int = Field(default=0, description="answers that were stored before")
    usd: float = Field(default=0.0, description="US dollars")
    notional_usd: float = Field(default=0.0, description="US dollars offline calls would cost")
    unanswered_calls: int = Field(
        default=0,
        description="requests the provider did not let the model answer; they score nowhere",
    )
    unmetered_calls: int = Field(
        default=0,
        description="answers whose usage was not said; each is booked as the most it can cost",
    )
    prompt_tokens: int = Field(
        default=0, description="tokens of prompts, as providers count them; of stored answers none"
    )
    cache_hit_rate: float | None = Field(
        default=None,
        description="the share of `prompt_tokens` that providers read from their prompt caches, at"
        " the cached price; null: none were counted",
    )
    usd_per_point: float | None = Field(
        default=None,
        description="US dollars for each hundredth of F1 that its best prompt has gained on"
        " validation so far; null: it has gained none",
    )
    notional_usd_per_point: float | None = Field(
        default=None, description="the same of `notional_usd`"
    )
