"""What a canary found: the prompt in production, asked again on the same cases."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema


class CanaryAnswer(Schema):
    """One case of the slice as it was answered. Fingerprints are the first 8 hex digits of a
    SHA-256: enough to see that something changed, and nothing of what it says."""

    case_id: UUID = Field(description="the case")
    answer: str = Field(description="fingerprint of the answer as it was read")
    truth: str = Field(description="fingerprint of the approved truth")
    score: float = Field(description="of the answer, 0 to 1")
    steady: bool | None = Field(
        default=None, description="was the answer the same when asked again? null: not asked"
    )


class Canary(Schema):
    """The prompt in production on a fixed slice of cases, beside an earlier canary of the same
    prompt and model on the same cases. Scores are means over cases, 0 to 1."""

    cases: int = Field(description="of the slice that were answered")
    score: float = Field(description="their mean score now")
    unusable: int = Field(description="answers that could not be read")
    wavered: int = Field(description="cases answered otherwise when asked twice tonight")
    compares_with: UUID | None = Field(
        default=None, description="the earlier canary's run; null: this is the first"
    )
    same_cases: int = Field(default=0, description="cases that both were asked")
    changed: int = Field(default=0, description="of these, those answered otherwise than then")
    wavered_before: int | None = Field(
        default=None, description="of these, those that wavered then; null: not known"
    )
    truths_changed: int = Field(
        default=0, description="of these, those whose approved truth is another one than then"
    )
    before: float | None = Field(
        default=None,
        description="mean score of the same cases and truths then; null: there is none",
    )
    after: float | None = Field(default=None, description="mean score of these now")
    p_value: float = Field(
        default=1.0,
        description="that so many answers would change, or waver, by the model's wavering alone"
        " (exact, of both together)",
    )
    drifted: bool = Field(default=False, description="has the model behind the prompt changed?")
    summary: str = Field(description="the same in a sentence")
