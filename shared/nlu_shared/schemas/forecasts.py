"""What a run could cost, told before it starts."""

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.tasks import UnanswerableTruths


class Likely(Schema):
    """What it will rather take, by what finished runs of its kind and model took for each case:
    from the least of them to the most, and no more than its limits. Where there is none, an
    estimate from the cases, the prompt and what a search usually asks."""

    runs: int = Field(
        description="how many runs that is taken from, the newest; 0: none, it is an estimate"
    )
    is_own: bool = Field(
        default=True, description="are they of this task? false: it has none, and others' are taken"
    )
    calls: tuple[int, int] = Field(description="requests to models")
    money_usd: tuple[float, float] = Field(
        description="US dollars; of finished runs at the prices they were charged"
    )
    minutes: tuple[float, float] | None = Field(
        description="of wall time, without pauses; of an estimate at the rate of the model's newest"
        " runs of any kind; null: no run of this model has finished"
    )


class Forecast(Schema):
    """An upper bound, made before anything is created, and what is likely."""

    cases: int = Field(description="approved cases there are")
    splits: dict[str, int] = Field(description="cases by split")
    quotable: int = Field(
        default=0, description="training cases that a prompt may show as examples"
    )
    predictions: int | None = Field(
        default=None, description="of a run about traffic: logged predictions there are for it"
    )
    calls: int = Field(description="requests to models, at most")
    money_usd: float = Field(description="US dollars, at most")
    likely: Likely | None = Field(default=None, description="within that bound")
    month_left_usd: float | None = Field(
        default=None, description="US dollars that the month's cap leaves for all runs"
    )
    fits: bool = Field(
        description="do the limits and the month's cap leave room for all of it? Else it may end"
        " early, with the best it has found; `notes` say by what"
    )
    starts: bool = Field(
        default=True, description="would the start be taken? Else `notes` say why not"
    )
    detectable_gain: float | None = Field(
        default=None,
        description="what the test split would mostly show, if a fifth of the answers change",
    )
    labels_version: int = Field(default=0, description="of the label set it would be held to")
    unanswerable: list[UnanswerableTruths] = Field(
        default=[], description="truths that would be left out"
    )
    notes: list[str] = Field(description="what the run can and cannot prove")
