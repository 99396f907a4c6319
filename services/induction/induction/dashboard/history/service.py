"""The lineage of a task and its failed ideas, as their pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.base import Page
from nlu_shared.schemas.lineage import Ancestor, FailedIdea
from nlu_shared.schemas.verdicts import VerdictKind
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.history import queries
from induction.dashboard.history.tree import Tree, tree
from induction.history import failures, lineage
from induction.prompts import service as prompts
from induction.settings import Settings

VERSIONS, IDEAS = 100, 30


@dataclass(frozen=True, slots=True)
class LineagePage:
    """Versions, the newest first; `outcomes` and `verdicts` (with their runs) by version."""

    task: str
    versions: Page[Ancestor]
    outcomes: Mapping[UUID, str]
    verdicts: Mapping[UUID, tuple[VerdictKind, UUID]]
    hashes: Mapping[UUID, str]
    tree: Tree


@dataclass(frozen=True, slots=True)
class IdeasPage:
    task: str
    ideas: Page[FailedIdea]
    hashes: Mapping[UUID, str]


async def lineage_page(session: AsyncSession, task: str, *, before: UUID | None) -> LineagePage:
    """Raises NotFound."""
    page = await lineage.page(session, task, before=before, limit=VERSIONS)
    ids = [one.id for one in page.items]
    outcomes = await queries.outcomes(session, ids)
    parents = {one.parent_id for one in page.items if one.parent_id is not None}
    return LineagePage(
        task=task,
        versions=page,
        outcomes=outcomes,
        verdicts=await queries.verdicts(session, task, ids),
        hashes=await prompts.hashes(session, parents),
        tree=tree(page.items, outcomes),
    )


async def ideas_page(
    session: AsyncSession, settings: Settings, task: str, *, before: UUID | None
) -> IdeasPage:
    """Raises NotFound."""
    page = await failures.page(session, settings, task, before=before, limit=IDEAS)
    return IdeasPage(
        task=task,
        ideas=page,
        hashes=await prompts.hashes(session, [one.version_id for one in page.items]),
    )
