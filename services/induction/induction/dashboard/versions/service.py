"""Versions as their pages show them, in a constant number of statements."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator
from nlu_shared.kit.pages.tables import Table
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.promotions import (
    PointerMove,
    PromotionEvidence,
    PromotionProposal,
    PromotionRules,
    ProposalStatus,
)
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias
from nlu_shared.schemas.replays import VersionReplay
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.versions import origins, queries, tables
from induction.dashboard.versions.origins import EraScores, PartOrigin
from induction.dashboard.versions.queries import Compared, MadeBy, Rejected, Served, VersionTokens
from induction.dashboard.versions.trials import Trials
from induction.history import lineage
from induction.prompts import pointer, promotion
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.promotion import Ruling
from induction.runs import queries as runs
from induction.tasks import service as tasks

VERSIONS, WAITING, MOVES, PROPOSALS, REPLAYS = 50, 200, 20, 50, 5


@dataclass(frozen=True, slots=True)
class Promotion:
    """What is known of a version against the one that serves, and what a promotion of it would
    come to now: `moves`, `waits` for approval, or `needs_verdict`."""

    evidence: PromotionEvidence
    rules: PromotionRules
    ruling: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class VersionPage:
    """`made_by` is the change that led here from `against`, where a run made it; `counted` its
    tokens as a run's model counts them. `moved` is the last move of production, `proposals` what
    waits to make it this version; `names` are those of who did what, by subject. `parts` are where
    its parts come from, none of a vote, and `tokens` all of a request but the text it asks about;
    `compared` are runs with a verdict on it, `served` where
    and when it did; `baseline_id` is what the newest of these runs began with."""

    version: PromptVersion
    is_edited: bool
    parts: list[PartOrigin]
    tokens: int
    eras: list[EraScores]
    compared: list[Compared]
    served: list[Served]
    against: PromptVersion | None
    diff: PromptDiff | None
    made_by: MadeBy | None
    counted: VersionTokens | None
    others: list[Ancestor]
    baseline_id: UUID | None
    moved: PointerMove | None
    proposals: list[PromotionProposal]
    rejected: Rejected | None
    promotion: Promotion
    trials: Trials
    replays: list[VersionReplay]
    names: Mapping[str, str]
    hashes: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class ProductionPage:
    """What serves under an alias, what waits to, and what has: its `moves`. `earlier` is what a
    roll-back brings back, `offline` are versions made on the offline learner."""

    task: str
    table: Table
    alias: ServingAlias
    serves: PointerMove | None
    earlier: UUID | None
    proposals: list[PromotionProposal]
    trials: Trials
    moves: Page[PointerMove]
    names: Mapping[str, str]
    hashes: dict[UUID, str]
    offline: set[UUID]


@dataclass(frozen=True, slots=True)
class ProposalsPage:
    """Proposals of a task."""

    task: str
    table: Table
    status: ProposalStatus | None
    proposals: Page[PromotionProposal]
    trials: Trials
    names: Mapping[str, str]
    hashes: dict[UUID, str]


async def version_page(
    session: AsyncSession,
    task: str,
    version_id: UUID,
    authenticator: Authenticator,
    *,
    against: UUID | None,
) -> VersionPage:
    """Beside `against`, or without it the version it was made from, else what serves. Raises
    NotFound."""
    row = await prompts.get(session, task, version_id)
    version = await registry.view(session, row)
    moves = await _moves(session, task, ServingAlias.PRODUCTION, before=None, limit=1)
    serves = next(iter(moves.items), None)
    serving_id = None if serves is None else serves.version_id
    other_id = against or version.parent_id or serving_id
    other = diff = None
    if other_id is not None and other_id != version_id:
        other = await registry.view(session, await prompts.get(session, task, other_id))
        if version.ensemble is None and other.ensemble is None:
            diff = await registry.diff(session, task, before=other_id, after=version_id)
    made_by = None
    if other is not None and other.id == version.parent_id:
        made_by = await queries.made_by(session, task, version_id, other.id)
    versions = await lineage.page(session, task, before=None, limit=VERSIONS)
    waiting = await _waiting(session, task)
    evidence = await registry.evidence_of(session, row, serving_id)
    known = await queries.trials_of(session, task, waiting, version_id)
    rejected = await queries.rejected(session, task, version_id)
    parts, tokens = [], 0
    if version.ensemble is None:
        blame = await lineage.blame(session, task, version_id)
        parts, tokens = origins.origins(blame), blame.tokens
    compared = await queries.compared(session, task, version_id)
    shown = origins.versions_in(parts) | {one.other_id for one in compared} | {version.parent_id}
    baseline_id = next((one.other_id for one in compared if not one.is_baseline), None)
    replayed = await runs.replays(session, task, version_id, before=None, limit=REPLAYS)
    return VersionPage(
        version=version,
        is_edited=await lineage.is_edited(session, row),
        parts=parts,
        tokens=tokens,
        eras=origins.eras(version.scores),
        compared=compared,
        served=await queries.served(session, task, version_id),
        against=other,
        diff=diff,
        made_by=made_by,
        counted=await queries.counted(session, task, version_id),
        others=_choices(versions.items, version, {version.parent_id, baseline_id, other_id}),
        baseline_id=baseline_id,
        moved=serves,
        proposals=[one for one in waiting if one.version_id == version_id],
        rejected=rejected,
        promotion=await _promotion(session, task, evidence, is_first=serves is None),
        trials=known,
        replays=list(replayed.items),
        names=await names.of(
            authenticator, _people(waiting, moves.items) | ({rejected.by} if rejected else set())
        ),
        hashes=await _hashes(session, waiting, *shown, *known.named),
    )


def _choices(
    versions: Iterable[Ancestor], version: PromptVersion, named: Collection[UUID | None]
) -> list[Ancestor]:
    """Other texts than the version's, each once, the newest first. Of several that are the same
    text the one that serves stands for all, else one that is `named`, else the newest."""
    chosen: dict[str, Ancestor] = {}
    for one in versions:
        if one.version_hash == version.version_hash:
            continue
        known = chosen.get(one.version_hash)
        if known is None or (one.is_production, one.id in named) > (
            known.is_production,
            known.id in named,
        ):
            chosen[one.version_hash] = one
    return sorted(chosen.values(), key=lambda one: one.created_at, reverse=True)


async def _promotion(
    session: AsyncSession, task: str, evidence: PromotionEvidence, *, is_first: bool
) -> Promotion:
    rules = (await tasks.get(session, task)).promotion_rules
    ruling: Ruling = promotion.rule(
        rules, alias=ServingAlias.PRODUCTION, is_first=is_first, evidence=evidence, approvals=0
    )
    return Promotion(evidence, rules, ruling.name.lower(), is_first)


async def production_page(
    session: AsyncSession,
    task: str,
    alias: ServingAlias,
    authenticator: Authenticator,
    *,
    sort: str | None,
    before: int | None,
) -> ProductionPage:
    """Raises NotFound."""
    shown = tables.moves(task, alias, sort)
    moves = await pointer.history(
        session, task, alias=alias, as_of=None, before=before, limit=MOVES, order=shown.order
    )
    newest = await _moves(session, task, alias, before=None, limit=1)
    waiting = [one for one in await _waiting(session, task) if one.alias == alias]
    earlier = await pointer.previous(session, task, alias)
    known = await queries.trials_of(session, task, waiting)
    ids = {one.version_id for one in (*moves.items, *newest.items)}
    return ProductionPage(
        offline=await prompts.made_offline(session, ids),
        task=task,
        table=shown,
        alias=alias,
        serves=next(iter(newest.items), None),
        earlier=earlier,
        proposals=waiting,
        trials=known,
        moves=moves,
        names=await names.of(authenticator, _people(waiting, [*moves.items, *newest.items])),
        hashes=await _hashes(session, waiting, earlier, *known.named),
    )


async def proposals_page(
    session: AsyncSession,
    task: str,
    authenticator: Authenticator,
    *,
    status: ProposalStatus | None,
    sort: str | None,
    before: UUID | None,
) -> ProposalsPage:
    """Raises NotFound."""
    shown = tables.proposals(task, status, sort)
    page = await registry.proposal_page(
        session, task, status=status, before=before, limit=PROPOSALS, order=shown.order
    )
    known = await queries.trials_of(session, task, page.items)
    return ProposalsPage(
        task=task,
        table=shown,
        status=status,
        proposals=page,
        trials=known,
        names=await names.of(authenticator, _people(page.items)),
        hashes=await _hashes(session, page.items, *known.named),
    )


def _people(proposals: Iterable[PromotionProposal], moves: Iterable[PointerMove] = ()) -> set[str]:
    """Who proposed, decided and moved."""
    decided = {vote.by for one in proposals for vote in one.votes}
    return decided | {one.proposed_by for one in proposals} | {one.by for one in moves}


async def _moves(
    session: AsyncSession, task: str, alias: ServingAlias, *, before: int | None, limit: int
) -> Page[PointerMove]:
    return await pointer.history(session, task, alias=alias, as_of=None, before=before, limit=limit)


async def _waiting(session: AsyncSession, task: str) -> list[PromotionProposal]:
    page = await registry.proposal_page(
        session, task, status=ProposalStatus.WAITING, before=None, limit=WAITING
    )
    return list(page.items)


async def _hashes(
    session: AsyncSession, proposals: Iterable[PromotionProposal], *more: UUID | None
) -> dict[UUID, str]:
    """Of what proposals are to take the place of, and of what their evidence compares with."""
    named = {
        one
        for proposal in proposals
        for one in (proposal.from_version_id, proposal.evidence.baseline_version_id)
    }
    return await prompts.hashes(session, {one for one in (*named, *more) if one is not None})
