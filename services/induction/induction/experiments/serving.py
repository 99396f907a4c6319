"""Which version a unit gets, as `active` answers it and as OFREP does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.experiments import Arm, Assigned
from nlu_shared.schemas.ofrep import OfrepFlag, OfrepReason
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.registry import ActivePrompt
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.experiments import policy, queries
from induction.model_settings import ModelSettings
from induction.prompts import pointer
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks

PRODUCTION = Assigned(variant="production")
Value = TypeVar("Value")
Other = TypeVar("Other")


async def active(
    session: AsyncSession,
    task: str,
    alias: ServingAlias,
    unit: str | None,
    *,
    settings: ModelSettings,
) -> ActivePrompt:
    """What serves under the alias; in production, to this unit. Raises NotFound."""
    _held = await tasks.get(session, task)  # a session forgets what nobody holds, and reads it anew
    if unit is None or alias is not ServingAlias.PRODUCTION:
        row = await registry.serving(session, task, alias)
        return await registry.active(session, row, None, settings=settings)
    version, why = await assigned(session, task, unit)
    return await registry.active(session, version, why, settings=settings)


async def assigned(
    session: AsyncSession, task: str, unit: str
) -> tuple[PromptVersionRow, Assigned]:
    """What the unit is to be asked with. Raises NotFound."""
    serves = await registry.serving(session, task, ServingAlias.PRODUCTION)
    trial = await _trial(session, task, serves)
    if trial is None:
        return serves, PRODUCTION
    arm = policy.arm_of(trial.experiment_id, unit, trial.share)
    version = serves if arm is Arm.A else await prompts.get(session, task, trial.b_version_id)
    return version, trial.assigned(arm)


@dataclass(frozen=True, slots=True)
class _Trial:
    """What parts units between what serves and another version."""

    experiment_id: UUID
    b_version_id: UUID
    share: float

    def assigned(self, arm: Arm) -> Assigned:
        return Assigned(variant=arm.value, experiment_id=self.experiment_id, share=self.share)


async def _trial(session: AsyncSession, task: str, serves: PromptVersionRow) -> _Trial | None:
    """None once production has moved to another version than the one the experiment began with,
    too, even where it has come back since: who rolls a candidate back wants nobody to get it."""
    row = await queries.giving(session, task)
    if row is None or row.a_version_id != serves.id:  # it moves while this is read
        return None
    share = (await queries.steps(session, row.id))[-1].share
    return _Trial(row.id, row.b_version_id, share)


@dataclass(frozen=True, slots=True)
class TaskFlag(Generic[Value]):
    """All that a task's flag can be: for whoever names no unit, and for the units of each arm."""

    unnamed: Value
    by_arm: Mapping[Arm, Value]
    trial: _Trial | None

    def each(self, to: Callable[[Value], Other]) -> "TaskFlag[Other]":
        """The same in another form."""
        by_arm = {arm: to(one) for arm, one in self.by_arm.items()}
        return TaskFlag(to(self.unnamed), by_arm, self.trial)

    def of(self, unit: str | None) -> Value:
        """What the unit is to run, and why, as OFREP tells it."""
        if unit is None:
            return self.unnamed
        if self.trial is None:
            return self.by_arm[Arm.A]
        return self.by_arm[policy.arm_of(self.trial.experiment_id, unit, self.trial.share)]


async def task_flag(
    session: AsyncSession, task: str, *, settings: ModelSettings
) -> TaskFlag[OfrepFlag]:
    """Raises NotFound."""
    _held = await tasks.get(session, task)  # as in `active`
    serves = await registry.serving(session, task, ServingAlias.PRODUCTION)
    unassigned = await registry.active(session, serves, None, settings=settings)
    unnamed = _flag(unassigned, PRODUCTION, OfrepReason.DEFAULT)
    trial = await _trial(session, task, serves)
    if trial is None:
        value = unassigned.model_copy(update={"assigned": PRODUCTION})
        return TaskFlag(unnamed, {Arm.A: _flag(value, PRODUCTION, OfrepReason.STATIC)}, None)
    a, b = trial.assigned(Arm.A), trial.assigned(Arm.B)
    other = await prompts.get(session, task, trial.b_version_id)
    by_arm = {
        Arm.A: _flag(unassigned.model_copy(update={"assigned": a}), a, OfrepReason.SPLIT),
        Arm.B: _flag(
            await registry.active(session, other, b, settings=settings), b, OfrepReason.SPLIT
        ),
    }
    return TaskFlag(unnamed, by_arm, trial)


def _flag(value: ActivePrompt, why: Assigned, reason: OfrepReason) -> OfrepFlag:
    metadata: dict[str, str | float] = {
        "version_id": str(value.version_id),
        "version_hash": value.version_hash,
    }
    if why.experiment_id is not None and why.share is not None:
        metadata |= {"experiment_id": str(why.experiment_id), "share": why.share}
    return OfrepFlag(
        key=value.task, value=value, variant=why.variant, reason=reason, metadata=metadata
    )


async def flags(
    session: AsyncSession, unit: str | None, caller: Caller, *, settings: ModelSettings
) -> list[OfrepFlag]:
    """Of every task that the caller may see and in which something serves."""
    return [
        (await task_flag(session, row.slug, settings=settings)).of(unit)
        for row in await tasks.list_all(session)
        if caller.covers([row.slug]) and await pointer.serving_id(session, row.slug) is not None
    ]
