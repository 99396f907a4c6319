"""A task's flag as it goes out, held for a moment: read once for all units that ask meanwhile.

What a unit gets is decided by what serves, by the experiment and by the unit's name, of which only
the first two are in the database. So no unit changes its version by what is held, and what changes
for all (a promotion, a roll-back, a share) reaches a process that much later.
"""

from dataclasses import dataclass

from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.data.held import Held
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.ofrep import OfrepFlag, OfrepFlags

from induction.experiments import serving
from induction.experiments.serving import TaskFlag
from induction.model_settings import ModelSettings
from induction.resources import APP_IDENTITY, Resources


@dataclass(frozen=True, slots=True)
class FlagResponse:
    body: bytes
    etag: str

    @classmethod
    def of(cls, flags: OfrepFlag | OfrepFlags) -> "FlagResponse":
        return cls(flags.model_dump_json(by_alias=True).encode(), f'"{digest(flags)}"')


async def answer(
    resources: Resources, task: str, unit: str | None, *, settings: ModelSettings
) -> FlagResponse:
    """Raises NotFound, and Unavailable where the database is away and nothing is held."""

    async def read() -> TaskFlag[FlagResponse]:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            return (await serving.task_flag(session, task, settings=settings)).each(FlagResponse.of)

    held: Held[str, TaskFlag[FlagResponse]] = resources.flags
    return (await held.get(task, read)).of(unit)
