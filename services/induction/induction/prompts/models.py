"""What a prompt version, its scores, the pointer to what serves and its proposals are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.errors import Conflict
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.ensembles import Ensemble
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.rendered import ModuleConstants
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class IsEnsemble(Conflict):
    code = "version_is_ensemble"
    title = "The version is an ensemble, which has no prompt of its own"


class PromptVersionRow(SQLModel, table=True):
    """What it was made with, for good: `content` is a `PromptContent`, or an `Ensemble` of other
    versions; `labels`, of an intent, are what its answers are chosen from, `spellings` how they may
    be written, `constants` a `ModuleConstants`. The same content with other labels is another
    version. `model` is the one it was made for."""

    __tablename__ = "prompt_versions"

    id: UUID = Field(primary_key=True)
    task: str
    version_hash: str
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    parent_id: UUID | None = None
    run_id: UUID | None = None
    source: str
    labels: list[str] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    spellings: dict[str, str] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    model: str | None = None
    constants: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    notes: str | None = None
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )

    def prompt(self) -> PromptContent:
        """Raises IsEnsemble."""
        if (ensemble := self.ensemble()) is not None:
            members = ", ".join(str(one.version_id) for one in ensemble.members)
            raise IsEnsemble(
                f"It is an ensemble, where one prompt is needed: name one of {members}."
            )
        return PromptContent.model_validate(self.content)

    def ensemble(self) -> Ensemble | None:
        """None where it is a prompt."""
        return Ensemble.model_validate(self.content) if "members" in self.content else None

    @property
    def module_constants(self) -> ModuleConstants | None:
        return None if self.constants is None else ModuleConstants.model_validate(self.constants)


class PromptScoreRow(SQLModel, table=True):
    __tablename__ = "prompt_scores"

    version_id: UUID = Field(primary_key=True)
    run_id: UUID = Field(primary_key=True)
    split: str = Field(primary_key=True)
    objective: float
    components: dict[str, float] = Field(sa_column=Column(JSONB, nullable=False))
    pooled: dict[str, tuple[int, int, int]] = Field(
        default={}, sa_column=Column(JSONB, nullable=False)
    )
    support: dict[str, int] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    per_conversation: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    cases: int
    unanswered: int = 0
    faults: dict[str, int] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    lenient: dict[str, int] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    dataset_hash: str
    model: str
    answered_by: str | None = None
    scorer: str
    rendered_hash: str | None = None
    labels_version: int = 0

    @property
    def era(self) -> str:
        """Equal for scores that may stand in one line."""
        names = ("model", "answered_by", "dataset_hash", "scorer", "labels_version")
        measured = {name: getattr(self, name) for name in names}
        return digest({**measured, "prompt": self.rendered_hash or self.version_id})[:12]


class PromptMoveRow(SQLModel, table=True):
    """One move of the pointer, never changed: the newest under an alias says what serves there.
    `n` has no gap. Why it was made stands in its proposal."""

    __tablename__ = "prompt_moves"

    task: str = Field(primary_key=True)
    alias: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    moved_at: datetime = Field(sa_type=DateTime(timezone=True))
    version_id: UUID
    from_version_id: UUID | None = None
    by: str
    is_rollback: bool = False
    proposal_id: UUID | None = None


class PromptProposalRow(SQLModel, table=True):
    """That a version is to serve in another one's place; `evidence` is a `PromotionEvidence`."""

    __tablename__ = "prompt_proposals"

    id: UUID = Field(primary_key=True)
    task: str
    alias: str
    is_rollback: bool
    version_id: UUID
    version_hash: str
    from_version_id: UUID | None = None
    proposed_by: str
    proposed_at: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), server_default=func.clock_timestamp()),
    )
    evidence: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str | None = None
    approvals_needed: int
    status: str
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class PromptVoteRow(SQLModel, table=True):
    """`n` counts from 1 within its proposal."""

    __tablename__ = "prompt_votes"

    proposal_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    by: str
    decision: str
    reason: str | None = None
    decided_at: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), server_default=func.clock_timestamp()),
    )
