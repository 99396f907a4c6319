"""Promotion proposals: made, approved, rejected, applied. Each move of the pointer has one.

Whoever proposes or decides holds the task's row until the commit: what is read of the pointer and
of proposals stays so, and two promotions at once are one history in order.
"""

from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.errors import Conflict, Forbidden, NotFound
from nlu_shared.schemas.promotions import (
    PromotionApprovalIn,
    PromotionDecision,
    PromotionEvidence,
    PromotionIn,
    PromotionRejectionIn,
    ProposalStatus,
    RollbackIn,
)
from nlu_shared.schemas.prompts import ServingAlias
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts import pointer, promotion, queries, service
from induction.prompts.models import PromptProposalRow, PromptVersionRow, PromptVoteRow
from induction.prompts.promotion import Ruling
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow

_CLOSE = text(
    """
    UPDATE prompt_proposals SET status = :status, closed_at = clock_timestamp()
    WHERE task = :task AND alias = :alias AND status = 'waiting'
        AND (id = :id) = :is_own
    """
)


class HashDiffers(Conflict):
    code = "hash_differs"
    title = "Another version is meant than the one named"


class Stale(Conflict):
    code = "proposal_stale"
    title = "What the proposal was to take the place of does not serve any more"


class NotWaiting(Conflict):
    code = "proposal_closed"
    title = "The proposal does not wait any more"


class VerdictTooWeak(Conflict):
    code = "verdict_too_weak"
    title = "The task asks for a better verdict before this version may serve"


class OwnProposal(Forbidden):
    code = "own_proposal"
    title = "Whoever proposes a promotion does not approve it"


async def promote(
    session: AsyncSession, task: str, version_id: UUID, order: PromotionIn, *, by: str
) -> PromptProposalRow | None:
    """The proposal, which is applied at once where the task asks for no approval; the one that
    waits already where there is one; None where the version serves, which stays so.

    Raises NotFound, HashDiffers, VerdictTooWeak.
    """
    row = await tasks.held(session, task)
    version = await service.get(session, task, version_id)
    _require_hash(order.version_hash, version.version_hash)
    serving = await pointer.serving_id(session, task, order.alias)
    if serving == version_id:
        return None
    proposal = await _proposal(session, version, order, serving=serving, by=by)
    if _rule(row, proposal, approvals=0) is Ruling.WAITS:
        return await _waiting(session, proposal) or await _propose(session, row, proposal)
    await _apply(session, proposal, by=by)
    return proposal


async def roll_back(
    session: AsyncSession, task: str, order: RollbackIn, *, by: str
) -> PromptProposalRow:
    """What served before serves again, at once: it was approved when it first did. Raises NotFound,
    HashDiffers, Conflict where nothing served before."""
    await tasks.held(session, task)
    serving = await pointer.serving_id(session, task, order.alias)
    earlier = await pointer.previous(session, task, order.alias)
    if serving is None or earlier is None:
        raise Conflict("No earlier version has served.")
    standing = await service.get(session, task, serving)
    _require_hash(order.version_hash, standing.version_hash)
    version = await service.get(session, task, earlier)
    proposal = await _proposal(session, version, order, serving=serving, by=by)
    await _apply(session, proposal, by=by)
    return proposal


async def approve(
    session: AsyncSession, task: str, proposal_id: UUID, body: PromotionApprovalIn, *, by: str
) -> PromptProposalRow:
    """Counts the approval, and moves the pointer once there are enough. Raises NotFound,
    OwnProposal, HashDiffers, Stale, NotWaiting, VerdictTooWeak (the task may ask for more now)."""
    row = await tasks.held(session, task)
    proposal = await _open(session, task, proposal_id)
    if proposal.proposed_by == by:
        raise OwnProposal
    version = await service.get(session, task, proposal.version_id)
    _require_hash(body.version_hash, proposal.version_hash)
    _require_hash(proposal.version_hash, (version.ensemble() or version.prompt()).version_hash)
    serving = await pointer.serving_id(session, task, ServingAlias(proposal.alias))
    if serving != proposal.from_version_id:
        raise Stale
    await _vote(session, proposal, PromotionDecision.APPROVED, by=by, reason=body.reason)
    proposal.approvals_needed = row.promotion_approvals
    if _rule(row, proposal, approvals=await _approvals(session, proposal)) is Ruling.MOVES:
        await _apply(session, proposal, by=by)
    await session.flush()
    return proposal


async def reject(
    session: AsyncSession, task: str, proposal_id: UUID, body: PromotionRejectionIn, *, by: str
) -> PromptProposalRow:
    """One no is enough; its author withdraws it so. Raises NotFound, Stale, NotWaiting."""
    await tasks.held(session, task)
    proposal = await _open(session, task, proposal_id)
    await _vote(session, proposal, PromotionDecision.REJECTED, by=by, reason=body.reason)
    await _close(session, proposal, ProposalStatus.REJECTED)
    await session.refresh(proposal)
    return proposal


async def get(session: AsyncSession, task: str, proposal_id: UUID) -> PromptProposalRow:
    row = await session.get(PromptProposalRow, proposal_id, populate_existing=True)
    if row is None or row.task != task:
        raise NotFound("There is no such proposal.", code="unknown_proposal")
    return row


async def _proposal(
    session: AsyncSession,
    version: PromptVersionRow,
    order: PromotionIn | RollbackIn,
    *,
    serving: UUID | None,
    by: str,
) -> PromptProposalRow:
    """Not stored yet."""
    evidence = await queries.evidence_of(session, version, serving)
    return PromptProposalRow(
        id=uuid7(),
        task=version.task,
        alias=order.alias.value,
        is_rollback=isinstance(order, RollbackIn),
        version_id=version.id,
        version_hash=version.version_hash,
        from_version_id=serving,
        proposed_by=by,
        evidence=evidence.model_dump(mode="json"),
        reason=order.reason or None,
        approvals_needed=0,
        status=ProposalStatus.WAITING.value,
    )


def _rule(row: TaskRow, proposal: PromptProposalRow, *, approvals: int) -> Ruling:
    ruling = promotion.rule(
        row.promotion_rules,
        alias=ServingAlias(proposal.alias),
        is_first=proposal.from_version_id is None,
        evidence=PromotionEvidence.model_validate(proposal.evidence),
        approvals=approvals,
    )
    if ruling is Ruling.NEEDS_VERDICT:
        raise VerdictTooWeak(
            f"Needed: at least {row.promotion_verdict}, of a run that began with the version that"
            " serves. POST /v1/runs starts one."
        )
    return ruling


async def _waiting(session: AsyncSession, proposal: PromptProposalRow) -> PromptProposalRow | None:
    """The one that proposes the same and waits already."""
    same = select(PromptProposalRow).where(
        PromptProposalRow.task == proposal.task,
        PromptProposalRow.alias == proposal.alias,
        PromptProposalRow.version_id == proposal.version_id,
        PromptProposalRow.status == ProposalStatus.WAITING.value,
    )
    return (await session.exec(same)).one_or_none()


async def _propose(
    session: AsyncSession, row: TaskRow, proposal: PromptProposalRow
) -> PromptProposalRow:
    proposal.approvals_needed = row.promotion_approvals
    session.add(proposal)
    await session.flush()
    await _note(session, "prompts.propose", proposal, by=proposal.proposed_by)
    await session.refresh(proposal)
    return proposal


async def _apply(session: AsyncSession, proposal: PromptProposalRow, *, by: str) -> None:
    """Moves the pointer. Whatever else waits there compared with what served until now."""
    await _close(session, proposal, ProposalStatus.STALE, others=True)
    session.add(proposal)
    await session.flush()
    await pointer.move(session, proposal, by=by)
    await _close(session, proposal, ProposalStatus.APPLIED)
    action = "prompts.roll_back" if proposal.is_rollback else "prompts.promote"
    await _note(session, action, proposal, by=by)
    await session.refresh(proposal)


async def _close(
    session: AsyncSession,
    proposal: PromptProposalRow,
    status: ProposalStatus,
    *,
    others: bool = False,
) -> None:
    """This one, or the others that wait under its alias."""
    params = {"task": proposal.task, "alias": proposal.alias, "id": proposal.id}
    await session.execute(_CLOSE, params | {"status": status.value, "is_own": not others})


async def _open(session: AsyncSession, task: str, proposal_id: UUID) -> PromptProposalRow:
    proposal = await get(session, task, proposal_id)
    if proposal.status == ProposalStatus.STALE:
        raise Stale
    if proposal.status != ProposalStatus.WAITING:
        raise NotWaiting
    return proposal


async def _vote(
    session: AsyncSession,
    proposal: PromptProposalRow,
    decision: PromotionDecision,
    *,
    by: str,
    reason: str | None,
) -> None:
    """Once a person: the same again changes nothing."""
    votes = await queries.votes_on(session, [proposal.id])
    if any(one.by == by and one.decision == decision for one in votes):
        return
    session.add(
        PromptVoteRow(
            proposal_id=proposal.id,
            n=len(votes) + 1,
            by=by,
            decision=decision.value,
            reason=reason or None,
        )
    )
    await session.flush()
    action = "prompts.approve" if decision is PromotionDecision.APPROVED else "prompts.reject"
    await _note(session, action, proposal, by=by)


async def _approvals(session: AsyncSession, proposal: PromptProposalRow) -> int:
    votes = await queries.votes_on(session, [proposal.id])
    return sum(one.decision == PromotionDecision.APPROVED for one in votes)


async def _note(
    session: AsyncSession, action: str, proposal: PromptProposalRow, *, by: str
) -> None:
    await audit.record(
        session,
        actor=by,
        action=action,
        subject=proposal.task,
        alias=proposal.alias,
        version=str(proposal.version_id),
        proposal=str(proposal.id),
    )


def _require_hash(named: str | None, stored: str) -> None:
    if named is not None and named != stored:
        raise HashDiffers
