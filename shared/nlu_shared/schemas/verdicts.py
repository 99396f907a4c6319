"""What a run found: is the winner better on unseen cases, and what are its misses due to."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Label, Schema


class VerdictKind(StrEnum):
    PROVEN = "proven"
    PROMISING = "promising"
    NOISE = "noise"
    NO_CHANGE = "no_change"


class ComponentGain(Schema):
    """What the component in focus gained on the verdict's cases; the claim is not about it."""

    component: Label = Field(description="in focus")
    before: float = Field(description="its score under the baseline, 0 to 1")
    after: float = Field(description="its score under the winner, 0 to 1")
    gain: float = Field(description="after less before")
    interval: tuple[float, float] = Field(description="bootstrap interval of the gain")


class Verdict(Schema):
    """One look at cases no proposal ever saw. Gains are differences of the objective, 0 to 1."""

    kind: VerdictKind = Field(description="what is claimed")
    tested_on: str = Field(
        description="'test': untouched cases; 'cross-validation': groups that a repeated search did"
        " not see; 'validation': there was neither"
    )
    cases: int = Field(description="how many it rests on")
    before: float = Field(description="score of the baseline, 0 to 1")
    after: float = Field(description="score of the winner, 0 to 1")
    gain: float = Field(description="after less before")
    interval: tuple[float, float] = Field(
        description="paired bootstrap interval of the gain, at 1 - alpha: 95 % at the first look"
    )
    p_value: float = Field(description="two-sided")
    look: int = Field(default=1, description="which verdict on these test cases this is, from 1")
    alpha: float = Field(default=0.05, description="what this had to pass, two-sided")
    changed_again: float | None = Field(
        default=None, description="share of repeated answers that changed; null: not measured"
    )
    labels_needed: int | None = Field(
        description="further labelled cases after which such a gain would be proven 8 times out of"
        " 10, by simulation"
    )
    labels_beyond: int | None = Field(
        default=None, description="more than so many would be needed; null: see labels_needed"
    )
    label_first: list[str] = Field(default=[], description="of what there are the fewest")
    focus: ComponentGain | None = Field(
        default=None, description="of a focused run; the claim is about the objective"
    )
    summary: str = Field(description="the same in a sentence")


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

    case_id: UUID = Field(description="the ground-truth case")
    predicted: str | None = Field(description="the label that is answered; null: it is none")
    differs: list[str] = Field(default=[], description="in what the answer differs; no names")
    agreeing: int = Field(description="prompt versions that gave this answer, of all `versions`")
    versions: int = Field(description="prompt versions that answered the case")
    repeats: int = Field(description="times the winner was asked again and said the same")
    duplicates: int = Field(default=0, description="near-duplicates labelled as was answered")


class ErrorAnalysis(Schema):
    """The training cases the winner gets wrong; of those examined each with one cause."""

    total: int = Field(description="cases it gets wrong")
    counts: dict[Cause, int] = Field(description="cases by cause")
    case_ids: dict[Cause, list[UUID]] = Field(description="the cases by cause")
    labels: list[LabelFinding] = Field(default=[], description="truths that rather are wrong")
    unexamined: int = Field(
        default=0,
        description="misses that what is known does not explain and no calls were left for",
    )
    summary: str = Field(description="the same in a sentence")
