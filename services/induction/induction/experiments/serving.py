"""Which version a unit gets, as `active` answers it and as OFREP does."""

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.experiments import Arm, Assigned
from nlu_shared.schemas.ofrep import OfrepFlag, OfrepReason
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.registry import ActivePrompt
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.experiments import policy, queries
from induction.prompts import pointer
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks

PRODUCTION = Assigned(variant="production")


async def active(
    session: AsyncSession, task: str, alias: ServingAlias, unit: str | None, *, model: str
) -> ActivePrompt:
    """What serves under the alias; in production, to this unit. Raises NotFound."""
    _held = await tasks.get(session, task)  # a session forgets what nobody holds, and reads it anew
    if unit is None or alias is not ServingAlias.PRODUCTION:
        row = await registry.serving(session, task, alias)
        return await registry.active(session, row, None, model=model)
    version, why = await assigned(session, task, unit)
    return await registry.active(session, version, why, model=model)


async def assigned(
    session: AsyncSession, task: str, unit: str | None
) -> tuple[PromptVersionRow, Assigned]:
    """What the unit is to be asked with. Production's for whoever names no unit, and for all while
    another version serves than the one the experiment began with. Raises NotFound."""
    serves = await registry.serving(session, task, ServingAlias.PRODUCTION)
    row = await queries.newest(session, task) if unit is not None else None
    if unit is None or row is None or row.status not in queries.GIVES_B:
        return serves, PRODUCTION
    if row.a_version_id != serves.id:
        return serves, PRODUCTION
    share = (await queries.steps(session, row.id))[-1].share
    arm = policy.arm_of(row.id, unit, share)
    version = serves if arm is Arm.A else await prompts.get(session, task, row.b_version_id)
    return version, Assigned(variant=arm.value, experiment_id=row.id, share=share)


async def flag(session: AsyncSession, task: str, unit: str | None, *, model: str) -> OfrepFlag:
    """What the unit is to run, and why, as OFREP tells it. Raises NotFound."""
    _held = await tasks.get(session, task)  # as in `active`
    version, why = await assigned(session, task, unit)
    value = await registry.active(session, version, why if unit is not None else None, model=model)
    metadata: dict[str, str | float] = {
        "version_id": str(version.id),
        "version_hash": version.version_hash,
    }
    if why.experiment_id is not None and why.share is not None:
        metadata |= {"experiment_id": str(why.experiment_id), "share": why.share}
        reason = OfrepReason.SPLIT
    else:
        reason = OfrepReason.DEFAULT if unit is None else OfrepReason.STATIC
    return OfrepFlag(key=task, value=value, variant=why.variant, reason=reason, metadata=metadata)


async def flags(
    session: AsyncSession, unit: str | None, caller: Caller, *, model: str
) -> list[OfrepFlag]:
    """Of every task that the caller may see and in which something serves."""
    return [
        await flag(session, row.slug, unit, model=model)
        for row in await tasks.list_all(session)
        if caller.covers([row.slug]) and await pointer.serving_id(session, row.slug) is not None
    ]
