"""A run that tries the one prompt that a person gave it."""

from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.drawing import UNDECIDED
from induction.history import lineage
from induction.prompts import service as prompts


@dataclass(frozen=True, slots=True)
class Trial:
    """The prompt, with the note it was written with, and the change it is of the baseline; None
    until it was tried."""

    version_id: UUID
    is_edited: bool
    notes: str | None
    change: IterationView | None

    @property
    def is_refused(self) -> bool:
        """Is it decided, and was it not kept?"""
        return self.change is not None and self.change.outcome not in (UNDECIDED, "kept")


async def trial_of(session: AsyncSession, run: RunView) -> Trial | None:
    """None of a run that seeks changes itself."""
    if run.candidate_version_id is None or run.kind is not RunKind.IMPROVE:
        return None
    version = await prompts.get(session, run.task, run.candidate_version_id)
    return Trial(
        version_id=version.id,
        is_edited=await lineage.is_edited(session, version),
        notes=version.notes if version.run_id is None else None,
        change=next(iter(run.changes), None),
    )
