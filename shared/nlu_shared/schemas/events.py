"""What a run says as it goes, from the engine to the browser: one type all the way.

Stored events hold no time, cost or cache state, so that a replay says exactly the same.
`EvaluationProgress`, `CancelRequested` and `RunWaits` are never stored and carry no id on the
stream.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.canary import Canary, CanaryAnswer
from nlu_shared.schemas.ensembles import EnsembleMeasured
from nlu_shared.schemas.evaluated import FAULTS, LENIENT, ConversationScore, ErrorPattern
from nlu_shared.schemas.headroom import Headroom
from nlu_shared.schemas.migration import ModelComparison
from nlu_shared.schemas.prompts import Aim, Change, PromptContent
from nlu_shared.schemas.standing import CancelRequested, RunWaits
from nlu_shared.schemas.steering import Decision, Unanswered
from nlu_shared.schemas.traffic import TrafficReplay
from nlu_shared.schemas.verdicts import Misses, Verdict


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class RunStarted(Schema):
    type: Literal["run_started"] = "run_started"
    dataset_hash: str
    splits: dict[str, int] = Field(description="cases per split")
    baseline_hash: str
    notes: list[str] = Field(default=[], description="what this run can and cannot prove")


class EvaluationProgress(Schema):
    type: Literal["evaluation_progress"] = "evaluation_progress"
    iteration: int
    split: str
    done: int
    total: int


class PromptEvaluated(Schema):
    """A prompt scored on one split. Iteration 0 is the baseline."""

    type: Literal["prompt_evaluated"] = "prompt_evaluated"
    iteration: int
    split: Split
    version_hash: str
    objective: float
    components: dict[str, float]
    pooled: dict[str, tuple[int, int, int]] = Field(
        default_factory=dict, description="TP, FP and FN by component, summed over the cases"
    )
    support: dict[str, int] = Field(
        default_factory=dict, description="how many cases carry each component in their truth"
    )
    per_conversation: ConversationScore | None = Field(
        default=None, description="extraction: what whole discussions add up to, if there are any"
    )
    cases: int
    unanswered: int = Field(default=0, description="calls that ended without a usable answer")
    faults: dict[str, int] = Field(default_factory=dict, description=FAULTS)
    lenient: dict[str, int] = Field(default_factory=dict, description=LENIENT)
    lost: int = Field(
        default=0, description="cases the provider let no model answer; they are not scored"
    )


class PatternsFound(Schema):
    type: Literal["patterns_found"] = "patterns_found"
    iteration: int
    version_hash: str | None = Field(
        default=None, description="of the prompt whose mistakes these are; null: of older runs"
    )
    patterns: list[ErrorPattern]


class PromptProposed(Schema):
    type: Literal["prompt_proposed"] = "prompt_proposed"
    iteration: int
    change: Change
    content: PromptContent
    version_hash: str
    parent_hash: str
    aims: list[Aim] = []


class Stage(StrEnum):
    PROPOSE = "propose"
    SCREEN = "screen"
    GATE = "gate"
    VALIDATION = "validation"
    APPROVAL = "approval"


class ApprovalAwaited(Schema):
    """A change that has passed every gate waits for a person; `unanswered` is what becomes of it
    when nobody has decided in so many minutes by the clock. `fixed` and `broke` are what it would
    do, as in `ChangeKept`."""

    type: Literal["approval_awaited"] = "approval_awaited"
    iteration: int
    version_hash: str
    minutes: float
    unanswered: Unanswered
    fixed: list[UUID]
    broke: list[UUID]


class ApprovalDecided(Schema):
    """The end of the wait. `decided_by` is None where time decided."""

    type: Literal["approval_decided"] = "approval_decided"
    iteration: int
    version_hash: str
    decision: Decision
    decided_by: str | None = None
    reason: str | None = None


class ChangeRejected(Schema):
    type: Literal["change_rejected"] = "change_rejected"
    iteration: int
    stage: Stage
    reason: str
    version_hash: str | None = Field(default=None, description="None where it was not stored")
    fixed: list[UUID] = []
    broke: list[UUID] = []


class ChangeKept(Schema):
    type: Literal["change_kept"] = "change_kept"
    iteration: int
    version_hash: str
    gain: float = Field(
        description="of the component in focus, else the objective, on the cases that decided:"
        " validation, and with a rung of examples the training cases that were asked beside it"
    )
    fixed: list[UUID]
    broke: list[UUID]


class HintTaken(Schema):
    type: Literal["hint_taken"] = "hint_taken"
    iteration: int
    hint: str


class FrontPoint(Schema):
    """A prompt of the front. Tokens are of all of a request but the text it asks about, as the
    model counts them, about."""

    version_hash: str
    tokens: int
    examples: int
    objective: float = Field(description="on validation, 0 to 1")


class FrontMeasured(Schema):
    """What F1 costs in tokens: each prompt that scores higher on validation than all that are
    shorter, the shortest first; and of the prompts as good as the best the cheapest, the winner."""

    type: Literal["front_measured"] = "front_measured"
    iteration: int
    points: list[FrontPoint]
    chosen_hash: str
    best_hash: str = Field(description="of the one with the highest rank, before tokens counted")


class SearchStopped(Schema):
    type: Literal["search_stopped"] = "search_stopped"
    iteration: int
    reason: str
    best_hash: str


class FoldScored(Schema):
    """Cases left out of the search and then answered by the prompt it made. From 1 to `of`."""

    type: Literal["fold_scored"] = "fold_scored"
    number: int
    of: int
    cases: int
    before: float
    after: float


class CrossValidated(Schema):
    """What the folds say together, where the verdict itself comes from untouched cases."""

    type: Literal["cross_validated"] = "cross_validated"
    verdict: Verdict


class VerdictReached(Schema):
    type: Literal["verdict_reached"] = "verdict_reached"
    verdict: Verdict


class MissesAttributed(Schema):
    """What the winner still gets wrong in training, and why. Case ids only, never their texts."""

    type: Literal["misses_attributed"] = "misses_attributed"
    misses: Misses


class PromptAdapted(Schema):
    """A better prompt for a new model of a migration than the old model's."""

    type: Literal["prompt_adapted"] = "prompt_adapted"
    model: str
    content: PromptContent
    version_hash: str
    parent_hash: str
    before: float = Field(description="the old model's prompt with the new model on validation")
    after: float = Field(description="this one there, which also chose it")


class ModelCompared(Schema):
    type: Literal["model_compared"] = "model_compared"
    comparison: ModelComparison


class HeadroomEstimated(Schema):
    type: Literal["headroom_estimated"] = "headroom_estimated"
    headroom: Headroom


class CanaryMeasured(Schema):
    """`answers` are what the next canaries are compared with."""

    type: Literal["canary_measured"] = "canary_measured"
    canary: Canary
    answers: list[CanaryAnswer]


class TrafficReplayed(Schema):
    """Counts and labels, so that nothing of a logged text is kept."""

    type: Literal["traffic_replayed"] = "traffic_replayed"
    replay: TrafficReplay


class VotesMeasured(Schema):
    """The ensemble is a version from here on."""

    type: Literal["votes_measured"] = "votes_measured"
    ensemble: EnsembleMeasured


class RunFinished(Schema):
    """The last event of every run, however it ended."""

    type: Literal["run_finished"] = "run_finished"
    status: Literal["completed", "cancelled", "failed", "superseded"]
    reason: str
    best_hash: str | None = None
    baseline_f1: float | None = None
    final_f1: float | None = None


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
    | MissesAttributed
    | PromptAdapted
    | ModelCompared
    | HeadroomEstimated
    | CanaryMeasured
    | TrafficReplayed
    | VotesMeasured
    | RunFinished
)
Streamed = StoredEvent | EvaluationProgress | CancelRequested | RunWaits
Event = Annotated[Streamed, Field(discriminator="type")]
EVENT: TypeAdapter[Streamed] = TypeAdapter(Event)
