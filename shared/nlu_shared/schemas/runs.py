"""A run: what is asked for, what is promised about its cost, and how it stands."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import (
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nlu_shared.schemas.base import Body, Label, Moment, Note, Schema, Slug
from nlu_shared.schemas.batches import ChosenBatches
from nlu_shared.schemas.canary import Canary
from nlu_shared.schemas.candidates import ChosenCandidate, FrontView, IterationView
from nlu_shared.schemas.ensembles import FEWEST_MEMBERS, MOST_MEMBERS, EnsembleMeasured
from nlu_shared.schemas.evaluated import FAULTS, LENIENT, ConversationScore
from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.migration import Migration, MigrationTerms
from nlu_shared.schemas.objectives import Guards
from nlu_shared.schemas.prompts import MadeOn
from nlu_shared.schemas.rendered import BlockName
from nlu_shared.schemas.spending import Spend
from nlu_shared.schemas.steering import Approvals, ChosenApprovals, TakenHint
from nlu_shared.schemas.tasks import ModelName, PromptTokens, UnanswerableTruths
from nlu_shared.schemas.traffic import MOST_REPLAYED, USUAL_REPLAYED, TrafficReplay
from nlu_shared.schemas.verdicts import Misses, Verdict


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
        description=f"of a replay alone: the newest logged predictions; null: {USUAL_REPLAYED}",
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
        for name, kind in (("predictions", RunKind.REPLAY), ("candidate", RunKind.IMPROVE)):
            if getattr(self, name) is not None and self.kind is not kind:
                raise PydanticCustomError(name, f"of a run of kind {kind}, and of no other run")
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


class RunView(Approvals):
    id: UUID = Field(description="names the run in paths")
    task: str = Field(description="what it works on")
    kind: RunKind = Field(description="what was asked of it")
    trigger_type: TriggerType = Field(description="who started it")
    status: RunStatus = Field(description="how it stands")
    reason: str | None = Field(description="why it stands so")
    limits: RunLimits = Field(description="promises that no call breaks")
    task_model: str = Field(description="answers, as it was named")
    proposer_model: str = Field(description="proposes, as it was named")
    answered_by: str | None = Field(
        default=None,
        description="the server behind the task model, and what it reports; null: not asked yet",
    )
    proposed_by: str | None = Field(default=None, description="the same of the proposer")
    dataset_hash: str | None = Field(description="SHA-256 of the data set; null until it is frozen")
    dataset_size: int | None = Field(description="its cases")
    splits: dict[str, int] | None = Field(description="cases by split")
    candidate_version_id: UUID | None = Field(default=None, description="tried, not proposed")
    baseline_version_id: UUID | None = Field(description="the version it started from")
    best_version_id: UUID | None = Field(description="the best version so far")
    baseline_f1: float | None = Field(description="objective of the baseline, 0 to 1")
    final_f1: float | None = Field(description="objective of the best, 0 to 1")
    improvement: float | None = Field(description="final less baseline; null: none was sought")
    components: dict[str, float] | None = Field(description="F1 of the best by component, 0 to 1")
    pooled: dict[str, tuple[int, int, int]] | None = Field(description="TP, FP, FN by component")
    support: dict[str, int] | None = Field(description="cases with each component in their truth")
    per_conversation: ConversationScore | None = Field(default=None, description="of discussions")
    faults: dict[str, int] | None = Field(
        default=None, description=f"of the best on validation: {FAULTS}"
    )
    lenient: dict[str, int] | None = Field(
        default=None, description=f"of the best on validation: {LENIENT}"
    )
    iterations: list[IterationView] = Field(
        description="the candidates evaluated on validation, in their order: no more of them than"
        " `limits.iterations`. The ladder of examples is one, told by its best rung"
    )
    changes: list[IterationView] = Field(
        default=[],
        description="every change that was tried, those refused before validation too",
    )
    front: list[FrontView] = Field(
        default=[],
        description="what F1 costs in tokens, the shortest prompt first; empty while it searches",
    )
    verdict: Verdict | None = Field(description="null until there is one")
    cross_validation: Verdict | None = Field(
        default=None,
        description="beside a verdict on untouched cases: what the search itself is worth, by"
        " cross-validation of the others",
    )
    misses: Misses | None = Field(default=None, description="what the winner still gets wrong")
    migration: Migration | None = Field(
        default=None, description="of a migration: the new models against the old one"
    )
    headroom: Headroom | None = Field(
        default=None, description="of a headroom run: what a prompt could gain"
    )
    canary: Canary | None = Field(
        default=None, description="of a canary: has the model behind the prompt changed?"
    )
    predictions: int | None = Field(
        default=None, description="of a replay: the logged predictions it was started on"
    )
    replay: TrafficReplay | None = Field(
        default=None, description="of a replay: what the version would change of traffic"
    )
    ensemble: EnsembleMeasured | None = Field(
        default=None, description="of an ensemble: what the vote gains and costs beside its members"
    )
    spend: Spend = Field(description="so far")
    awaits: int | None = Field(
        default=None, description="the change that waits for approval, by its `n`; null: none"
    )
    focus: str | None = Field(default=None, description="the component it raises; null: all")
    guards: dict[str, float] = Field(default={}, description="by how much F1 may fall, at most")
    pins: list[str] = Field(default=[], description="blocks that no change may edit")
    batches: bool = Field(default=False, description="are large evaluations Message Batches?")
    taken_hints: list[TakenHint] = Field(
        default=[], description="the hints that proposals were given, in their order"
    )
    continues: UUID | None = Field(
        default=None, description="the run whose best prompt this one began with, where it goes on"
    )
    cancelling: bool = Field(
        default=False, description="was it cancelled, and is it still on its way to its end?"
    )
    crashes: int = Field(
        default=0,
        description="how often in a row its worker died before it came any further; after the"
        " fifth time it has failed",
    )
    last_error: str | None = Field(default=None, description="what was known of the last of them")
    outages: int = Field(
        default=0, description="how often it was parked because the provider answered nothing"
    )
    notes: list[str] = Field(default=[], description="what stood in its way when it was started")
    unanswerable: list[UnanswerableTruths] = Field(
        default=[], description="truths it has left out, frozen when it was started"
    )
    labels_version: int | None = Field(
        default=None, description="of the label set it is held to; null: from before there were any"
    )
    made_on: MadeOn | None = Field(
        default=None, description="what answers its cases, and so what its versions are made on"
    )
    engine_version: str = Field(description="of the engine it was started with")
    scorer: str | None = Field(description="what its scores are measured with, and its version")
    created_at: Moment = Field(description="when it was asked for")
    started_at: Moment | None = Field(description="when a worker first took it")
    completed_at: Moment | None = Field(description="when it ended")
