"""What a run that only measures found: what a prompt could gain, and whether that would show."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema


class Remedy(StrEnum):
    """What is worth doing first, the cheapest first where several would."""

    SCORER = "scorer"
    QUOTING = "quoting"
    LABELS = "labels"
    REVIEW = "review"
    MODEL = "model"
    IMPROVE = "improve"
    NOTHING = "nothing"


class Variant(StrEnum):
    """A way of asking, beside the baseline."""

    FEW = "few examples"
    OTHER_FEW = "few other examples"
    MANY = "many examples"
    LABELS = "labels listed"


class VariantScore(Schema):
    """What the same cases are answered another way. `gain` is of the cases' mean score: F1 of so
    few cases jumps."""

    variant: Variant = Field(description="the way of asking")
    examples: int = Field(description="how many it shows")
    tokens: int = Field(description="of its prompt, about")
    score: float = Field(description="objective, 0 to 1")
    gain: float = Field(description="of the mean score of a case, against the baseline")
    error: float = Field(description="standard error of that gain")
    fixed: int = Field(description="cases that score higher than with the baseline")
    broke: int = Field(description="cases that score lower")


class ClassifierScore(Schema):
    """TF-IDF and logistic regression on the same labels, each case classified by a model that saw
    neither it nor its near-duplicates."""

    cases: int = Field(description="all that are not set aside to test, or a draw of them")
    score: float | None = Field(description="objective on them, 0 to 1; null: see `missing`")
    same_cases: int = Field(default=0, description="those that the prompt was asked about too")
    same_score: float | None = Field(default=None, description="objective on these")
    missing: str | None = Field(default=None, description="why there is no score")


class Usual(Schema):
    """What an improve run of this task usually takes; its bound is far above."""

    task_calls: int = Field(description="answers to cases")
    proposals: int = Field(description="changes asked for")
    task_tokens_in: int = Field(description="of the question of a case, estimated")
    task_tokens_out: int = Field(description="of an answer, estimated")
    proposal_tokens_in: int = Field(description="of a proposal, estimated")
    proposal_tokens_out: int = Field(description="of a proposal, estimated")


class Headroom(Schema):
    """Measured with few calls on training and validation cases; the test split stays untouched."""

    cases: int = Field(description="that were asked about")
    calls: int = Field(description="that were made for it")
    score: float = Field(description="objective of the baseline on these cases, 0 to 1")
    mean_score: float = Field(description="mean score of a case with the baseline, 0 to 1")
    variants: list[VariantScore] = Field(description="other ways of asking the same cases")
    spread: float = Field(description="between the best and the worst mean score of all ways")
    repeated: int = Field(description="cases asked again with the baseline")
    changed_again: float | None = Field(description="share of them answered otherwise")
    unusable: float = Field(description="share of answers that could not be read")
    near_misses: float = Field(
        description="share of misses that one relaxed rule of the scorer would let pass"
    )
    conflicts: int = Field(
        description="cases with a near-duplicate that is labelled otherwise, of all not set aside"
    )
    conflict_ids: list[UUID] = Field(description="the first of them")
    classifier: ClassifierScore | None = Field(
        description="what a plain classifier reaches; null: the task is no choice of a label"
    )
    chance: float = Field(description="that an improve run ends with 'proven', 0 to 1")
    gain: float = Field(description="expected of an improve run, proven or not")
    interval: tuple[float, float] = Field(description="in which that gain lies 9 times out of 10")
    labels_needed: int | None = Field(
        description="further labels with which such a gain would show 8 times out of 10; null: it"
        " would, or there is none"
    )
    usual: Usual = Field(description="what an improve run takes")
    improve_usd: float | None = Field(
        default=None,
        description="US dollars of that, at the list price when it was measured; null: unknown",
    )
    remedy: Remedy = Field(description="what is worth doing first")
    summary: str = Field(description="the same in a few sentences")
