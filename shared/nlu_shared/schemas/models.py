"""The models in use: who answers, whether they can be reached, what they cost, when they end."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.prices import PriceView


class Reach(StrEnum):
    """What came of one look at a provider."""

    REACHABLE = "reachable"
    IN_PROCESS = "in_process"
    KEY_REFUSED = "key_refused"
    AWAY = "away"
    FAILING = "failing"

    @property
    def is_good(self) -> bool:
        return self in {Reach.REACHABLE, Reach.IN_PROCESS}


class ProviderView(Schema):
    """One provider that is configured."""

    name: str = Field(description="the part of a model's name before the slash")
    api: str = Field(description="in what form it is asked: messages, chat-completions, offline")
    address: str | None = Field(description="where it is; null: where its SDK looks by itself")
    is_default: bool = Field(description="the provider of models that name none?")
    reachable: Reach = Field(
        description="what its list of models answered just now: fine; the offline model answers in"
        " this process; 401 or 403; nothing in time; any other error"
    )


class ModelView(Schema):
    """One model that something is to be asked of."""

    model: str = Field(description="`provider/model`")
    provider: str = Field(description="who answers for it")
    used_by: list[str] = Field(
        description="`default` or a task, a colon, and the role; `production` where a prompt serves"
        " on it"
    )
    is_billed: bool = Field(description="do its calls cost money?")
    priced: bool = Field(description="is there a price today?")
    price: PriceView | None = Field(description="the row that holds today; null: none")
    retires: date | None = Field(description="the day its provider ends it; null: none is known")
    retires_in_days: int | None = Field(description="from today (UTC); below 0 once it is over")
    warning: str | None = Field(
        description="what to do about it: no price, or an end within 90 days; null: nothing"
    )


class ModelsView(Schema):
    """All that answers or is to answer."""

    providers: list[ProviderView] = Field(description="the default one first")
    models: list[ModelView] = Field(description="by name")
