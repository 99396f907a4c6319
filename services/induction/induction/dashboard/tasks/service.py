"""What the sheet of a run offers: what it can begin with, raise and guard, and whom it asks."""

from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.objectives import Objective
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.tasks import queries
from induction.dashboard.tasks.queries import Beginning
from induction.prompts import pointer
from induction.prompts import service as prompts
from induction.runs import service as runs
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow


@dataclass(frozen=True, slots=True)
class RunOrderPage:
    """A run to be ordered. `chosen` is the version it begins with, None where one has to be chosen;
    `serving_id` is what serves, a vote too. Models are those that answer and propose where the run
    names no other, each with whose word that is; `active` is the run that none starts beside."""

    task: TaskRow
    versions: list[Beginning]
    chosen: UUID | None
    serving_id: UUID | None
    objective: Objective
    components: tuple[str, ...]
    answers: str
    proposes: str
    active: UUID | None


async def order_page(
    session: AsyncSession, settings: Settings, slug: str, version_id: UUID | None
) -> RunOrderPage:
    """From `version_id`, or from what serves. Raises NotFound, IsEnsemble."""
    row = await tasks.get(session, slug)
    spec = row.spec()
    if version_id is not None:
        (await prompts.get(session, slug, version_id)).prompt()
    serving_id = await pointer.serving_id(session, slug)
    first = [one for one in (version_id, serving_id) if one is not None]
    versions = await queries.beginnings(session, slug, first=first)
    versions = list({one.version_hash: one for one in reversed(versions)}.values())[::-1]
    able = {one.id for one in versions}
    if len(versions) == 1:
        first.append(versions[0].id)
    active = await runs.active(session, slug)
    return RunOrderPage(
        task=row,
        versions=versions,
        chosen=next((one for one in first if one in able), None),
        serving_id=serving_id,
        objective=spec.objective,
        components=task_of(spec).component_names,
        answers=_whose(row.task_model, settings.task_model),
        proposes=_whose(row.proposer_model, settings.proposer_model),
        active=None if active is None else active.id,
    )


def _whose(of_task: str | None, of_service: str) -> str:
    return f"the task's: {of_task}" if of_task else f"the service's: {of_service}"
