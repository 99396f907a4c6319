"""How a version comes to serve: what a task asks for first, what is proposed, and what has been."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from nlu_shared.schemas.base import Body, Moment, Note, Schema
from nlu_shared.schemas.prompts import ServingAlias, SplitScore
from nlu_shared.schemas.traffic import TrafficReplay
from nlu_shared.schemas.verdicts import Verdict

MOST_APPROVERS = 10
VersionHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PromotionVerdict(StrEnum):
    """The least that a run must have found before a version may serve."""

    ANY = "any"
    PROMISING = "promising"
    PROVEN = "proven"


class PromotionRules(Schema):
    """What a task asks for before a version serves in production. Staging and a roll-back are asked
    for nothing, a task's first version for no verdict."""

    promotion_approvals: int = Field(
        default=0,
        ge=0,
        le=MOST_APPROVERS,
        description="how many others than its author have to approve a promotion; 0: it is moved at"
        " once",
    )
    promotion_verdict: PromotionVerdict = Field(
        default=PromotionVerdict.ANY,
        description="the least verdict of a run that compared the version with the one that serves:"
        " any (none is needed), promising, proven",
    )


class PromotionIn(Body):
    """A promotion as it is asked for; empty is a plain one to production."""

    alias: ServingAlias = Field(
        default=ServingAlias.PRODUCTION, description="under which it is to serve"
    )
    version_hash: VersionHash | None = Field(
        default=None, description="of the version that is meant: 409 where it has another"
    )
    reason: Note | None = Field(default=None, description="why, for whoever approves or looks back")


class RollbackIn(Body):
    """A roll-back as it is asked for; empty is a plain one of production."""

    alias: ServingAlias = Field(
        default=ServingAlias.PRODUCTION, description="under which the version before is to serve"
    )
    version_hash: VersionHash | None = Field(
        default=None,
        description="of the version that serves and is to stop: 409 where another serves, so that"
        " two people who roll back at once do so once",
    )
    reason: Note | None = Field(default=None, description="why, for whoever looks back")


class PromotionApprovalIn(Body):
    """That a promotion may be made; empty is a plain yes."""

    version_hash: VersionHash | None = Field(
        default=None, description="of the version that was read: 409 where another is proposed"
    )
    reason: Note | None = Field(default=None, description="why, for whoever looks back")


class PromotionRejectionIn(Body):
    reason: Annotated[Note, Field(min_length=1, description="why, for its author")]


class ReplayEvidence(Schema):
    """The newest replay of the version that came to its end."""

    run_id: UUID = Field(description="the run that made it")
    completed_at: Moment = Field(description="when it ended")
    replay: TrafficReplay = Field(description="what the version would have changed")


class PromotionEvidence(Schema):
    """What was known of the version when it was proposed, frozen."""

    run_id: UUID | None = Field(
        default=None,
        description="the run whose best it is: of those with a verdict the newest, one that began"
        " with the version that served before others; null: there is none",
    )
    baseline_version_id: UUID | None = Field(
        default=None, description="with which that run compared it"
    )
    is_against_serving: bool = Field(
        default=False, description="is that the version it is to take the place of?"
    )
    verdict: Verdict | None = Field(default=None, description="of that run")
    replay: ReplayEvidence | None = Field(
        default=None, description="what it would change of traffic; null: nobody had it replayed"
    )
    scores: list[SplitScore] = Field(default=[], description="every measurement of the version")


class ProposalStatus(StrEnum):
    """A stale one compared its version with one that does not serve any more."""

    WAITING = "waiting"
    APPLIED = "applied"
    REJECTED = "rejected"
    STALE = "stale"


class PromotionDecision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


class PromotionVote(Schema):
    """What one person decided on a proposal."""

    by: str = Field(description="who")
    by_name: str | None = Field(default=None, description="what people call them")
    decision: PromotionDecision = Field(description="approved or rejected")
    reason: str | None = Field(description="why, in their words")
    decided_at: Moment = Field(description="when")


class PromotionProposal(Schema):
    """That a version is to serve in another one's place, and what became of it."""

    id: UUID = Field(description="names the proposal in paths")
    task: str = Field(description="whose prompt it is")
    alias: ServingAlias = Field(description="under which the version is to serve")
    status: ProposalStatus = Field(description="waiting, applied, rejected or stale")
    is_rollback: bool = Field(description="does it bring back what served before?")
    version_id: UUID = Field(description="the version that is to serve")
    version_hash: VersionHash = Field(description="of its content, to which the proposal is bound")
    from_version_id: UUID | None = Field(
        description="the version that served when it was proposed; null: none did"
    )
    proposed_by: str = Field(description="its author")
    proposed_by_name: str | None = Field(default=None, description="what people call them")
    reason: str | None = Field(description="why, in the author's words")
    proposed_at: Moment = Field(description="when")
    evidence: PromotionEvidence = Field(description="what was known then")
    approvals_needed: int = Field(
        description="by others than its author; of one that waits, as the task asks now"
    )
    votes: list[PromotionVote] = Field(default=[], description="in their order")
    closed_at: Moment | None = Field(description="since when it waits no more; null: it does")


class PointerMove(Schema):
    """One line of the history of what served."""

    n: int = Field(description="its number under the alias, from 1, without a gap")
    alias: ServingAlias = Field(description="under which the version serves")
    version_id: UUID = Field(description="what served from then on")
    version_hash: str = Field(description="of its content")
    from_version_id: UUID | None = Field(description="what had served until then; null: nothing")
    from_version_hash: str | None = Field(description="of its content")
    moved_at: Moment = Field(description="when it began to serve")
    until: Moment | None = Field(description="when it ceased to; null: it serves")
    by: str = Field(description="who moved it: of an approved proposal, who approved last")
    by_name: str | None = Field(default=None, description="what people call them")
    is_rollback: bool = Field(description="did it bring back what had served before?")
    proposal_id: UUID | None = Field(
        description="with evidence and approvals; null: from before there were proposals"
    )
    reason: str | None = Field(description="why, in the author's words; null: none was given")
    notes: str | None = Field(
        default=None,
        description="why the version was written or brought in; null: a run made it, or none given",
    )
