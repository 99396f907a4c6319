"""A run: what is asked for, and what is promised about its cost."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import (
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nlu_shared.schemas.base import Body, Label, Note, Schema, Slug
from nlu_shared.schemas.batches import ChosenBatches
from nlu_shared.schemas.candidates import ChosenCandidate
from nlu_shared.schemas.ensembles import FEWEST_MEMBERS, MOST_MEMBERS
from nlu_shared.schemas.migration import MigrationTerms
from nlu_shared.schemas.objectives import Guards
from nlu_shared.schemas.rendered import BlockName
from nlu_shared.schemas.steering import ChosenApprovals
from nlu_shared.schemas.tasks import ModelName, PromptTokens
from nlu_shared.schemas.traffic import MOST_REPLAYED, USUAL_REPLAYED


class RunKind(StrEnum):
    IMPROVE = "improve"
    EVALUATE = "evaluate"
    MIGRATE = "migrate"
    HEADROOM = "headroom"
    CANARY = "canary"
    REPLAY = "replay"
    ENSEMBLE = "ensemble"


class TriggerType(StrEnum):
    MANUAL = "manual"
    AUTO = "auto"


class RunStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    PARKED = "parked"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def over(self) -> bool:
        return self in _OVER


_OVER = {RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.SUPERSEDED}


class RunLimits(Body):
    """Promises, never passed by one call. Money in US dollars, minutes of wall time."""

    iterations: Annotated[
        int,
        Field(
            ge=1,
            le=20,
            description="rounds in which validation is asked; the ladder of examples is one",
        ),
    ] = 20
    calls: Annotated[int, Field(ge=1, le=1_000_000, description="requests to models")] = 20_000
    money_usd: Annotated[float, Field(ge=0, le=10_000, description="US dollars, at list price")] = (
        10.0
    )
    minutes: Annotated[float, Field(gt=0, le=10_080, description="of wall time")] = 120.0
    max_prompt_tokens: PromptTokens = Field(
        default=None,
        description="about, of all of a request but the text it is about: no change makes the"
        " prompt longer; null: the task's own bound, if it has one",
    )


MOST_PROPOSALS = 4
MOST_FOLDS = 20


class RunModels(Schema):
    """Other models than the task's, for one run, each as `provider/model`."""

    task: ModelName | None = Field(default=None, description="answers; null: the task's")
    proposer: ModelName | None = Field(default=None, description="proposes; null: the task's")


class RunRequest(MigrationTerms, ChosenApprovals, ChosenBatches, ChosenCandidate):
    """`focus` and `guards` name components of the task: a label, or for extraction people, events,
    structural, shift, pair_bonds, child_of, symptom, anxiety, functioning, relationship."""

    task: Slug = Field(description="the task to work on")
    kind: RunKind = Field(default=RunKind.IMPROVE, description="what is asked of it")
    trigger_type: TriggerType = Field(default=TriggerType.MANUAL, description="who starts it")
    limits: RunLimits = Field(default=RunLimits(), description="promises that no call breaks")
    prompt_version: UUID | None = Field(default=None, description="baseline; null: what serves")
    models: RunModels = Field(default=RunModels(), description="who answers and who proposes")
    focus: Label | None = Field(
        default=None,
        description="the component to raise, the objective being guarded meanwhile; null: as the"
        " task says",
    )
    guards: Guards = Field(
        default={},
        description="by how much a component's F1 on validation may fall, at most, beside the"
        " task's own",
    )
    proposals: int = Field(
        default=1, ge=1, le=MOST_PROPOSALS, description="changes tried side by side, at most"
    )
    folds: int | None = Field(
        default=None,
        ge=2,
        le=MOST_FOLDS,
        description="repeat the search so many times without a split of the cases, to judge it by"
        " the cases left out (k-fold cross-validation)",
    )
    may_remove_blocks: bool = Field(
        default=False,
        description="may a change take blocks of the baseline away? They carry the task",
    )
    retrieval: bool | None = Field(
        default=None,
        description="may a version choose its examples for each text, from a bank? It is tried, and"
        " kept where validation says so; null: as the task says",
    )
    hints: Annotated[
        tuple[Note, ...],
        Field(max_length=20, description="what proposals should know, from the start"),
    ] = ()
    pins: Annotated[
        tuple[BlockName, ...],
        Field(max_length=50, description="blocks of the baseline that no change may edit"),
    ] = ()
    predictions: int | None = Field(
        default=None,
        ge=1,
        le=MOST_REPLAYED,
        description="of a replay, or of a migration by agreement, which is then about them: the"
        f" newest logged predictions; null: {USUAL_REPLAYED}, as far as it is about any",
    )
    members: Annotated[
        tuple[UUID, ...],
        Field(
            max_length=MOST_MEMBERS,
            description="of an ensemble alone: the versions that vote, each once; where a vote is"
            " even, the first counts",
        ),
    ] = ()
    seed: Annotated[
        int, Field(ge=0, le=2**31 - 1, description="of all that is drawn at random")
    ] = 0
    dry_run: bool = Field(default=False, description="only say what it could cost")

    @model_validator(mode="after")
    def _models_of_a_migration(self) -> "RunRequest":
        if (self.kind is RunKind.MIGRATE) is not bool(self.to_models):
            raise PydanticCustomError("to_models", "new models of a migration, and of no other run")
        return self

    @model_validator(mode="after")
    def _of_one_kind_alone(self) -> "RunRequest":
        if self.candidate is not None and self.kind is not RunKind.IMPROVE:
            raise PydanticCustomError("candidate", "of a run of kind improve, and of no other run")
        agrees = self.kind is RunKind.MIGRATE and self.agreement
        if self.predictions is not None and not agrees and self.kind is not RunKind.REPLAY:
            raise PydanticCustomError(
                "predictions", "of a replay or a migration by agreement, and of no other run"
            )
        return self

    @model_validator(mode="after")
    def _members_of_an_ensemble(self) -> "RunRequest":
        fewest = FEWEST_MEMBERS if self.kind is RunKind.ENSEMBLE else 0
        most = MOST_MEMBERS if self.kind is RunKind.ENSEMBLE else 0
        if not fewest <= len(set(self.members)) == len(self.members) <= most:
            raise PydanticCustomError(
                "members", "two members or more of an ensemble, each once, and of no other run"
            )
        return self
