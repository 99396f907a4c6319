"""What is scored without a server: lines of predictions and truths, and what the scorer says."""

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from nlu_shared.schemas.base import Label, SafeText, Schema
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import TaskKind

CaseId = int | SafeText


class PredictedLine(BaseModel):
    """One line of predictions; what it says beyond this is left aside."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: CaseId
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
