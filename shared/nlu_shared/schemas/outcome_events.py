"""What a run says of what it has found: verdicts, misses, and the one outcome of other kinds."""

from typing import Annotated, Literal

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.canary import Canary, CanaryAnswer
from nlu_shared.schemas.ensembles import EnsembleMeasured
from nlu_shared.schemas.event_fields import TYPE, ParentHash, VersionHash
from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.migration import ModelComparison
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.traffic import TrafficReplay
from nlu_shared.schemas.verdicts import ErrorAnalysis, Verdict


class FoldScored(Schema):
    """Cases left out of the search and then answered by the prompt it made. From 1 to `of`."""

    type: Annotated[Literal["fold_scored"], TYPE] = "fold_scored"
    number: int = Field(description="of the fold, from 1")
    of: int = Field(description="how many folds there are")
    cases: int = Field(description="that were left out in this fold")
    before: float = Field(description="objective of the baseline on them, 0 to 1")
    after: float = Field(description="objective of the prompt the search made without them, 0 to 1")


class CrossValidated(Schema):
    """What the folds say together, where the verdict itself comes from untouched cases."""

    type: Annotated[Literal["cross_validated"], TYPE] = "cross_validated"
    verdict: Verdict = Field(description="what the search itself is worth, over all folds")


class VerdictReached(Schema):
    """The claim of a run: is its winner better than its baseline?"""

    type: Annotated[Literal["verdict_reached"], TYPE] = "verdict_reached"
    verdict: Verdict = Field(description="what is claimed, and on what it rests")


class ErrorsAnalysed(Schema):
    """What the winner still gets wrong in training, and why. Case ids only, never their texts."""

    type: Annotated[Literal["errors_analysed"], TYPE] = "errors_analysed"
    error_analysis: ErrorAnalysis = Field(description="its misses by cause")


class PromptAdapted(Schema):
    """A better prompt for a new model of a migration than the old model's."""

    type: Annotated[Literal["prompt_adapted"], TYPE] = "prompt_adapted"
    model: str = Field(description="the new model, as `provider/model`")
    content: PromptContent = Field(description="the whole prompt that was found for it")
    version_hash: VersionHash
    parent_hash: ParentHash
    before: float = Field(
        description="the old model's prompt with the new model on validation: objective, 0 to 1"
    )
    after: float = Field(description="this one there, which also chose it: objective, 0 to 1")


class ModelCompared(Schema):
    """A new model of a migration beside the old one."""

    type: Annotated[Literal["model_compared"], TYPE] = "model_compared"
    comparison: ModelComparison = Field(
        description="of the two; its `version_id` is null here, and known in the run"
    )


class HeadroomEstimated(Schema):
    """What a prompt could gain; the outcome of a headroom run."""

    type: Annotated[Literal["headroom_estimated"], TYPE] = "headroom_estimated"
    headroom: Headroom = Field(
        description="what was measured; its `improve_usd` is null here, and known in the run"
    )


class CanaryMeasured(Schema):
    """`answers` are what the next canaries are compared with."""

    type: Annotated[Literal["canary_measured"], TYPE] = "canary_measured"
    canary: Canary = Field(description="has the model behind the prompt changed?")
    answers: list[CanaryAnswer] = Field(description="one for each case, as fingerprints")


class TrafficReplayed(Schema):
    """Counts and labels, so that nothing of a logged text is kept."""

    type: Annotated[Literal["traffic_replayed"], TYPE] = "traffic_replayed"
    replay: TrafficReplay = Field(description="what the version would change of traffic")


class VotesMeasured(Schema):
    """The ensemble is a version from here on."""

    type: Annotated[Literal["votes_measured"], TYPE] = "votes_measured"
    ensemble: EnsembleMeasured = Field(
        description="what the vote gains and costs; its `version_id` is null here, and known in the"
        " run"
    )


__all__ = [
    "CanaryMeasured",
    "CrossValidated",
    "ErrorsAnalysed",
    "FoldScored",
    "HeadroomEstimated",
    "ModelCompared",
    "PromptAdapted",
    "TrafficReplayed",
    "VerdictReached",
    "VotesMeasured",
]
