"""What a run says as it goes, from the engine to the browser: one type all the way.

Stored events hold no time, cost or cache state, so that a replay says exactly the same.
`EvaluationProgress`, `CancelRequested` and `RunWaits` are never stored and carry no id on the
stream. What is said during the search and of its outcome stands in modules of their own, and is
imported from here.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.event_fields import TYPE
from nlu_shared.schemas.outcome_events import (
    CanaryMeasured,
    CrossValidated,
    ErrorsAnalysed,
    FoldScored,
    HeadroomEstimated,
    ModelCompared,
    PromptAdapted,
    TrafficReplayed,
    VerdictReached,
    VotesMeasured,
)
from nlu_shared.schemas.search_events import (
    ApprovalAwaited,
    ApprovalDecided,
    ChangeKept,
    ChangeRejected,
    FrontMeasured,
    FrontPoint,
    HintTaken,
    PatternsFound,
    PromptEvaluated,
    PromptProposed,
    SearchStopped,
    Split,
    Stage,
)
from nlu_shared.schemas.standing import CancelRequested, RunWaits


class RunStarted(Schema):
    """The first event of every run that was begun: what it works on."""

    type: Annotated[Literal["run_started"], TYPE] = "run_started"
    dataset_hash: str = Field(description="SHA-256, hex, of the frozen data set")
    splits: dict[str, int] = Field(description="cases per split")
    baseline_hash: str = Field(description="SHA-256, hex, of the prompt it starts from")
    notes: list[str] = Field(default=[], description="what this run can and cannot prove")


class EvaluationProgress(Schema):
    """How far the cases of one evaluation are answered. Never stored."""

    type: Annotated[Literal["evaluation_progress"], TYPE] = "evaluation_progress"
    iteration: int = Field(
        description="of the search, from 1; 0: the baseline. Elsewhere the number of the fold, or"
        " the place of what is asked among all that is, from 0"
    )
    split: str = Field(
        description="what is asked, to be shown: train, validation, test, gate, the ladder,"
        " cross-validation, error_analysis, headroom, canary, traffic; a migration adds the"
        " model's number"
    )
    done: int = Field(description="cases that are answered, from 0 to `total`")
    total: int = Field(description="cases of this evaluation")


class RunFinished(Schema):
    """The last event of every run, however it ended."""

    type: Annotated[Literal["run_finished"], TYPE] = "run_finished"
    status: Literal["completed", "cancelled", "failed", "superseded"] = Field(
        description="how it ended; superseded: no worker of its engine version is left"
    )
    reason: str = Field(description="why, in words")
    best_hash: str | None = Field(
        default=None,
        description="SHA-256, hex, of the best prompt; null: it ended where nobody drove it",
    )
    baseline_f1: float | None = Field(
        default=None, description="objective of the baseline on validation, 0 to 1; null: none"
    )
    final_f1: float | None = Field(
        default=None, description="objective of the best there, 0 to 1; null: none"
    )


StoredEvent = (
    RunStarted
    | PromptEvaluated
    | PatternsFound
    | PromptProposed
    | ApprovalAwaited
    | ApprovalDecided
    | ChangeRejected
    | ChangeKept
    | HintTaken
    | FrontMeasured
    | SearchStopped
    | FoldScored
    | CrossValidated
    | VerdictReached
    | ErrorsAnalysed
    | PromptAdapted
    | ModelCompared
    | HeadroomEstimated
    | CanaryMeasured
    | TrafficReplayed
    | VotesMeasured
    | RunFinished
)
Streamed = StoredEvent | EvaluationProgress | CancelRequested | RunWaits
STREAMED: tuple[type[Schema], ...] = get_args(Streamed)
Event = Annotated[Streamed, Field(discriminator="type")]
EVENT: TypeAdapter[Streamed] = TypeAdapter(Event)

__all__ = [
    "EVENT",
    "STREAMED",
    "ApprovalAwaited",
    "ApprovalDecided",
    "CanaryMeasured",
    "CancelRequested",
    "ChangeKept",
    "ChangeRejected",
    "CrossValidated",
    "ErrorsAnalysed",
    "EvaluationProgress",
    "Event",
    "FoldScored",
    "FrontMeasured",
    "FrontPoint",
    "HeadroomEstimated",
    "HintTaken",
    "ModelCompared",
    "PatternsFound",
    "PromptAdapted",
    "PromptEvaluated",
    "PromptProposed",
    "RunFinished",
    "RunStarted",
    "RunWaits",
    "SearchStopped",
    "Split",
    "Stage",
    "StoredEvent",
    "Streamed",
    "TrafficReplayed",
    "VerdictReached",
    "VotesMeasured",
]
