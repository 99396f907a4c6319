"""Two versions of a prompt on live traffic: how it is set up, how it stands, how it ended."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Body, Fraction, Label, Moment, Note, Page, Schema

MOST_GUARDS, MOST_HOURS = 20, 2_160
SHORT_HOURS = 1 / 60
"""Who has less time for an outcome has hardly any; a person is warned."""


class Unit(StrEnum):
    """What `active?unit=` is asked with, as predictions are logged with it: their `conversation_id`
    or `user_id`. `prediction`: another one each time."""

    CONVERSATION = "conversation"
    USER = "user"
    PREDICTION = "prediction"


class Arm(StrEnum):
    """`a` is what serves in production, `b` the candidate."""

    A = "a"
    B = "b"


class ArmCount(Schema):
    """Units of an experiment that were answered alike; a unit counts with its first prediction."""

    step: int = Field(description="of the times given, the one it was answered after; from 0")
    arm: Arm = Field(description="which version it was asked with")
    predicted_intent: str = Field(description="the label that was answered")
    units: int = Field(description="how many they are")
    ended: int = Field(description="of these, those with an outcome")
    successes: int = Field(description="of these, those that went well")


class ArmCounts(Page[ArmCount]):
    """All units of a period that were given, and whether what was logged names any."""

    predictions: int | None = Field(
        default=None, description="that carry one of the versions; null: not counted"
    )
    with_unit: int | None = Field(default=None, description="of these, those logged with a unit")


class ExperimentStatus(StrEnum):
    """Units get b while it is running, or won and not stopped."""

    RUNNING = "running"
    WON = "won"
    ROLLED_BACK = "rolled_back"
    STOPPED = "stopped"


class Guard(Body):
    """An intent that may not lose more than the margin."""

    intent: Label = Field(description="of the predictions it looks at")
    margin: Fraction = Field(
        default=0.05, description="how much less often b may succeed there than a"
    )


Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class ExperimentIn(Body):
    """An experiment as it is asked for."""

    version_id: UUID = Field(description="b, the candidate; a is what serves in production")
    shares: tuple[Share, ...] = Field(
        default=(0.01, 0.1, 0.5, 1.0),
        min_length=1,
        max_length=10,
        description="of units that get b, one after the other, each larger than the one before; 1"
        " comes with the win alone",
    )
    unit: Unit = Field(
        default=Unit.CONVERSATION, description="what `active?unit=` is asked with, and logged with"
    )
    step_hours: float = Field(
        default=24, ge=0, le=MOST_HOURS, description="each share stands so long at least"
    )
    step_units: int = Field(
        default=100, ge=1, le=10_000_000, description="units that settle under a share at least"
    )
    outcome_within_hours: float = Field(
        default=24,
        ge=0,
        le=MOST_HOURS,
        description="so long a unit has for its outcome; without one by then it did not succeed."
        " Less than a minute is warned of: nearly all units would fail, in both arms",
    )
    lag_minutes: float = Field(
        default=5,
        ge=0,
        le=1_440,
        description="predictions so soon after a new share do not count: callers may keep what"
        " `active` answered so long",
    )
    most_days: float = Field(
        default=60, gt=0, le=365, description="it stops after so many days without a decision"
    )
    guards: tuple[Guard, ...] = Field(
        default=(), max_length=MOST_GUARDS, description="intents that roll it back by themselves"
    )
    promote: bool = Field(
        default=False, description="does a winner ask to be promoted? Else a person does"
    )
    reason: Note | None = Field(default=None, description="what is tried, and why")


class ExperimentStopIn(Body):
    """A stop as it is asked for."""

    reason: Note | None = Field(default=None, description="why")


class ArmOutcomes(Schema):
    """The settled units of one version under one share."""

    share: Fraction = Field(description="of units that got b")
    arm: Arm = Field(description="which version they got")
    units: int = Field(description="how many have settled")
    ended: int = Field(description="of these, those with an outcome in time")
    successes: int = Field(description="of these, those that went well")


class GuardEvidence(Schema):
    """How sure it is that b loses more than the margin where this intent is answered."""

    intent: str = Field(description="which")
    margin: Fraction = Field(description="how much less often b may succeed")
    units: int = Field(description="settled units of the intent, of both versions")
    worse: float = Field(description="evidence of a greater loss; at `needed` it is rolled back")
    needed: float = Field(description="1 ÷ (0.05 ÷ number of guards)")


class EvidencePoint(Schema):
    """The evidence as it stood after one look."""

    at: Moment = Field(description="when it was looked at")
    units: int = Field(description="settled by then, of both versions")
    difference: float | None = Field(
        description="success rate of b less that of a; null: there were not both"
    )
    better: float = Field(description="evidence that b succeeds more often")
    worse: float = Field(description="evidence that b succeeds less often")


class ExperimentEvidence(Schema):
    """What the outcomes say so far, valid however often it is looked at. Evidence begins at 1; it
    reaches `needed` by chance in at most one experiment of 1 ÷ 0.05."""

    looked_at: Moment = Field(description="when")
    settled_until: Moment = Field(description="units of before this moment have settled")
    arms: list[ArmOutcomes] = Field(description="by share and version")
    difference: float | None = Field(
        description="success rate of b less that of a as `arms` have them, under the same share (of"
        " several shares the mean by their units); null: under none have both settled"
    )
    better: float = Field(description="evidence that b succeeds more often")
    worse: float = Field(description="evidence that b succeeds less often")
    unbalanced: float = Field(
        description="evidence that units do not get the versions they should: no winner is found"
        " from 1000 on"
    )
    needed: float = Field(description="evidence that decides")
    guards: list[GuardEvidence] = Field(description="by intent")
    predictions: int | None = Field(
        default=None,
        description="settled predictions that carry one of the versions; null: not counted",
    )
    with_unit: int | None = Field(
        default=None,
        description="of these, those that are logged with a unit; the others count nowhere",
    )
    course: list[EvidencePoint] = Field(
        default=[],
        description="looks at which more had settled, the oldest first; of many a hundred, spread"
        " over time. Empty in a list of experiments",
    )


class ExperimentStep(Schema):
    """A share of units that got b, since when, and why."""

    n: int = Field(description="1 is the first")
    share: Fraction = Field(description="of units that get b from then on")
    since: Moment = Field(description="when it began")
    reason: str = Field(description="why it did")


class Experiment(Schema):
    """An experiment as it stands."""

    id: UUID = Field(description="its id")
    task: str = Field(description="whose prompt")
    status: ExperimentStatus = Field(description="running, won, rolled_back or stopped")
    a_version_id: UUID = Field(description="what served in production when it began")
    b_version_id: UUID = Field(description="the candidate")
    share: Fraction = Field(description="of units that get b now")
    centre: Fraction = Field(
        description="success rate of a before it began, else 0.5; the evidence is computed with it"
    )
    plan: ExperimentIn = Field(description="as it was asked for")
    notes: list[str] = Field(default=[], description="what to know of the plan")
    steps: list[ExperimentStep] = Field(description="the shares so far")
    evidence: ExperimentEvidence | None = Field(description="of the newest look; null: none yet")
    conclusion: str | None = Field(description="why it ended; null: it has not")
    proposal_id: UUID | None = Field(
        description="the promotion that the win has asked for; null: none"
    )
    by: str = Field(description="who began it")
    by_name: str | None = Field(default=None, description="what people call them")
    created_at: Moment = Field(description="when it began")
    ended_at: Moment | None = Field(
        description="when it was decided or stopped, or production moved; null: not yet"
    )
    ended_by: str | None = Field(description="who stopped it, or `experiment`; null: not yet")
    ended_by_name: str | None = Field(default=None, description="what people call them")
    stopped_at: Moment | None = Field(
        default=None,
        description="of one that has won: since when units get production again; null: nobody has"
        " stopped it since",
    )
    stopped_by: str | None = Field(default=None, description="who stopped it after its win")
    stopped_by_name: str | None = Field(default=None, description="what people call them")
    stopped_because: str | None = Field(default=None, description="why, in their words")
    production_moved_at: Moment | None = Field(
        default=None,
        description="when another version than a came to serve in production, since which it gives"
        " nobody b any more, whatever serves later; null: none has, or it was decided against b or"
        " stopped before",
    )


class Assigned(Schema):
    """What a unit gets, and why."""

    variant: Literal["production", "a", "b"] = Field(
        description="production: no experiment assigned it"
    )
    experiment_id: UUID | None = Field(default=None, description="which assigned it; null: none")
    share: Fraction | None = Field(default=None, description="of units that get b; null: none do")
