"""Experiments as their pages show them, in a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nlu_shared.kit.pages.entrance import PREFIX
from nlu_shared.kit.pages.tables import Table
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.experiments import Experiment
from nlu_shared.schemas.promotions import ProposalStatus
from nlu_shared.schemas.prompts import ServingAlias
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.experiments import wording
from induction.dashboard.experiments.chart import NARROW, EvidenceChart, evidence_chart
from induction.dashboard.experiments.wording import ShareStep
from induction.experiments import queries
from induction.experiments.policy import is_unbalanced
from induction.prompts import pointer, proposals
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow

EXPERIMENTS = 50
COLUMNS = {
    "began": True, "candidate": False, "against": False, "status": False, "share": True,
    "units": True, "difference": True, "better": True, "worse": True, "by": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExperimentsPage:
    """Experiments of a task."""

    task: str
    table: Table
    experiments: Page[Experiment]
    hashes: dict[UUID, str]


@dataclass(frozen=True, slots=True)
class ExperimentPage:
    """One experiment; `narrow` is its chart for a phone. `is_serving`: does b serve in production
    by now? `is_proposed`: does the promotion that its win asked for wait still?"""

    experiment: Experiment
    title: str
    verdict: str
    next_step: list[str | datetime]
    chart: EvidenceChart | None
    narrow: EvidenceChart | None
    shares: list[ShareStep]
    hashes: dict[UUID, str]
    is_serving: bool
    is_proposed: bool

    @property
    def is_unbalanced(self) -> bool:
        evidence = self.experiment.evidence
        return evidence is not None and is_unbalanced(evidence)


@dataclass(frozen=True, slots=True)
class ExperimentOrderPage:
    """What an experiment with a version needs to be ordered; `running` is in its way."""

    task: TaskRow
    version: PromptVersionRow
    serving_id: UUID | None
    running: UUID | None
    hashes: dict[UUID, str]


def table(task: str, sort: str | None) -> Table:
    return Table(f"{PREFIX}/tasks/{task}/experiments", COLUMNS, "-began", sort)


async def experiments_page(
    session: AsyncSession, task: str, *, sort: str | None, before: UUID | None
) -> ExperimentsPage:
    """Raises NotFound."""
    shown = table(task, sort)
    page = await queries.page(session, task, before=before, limit=EXPERIMENTS, order=shown.order)
    return ExperimentsPage(
        task=task,
        table=shown,
        experiments=page,
        hashes=await _hashes(session, page.items),
    )


async def experiment_page(session: AsyncSession, task: str, experiment_id: UUID) -> ExperimentPage:
    """Raises NotFound."""
    one = await queries.view(session, await queries.get(session, task, experiment_id))
    is_serving = await pointer.serving_id(session, task) == one.b_version_id
    return ExperimentPage(
        experiment=one,
        title=wording.title(one, is_serving=is_serving),
        verdict=wording.verdict(one),
        next_step=wording.next_step(one, await queries.now(session)),
        chart=evidence_chart(one),
        narrow=evidence_chart(one, NARROW),
        shares=wording.shares(one),
        hashes=await _hashes(session, [one]),
        is_serving=is_serving,
        is_proposed=await _is_proposed(session, one),
    )


async def _is_proposed(session: AsyncSession, one: Experiment) -> bool:
    if one.proposal_id is None:
        return False
    proposal = await proposals.get(session, one.task, one.proposal_id)
    return proposal.status == ProposalStatus.WAITING


async def order_page(session: AsyncSession, task: str, version_id: UUID) -> ExperimentOrderPage:
    """Raises NotFound."""
    row = await tasks.get(session, task)
    version = await prompts.get(session, task, version_id)
    serving_id = await pointer.serving_id(session, task, ServingAlias.PRODUCTION)
    running = await queries.giving(session, task)
    return ExperimentOrderPage(
        task=row,
        version=version,
        serving_id=serving_id,
        running=None if running is None else running.id,
        hashes=await prompts.hashes(session, [one for one in (serving_id,) if one is not None]),
    )


async def _hashes(session: AsyncSession, items: Sequence[Experiment]) -> dict[UUID, str]:
    return await prompts.hashes(
        session, {named for one in items for named in (one.a_version_id, one.b_version_id)}
    )
