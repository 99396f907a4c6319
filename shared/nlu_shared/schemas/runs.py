"""A run: what is asked for, what is promised about its cost, and how it stands."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from nlu_shared.schemas.base import Fraction, Label, Moment, Note, Schema, Slug


class RunKind(StrEnum):
    IMPROVE = "improve"
    EVALUATE = "evaluate"
    CANARY = "canary"


class TriggerType(StrEnum):
    MANUAL = "manual"
    AUTO = "auto"


class RunStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    PARKED = "parked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def over(self) -> bool:
        return self in _OVER


_OVER = {RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.SUPERSEDED}


class RunLimits(Schema):
    """Promises, never passed by one call. Money in US dollars, minutes of wall time."""

    iterations: Annotated[int, Field(ge=1, le=20)] = 20
    calls: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    money_usd: Annotated[float, Field(ge=0, le=10_000)] = 10.0
    minutes: Annotated[float, Field(gt=0, le=10_080)] = 120.0


MOST_PROPOSALS = 4
MOST_FOLDS = 20


def _as_one(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Where a table is wrong, the place of the error would name a key, which is a caller's text."""
    try:
        return read(value)
    except ValidationError:
        raise ValueError("not a table of tolerances from 0 to 1 by component") from None


Guards = Annotated[dict[Label, Fraction], Field(max_length=50), WrapValidator(_as_one)]


class RunRequest(Schema):
    """`focus` and `guards` name components of the task: a label, or for extraction people, events,
    structural, shift, pair_bonds, child_of, symptom, anxiety, functioning, relationship."""

    task: Slug
    kind: RunKind = RunKind.IMPROVE
    trigger_type: TriggerType = TriggerType.MANUAL
    limits: RunLimits = RunLimits()
    prompt_version: UUID | None = None
    focus: Label | None = Field(
        default=None, description="the component to raise; the objective is guarded meanwhile"
    )
    guards: Guards = Field(
        default={}, description="by how much a component's F1 on validation may fall, at most"
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
    hints: Annotated[tuple[Note, ...], Field(max_length=20)] = ()
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    dry_run: bool = False


class Forecast(Schema):
    """An upper bound, made before anything is created."""

    cases: int
    splits: dict[str, int]
    calls: int
    money_usd: float
    fits: bool
    detectable_gain: float | None = Field(
        default=None,
        description="what the test split would mostly show, if a fifth of the answers change",
    )
    notes: list[str]


class VerdictKind(StrEnum):
    PROVEN = "proven"
    PROMISING = "promising"
    NOISE = "noise"
    NO_CHANGE = "no_change"


class ComponentGain(Schema):
    """What the component in focus gained on the verdict's cases; the claim is not about it."""

    component: Label
    before: float
    after: float
    gain: float
    interval: tuple[float, float]


class Verdict(Schema):
    """One look at cases no proposal ever saw. Gains are differences of the objective, 0 to 1."""

    kind: VerdictKind
    tested_on: str = Field(
        description="'test': untouched cases; 'cross-validation': groups that a repeated search did"
        " not see; 'validation': there was neither"
    )
    cases: int
    before: float
    after: float
    gain: float
    interval: tuple[float, float] = Field(
        description="paired bootstrap interval of the gain, at 1 - alpha: 95 % at the first look"
    )
    p_value: float
    look: int = Field(default=1, description="which verdict on these test cases this is, from 1")
    alpha: float = Field(default=0.05, description="what this look had to pass, two-sided")
    changed_again: float | None = Field(
        default=None, description="share of repeated answers that changed; null: not measured"
    )
    labels_needed: int | None = Field(
        description="about how many more labelled cases would settle it"
    )
    label_first: list[str] = Field(default=[], description="of what there are the fewest")
    focus: ComponentGain | None = Field(
        default=None, description="of a focused run; the claim is about the objective"
    )
    summary: str


class Cause(StrEnum):
    """Why a case is missed. Only a better prompt cures the first."""

    PROMPT = "prompt"
    LABEL = "label"
    SCORER = "scorer"
    SCHEMA = "schema"
    NOISE = "noise"


class LabelFinding(Schema):
    """An approved truth that everything said speaks against. `predicted` is None where the answer
    is no label: it would hold words of the text."""

    case_id: UUID
    predicted: str | None
    differs: list[str] = Field(default=[], description="in what the answer differs; no names")
    agreeing: int = Field(description="prompt versions that gave this answer, of all `versions`")
    versions: int
    repeats: int = Field(description="times the winner was asked again and said the same")
    duplicates: int = Field(
        default=0, description="near-duplicates that are labelled as was answered"
    )


class Misses(Schema):
    """The training cases the winner gets wrong, each with one cause."""

    total: int
    counts: dict[Cause, int]
    case_ids: dict[Cause, list[UUID]]
    labels: list[LabelFinding] = []
    unexamined: int = Field(default=0, description="misses the limits left no calls to look into")
    summary: str


class Spend(Schema):
    """What a run has cost. `notional_usd`: what an offline run would have cost at list price."""

    calls: int = 0
    cached_calls: int = 0
    usd: float = 0.0
    notional_usd: float = 0.0
    unanswered_calls: int = Field(
        default=0,
        description="requests the provider did not let the model answer; they score nowhere",
    )
    unmetered_calls: int = Field(
        default=0,
        description="answers whose usage was not said; each is booked as the most it can cost",
    )


class IterationView(Schema):
    n: int
    strategy: str | None
    rationale: str | None
    outcome: str
    reason: str | None
    validation_f1: float | None
    fixed: int | None
    broke: int | None
    version_id: UUID | None


class ConversationScore(Schema):
    """Scores, 0 to 1, of what all statements of a conversation add up to. An item that comes a
    statement late is no mistake here, and an empty statement no success."""

    conversations: int
    objective: float
    components: dict[str, float]


class RunView(Schema):
    id: UUID
    task: str
    kind: RunKind
    trigger_type: TriggerType
    status: RunStatus
    reason: str | None
    limits: RunLimits
    dataset_hash: str | None
    dataset_size: int | None
    splits: dict[str, int] | None
    baseline_version_id: UUID | None
    best_version_id: UUID | None
    baseline_f1: float | None
    final_f1: float | None
    improvement: float | None
    components: dict[str, float] | None
    pooled: dict[str, tuple[int, int, int]] | None
    support: dict[str, int] | None
    per_conversation: ConversationScore | None = None
    iterations: list[IterationView]
    verdict: Verdict | None
    cross_validation: Verdict | None = Field(
        default=None,
        description="beside a verdict on untouched cases: what the search itself is worth, by"
        " cross-validation of the others",
    )
    misses: Misses | None = None
    spend: Spend
    outages: int = Field(
        default=0, description="how often it was parked because the provider answered nothing"
    )
    engine_version: str
    scorer: str | None = Field(description="what its scores are measured with, and its version")
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None


class HintIn(Schema):
    hint: Annotated[Note, Field(min_length=1)]


class StreamTicket(Schema):
    """Opens one stream, once, before `expires_at`, as `?ticket=`."""

    ticket: str
    expires_at: Moment
