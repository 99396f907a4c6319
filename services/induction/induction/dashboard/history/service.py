"""The lineage of a task and its failed ideas, as their pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.pages.entrance import PREFIX
from nlu_shared.kit.pages.tables import Table
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.lineage import Ancestor, FailedIdea
from nlu_shared.schemas.verdicts import VerdictKind
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.history import queries
from induction.dashboard.history.tree import Tree, tree
from induction.history import failures, lineage
from induction.prompts import service as prompts
from induction.settings import Settings

VERSIONS, DRAWN, IDEAS, CANDIDATES = 25, 100, 25, 200
COLUMNS = {
    "version": False, "parent": False, "f1": True, "outcome": False, "verdict": False,
    "rationale": False, "made": True,
}  # fmt: skip
OF_IDEAS = {
    "at": True, "strategy": False, "stage": False, "fixed": True, "broke": True, "runs": True
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineagePage:
    """Versions, of one `outcome` where it is given; `outcomes` and `verdicts` (with their runs) by
    version; `offline` are those made on the offline learner. The tree is of the newest, of which
    there are more where it `is_cut`."""

    task: str
    table: Table
    outcome: str | None
    versions: Page[Ancestor]
    outcomes: Mapping[UUID, str]
    verdicts: Mapping[UUID, tuple[VerdictKind, UUID]]
    hashes: Mapping[UUID, str]
    offline: set[UUID]
    tree: Tree
    is_cut: bool


@dataclass(frozen=True, slots=True)
class VotePage:
    """The versions that can vote, what serves first and then the newest; there are more where it
    `is_cut`."""

    task: str
    versions: list[Ancestor]
    outcomes: Mapping[UUID, str]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class IdeasPage:
    """Ideas that failed: those that are `settled`, those that are not, or all."""

    task: str
    table: Table
    settled: bool | None
    ideas: Page[FailedIdea]
    hashes: Mapping[UUID, str]


def table(task: str, *, outcome: str | None, sort: str | None) -> Table:
    return Table(f"{PREFIX}/tasks/{task}/lineage", COLUMNS, "-made", sort, {"outcome": outcome})


def table_of_ideas(task: str, *, settled: bool | None, sort: str | None) -> Table:
    return Table(f"{PREFIX}/tasks/{task}/ideas", OF_IDEAS, "-at", sort, {"settled": settled})


async def lineage_page(
    session: AsyncSession,
    task: str,
    *,
    outcome: str | None,
    sort: str | None,
    before: UUID | None,
) -> LineagePage:
    """Raises NotFound."""
    shown = table(task, outcome=outcome, sort=sort)
    page = await lineage.page(
        session, task, before=before, limit=VERSIONS, order=shown.order, outcome=outcome
    )
    newest = await lineage.page(session, task, before=None, limit=DRAWN)
    ids = [one.id for one in page.items]
    outcomes = await queries.outcomes(session, {*ids, *(one.id for one in newest.items)})
    parents = {one.parent_id for one in page.items if one.parent_id is not None}
    return LineagePage(
        task=task,
        table=shown,
        outcome=outcome,
        versions=page,
        outcomes=outcomes,
        verdicts=await queries.verdicts(session, task, ids),
        hashes=await prompts.hashes(session, parents),
        offline=await prompts.made_offline(session, ids),
        tree=tree(newest.items, outcomes),
        is_cut=newest.next_cursor is not None,
    )


async def vote_page(session: AsyncSession, task: str) -> VotePage:
    """Raises NotFound."""
    page = await lineage.page(session, task, before=None, limit=CANDIDATES)
    votes = await queries.ensembles(session, [one.id for one in page.items])
    able = [one for one in page.items if one.id not in votes]
    versions = sorted(able, key=lambda one: not one.is_production)
    return VotePage(
        task=task,
        versions=versions,
        outcomes=await queries.outcomes(session, [one.id for one in versions]),
        is_cut=page.next_cursor is not None,
    )


async def ideas_page(
    session: AsyncSession,
    settings: Settings,
    task: str,
    *,
    settled: bool | None,
    sort: str | None,
    before: UUID | None,
) -> IdeasPage:
    """Raises NotFound."""
    shown = table_of_ideas(task, settled=settled, sort=sort)
    page = await failures.page(
        session, settings, task, before=before, limit=IDEAS, order=shown.order, settled=settled
    )
    return IdeasPage(
        task=task,
        table=shown,
        settled=settled,
        ideas=page,
        hashes=await prompts.hashes(session, [one.version_id for one in page.items]),
    )
