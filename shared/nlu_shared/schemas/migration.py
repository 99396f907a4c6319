"""A migration: what is asked for, and what was found. Is a new model as good as the old one, within
a margin, and what does it cost and take?"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from nlu_shared.schemas.base import Body, Label, Schema
from nlu_shared.schemas.tasks import ModelName

MARGIN = 0.02
MOST_MARGIN = 0.2
MOST_MODELS = 5


def _each_once(models: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(models)) < len(models):
        raise PydanticCustomError("model_twice", "each model once")
    return models


class MigrationTerms(Body):
    """What a migration is asked for."""

    to_models: Annotated[tuple[ModelName, ...], AfterValidator(_each_once)] = Field(
        default=(),
        max_length=MOST_MODELS,
        description="of a migration: the models that are to be compared with the task's",
    )
    margin: float = Field(
        default=MARGIN,
        gt=0,
        le=MOST_MARGIN,
        description="of a migration: the loss of score that is still taken for none",
    )
    optimise: bool = Field(
        default=False,
        description="of a migration: search a better prompt for each new model first? It takes an"
        " untouched test split",
    )
    agreement: bool = Field(
        default=False,
        description="of a migration: compare with the old model's answers instead of the labels;"
        " where there are no approved cases, or too few for an answer, on logged predictions",
    )


class ComparisonKind(StrEnum):
    NOT_WORSE = "not_worse"
    WORSE = "worse"
    NEEDS_LABELS = "needs_labels"
    NOT_JUDGED = "not_judged"


class Measure(StrEnum):
    """What the scores of a comparison are: agreement is with the old model's answers, which need
    not be right."""

    F1 = "f1"
    AGREEMENT = "agreement"


class ComponentFall(Schema):
    """A component that the new model answers worse, beyond chance in all components together."""

    component: Label = Field(description="an intent, or a part of an extraction")
    before: float = Field(description="its F1 under the old model, 0 to 1")
    after: float = Field(description="its F1 under the new model, 0 to 1")
    interval: tuple[float, float] = Field(
        description="paired bootstrap interval of after less before, as wide as so many"
        " comparisons take"
    )


class ModelComparison(Schema):
    """One new model against the old one on the same cases. Scores are the objective, 0 to 1."""

    model: Label = Field(description="the new model")
    kind: ComparisonKind = Field(description="what is claimed")
    optimised: bool = Field(description="was another prompt found for it than the old model's?")
    version_hash: str = Field(description="of the prompt it was asked with")
    version_id: UUID | None = Field(default=None, description="the version of that prompt")
    tested_on: str = Field(
        description="'test': untouched cases; 'validation': there are none; 'traffic': logged"
        " predictions, whose truths nobody knows"
    )
    measure: Measure = Field(description="f1, or agreement with the old model's answers")
    cases: int = Field(description="that both models answered")
    before: float = Field(
        description="score of the old model; of agreement: with itself, asked again"
    )
    after: float = Field(description="score of the new model")
    gain: float = Field(description="after less before")
    interval: tuple[float, float] = Field(
        description="paired bootstrap interval of the gain, at 1 - alpha"
    )
    margin: float = Field(description="the loss that is still taken for none")
    alpha: float = Field(
        description="two-sided; half of it is the chance of a false 'not worse', at most"
    )
    look: int = Field(default=1, description="which migration on these cases this is, from 1")
    worse_on: list[ComponentFall] = Field(default=[], description="the largest fall first")
    labels_needed: int | None = Field(
        default=None,
        description="further labelled cases that would settle it, about; of 'traffic', further"
        " logged predictions",
    )
    label_first: list[str] = Field(default=[], description="of what there are the fewest")
    summary: str = Field(description="the same in a sentence")


class ModelFigures(Schema):
    """What the answers of one model to the compared cases cost and took, as the ledger has it."""

    model: Label = Field(description="the old model or a new one")
    usd_per_1000: float | None = Field(
        description="US dollars at list price for 1,000 cases, by the usage of these answers; null:"
        " unknown"
    )
    seconds_median: float | None = Field(
        description="from sending to the answer, of answers that came at the first attempt, under"
        " the run's concurrency; null: none did"
    )
    seconds_p95: float | None = Field(description="which 95 of 100 of these stayed below")
    calls: int = Field(description="answers this rests on")


class Migration(Schema):
    """A migration as it stands."""

    comparisons: list[ModelComparison] = Field(description="one a new model, in the order given")
    figures: list[ModelFigures] = Field(description="of the old model first")
