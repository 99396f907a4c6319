"""What a prompt version would have answered to logged predictions: numbers and labels, no text."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema

TRAFFIC = "traffic"
"""What logged predictions are called where else a split is named."""
USUAL_REPLAYED = 500
MOST_REPLAYED = 2_000
"""Logged predictions of one replay: all are in the engine's memory at once."""


class AnswerShift(Schema):
    """Predictions that were answered one way and would be answered another. Of an extraction these
    are items that differ, and one prediction counts once for each kind of difference."""

    before: str = Field(description="what was answered; a label that the task lacks is not spelled")
    after: str = Field(description="what the version answers")
    predictions: int = Field(description="how many")
    labelled: int = Field(default=0, description="of these, those whose approved truth is known")
    gained: int = Field(default=0, description="of the labelled, those answered better than before")
    lost: int = Field(default=0, description="of the labelled, those answered worse")


class TrafficReplay(Schema):
    """A version on the newest logged predictions of its task, beside what was answered then."""

    predictions: int = Field(description="that the version answered")
    unanswered: int = Field(
        default=0, description="that the provider let no model answer; they count nowhere else"
    )
    left_out: int = Field(
        default=0,
        description="extractions that were logged without an output, or in the middle of a"
        " conversation that is not known",
    )
    serving_version_id: UUID | None = Field(
        default=None, description="the version that served meanwhile; null: none did"
    )
    by_serving: int = Field(
        default=0, description="predictions that were logged under that version, by its id"
    )
    changed: int = Field(description="answered otherwise than then")
    share: float = Field(description="of the predictions, 0 to 1")
    interval: tuple[float, float] = Field(
        description="of the share, at 95 %, were the predictions drawn at random from traffic"
    )
    unusable: int = Field(default=0, description="of the changed, answers that could not be read")
    wavered: int | None = Field(
        default=None,
        description="of the changed, those that the version answers as then when it is asked"
        " again: noise of the model; null: not asked again",
    )
    labelled: int = Field(
        default=0,
        description="of the changed, those whose approved truth is known and which the version"
        " quotes nowhere",
    )
    gained: int = Field(default=0, description="of the labelled, those answered better than then")
    lost: int = Field(default=0, description="of the labelled, those answered worse")
    learned: int = Field(
        default=0,
        description="of the labelled, cases that runs have learned or chosen from: their gain says"
        " less of other texts",
    )
    shifts: list[AnswerShift] = Field(default=[], description="the most frequent first, 20 at most")
    summary: str = Field(description="the same in a sentence")
