"""What is scored without a server: lines of predictions and truths, and what the scorer says."""

from enum import StrEnum

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from nlu_shared.schemas.base import Label, SafeText, Schema
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import TaskKind

CaseId = int | SafeText


class NamedLine(BaseModel):
    """One line that names a case; what it says beyond this is left aside."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: CaseId


class PredictedLine(NamedLine):
    """One line of predictions."""

    output: JsonValue


class TruthLine(PredictedLine):
    """One line of truths. nlu-logger's stream of ground truth is such lines: it says `truth`."""

    output: JsonValue = Field(validation_alias=AliasChoices("output", "truth"))
    group: Label | None = None
    context: Context | None = None


class Tally(Schema):
    """True positives, false positives, false negatives."""

    tp: int
    fp: int
    fn: int


class CaseCounts(Schema):
    """What one case, or one discussion, adds to the pooled counts: all components of an
    extraction, of an intent the labels that are its truth or its answer."""

    id: CaseId
    counts: dict[str, Tally]


class MatchedItem(Schema):
    """Ids of the two items; `similarity` of their names or dates, 0 to 1."""

    entity: str
    truth: int | None
    predicted: int | None
    similarity: float


class MissedItem(Schema):
    """An item of one `side` (truth or predicted) that met none, its nearest and what failed."""

    entity: str
    side: str
    id: int | None
    nearest: int | None
    failed: list[str]


class ExplainedCase(Schema):
    id: CaseId
    pairs: list[MatchedItem]
    misses: list[MissedItem]


class Against(StrEnum):
    """How predictions do beside others of the same cases."""

    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"
    CANNOT_TELL = "cannot_tell"


class ScoreComparison(Schema):
    """Predictions against others of the same cases, by a paired test of the objective, 0 to 1."""

    kind: Against = Field(
        description="better or worse: by both tests; equal: the same answers, or a loss of the"
        " margin is ruled out"
    )
    before: float = Field(description="objective of the others")
    after: float = Field(description="objective of the predictions")
    gain: float = Field(description="after less before")
    interval: tuple[float, float] = Field(description="paired bootstrap interval of the gain")
    p_value: float = Field(description="two-sided, of the sign-flip test of the cases' own scores")
    alpha: float = Field(description="what both tests had to pass, two-sided")
    margin: float = Field(description="the loss that is still taken for none")
    cases: int = Field(description="that were compared")
    groups: int = Field(description="pieces of evidence: cases of one group are one")
    missing: int = Field(description="truths of which the others hold no prediction")
    fixed: list[CaseId] = Field(description="cases that score higher than in the others")
    broke: list[CaseId] = Field(description="cases that score lower")
    labels_needed: int | None = Field(
        default=None,
        description="where it cannot be told: further labelled cases after which it mostly could",
    )
    labels_beyond: int | None = Field(
        default=None, description="more than so many would be needed; null: see labels_needed"
    )


class ScoreReport(Schema):
    """Scores are 0 to 1, of the counts `pooled` over all cases; `objective` is one of them.

    Unanswered and missing cases count as if nothing had been said.
    """

    kind: TaskKind
    scorer: str = Field(description="what is measured with, and its version")
    objective: float
    scores: dict[str, float]
    pooled: dict[str, Tally]
    support: dict[str, int] = Field(
        description="how many cases carry each component in their truth; of extractions only"
    )
    unanswered: int = Field(description="predictions whose output cannot be used")
    missing: int = Field(description="truths without a prediction")
    left_out: int = Field(description="cases that are not scored: unreadable, of no discussion, …")
    cases: list[CaseCounts]
    explained: list[ExplainedCase] = []
    alike: list[tuple[str, ...]] = Field(
        default=[], description="truths that are nearly one label, those of one kind together"
    )
    against: ScoreComparison | None = Field(
        default=None, description="where other predictions were named"
    )
    regressions: list[CaseId] = Field(
        default=[], description="cases that had to stay right and are not"
    )
