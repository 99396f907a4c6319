"""A task's trigger as its page shows it."""

from dataclasses import dataclass

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.schemas.triggers import AutoTriggerView, TriggerDecision
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.triggers.standing import Standing, standing
from induction.settings import Settings
from induction.triggers import queries
from induction.triggers import service as triggers


@dataclass(frozen=True, slots=True)
class TriggerPage:
    """`decisions`, the newest first."""

    rules: AutoTriggerView
    standing: Standing
    decisions: list[TriggerDecision]

    @property
    def task(self) -> str:
        return self.rules.task


async def trigger_page(
    session: AsyncSession,
    settings: Settings,
    task: str,
    authenticator: Authenticator,
    *,
    caller: Caller,
) -> TriggerPage:
    """Raises NotFound."""
    rules = await triggers.view(session, settings, task)
    if rules.paused_by is not None:
        named = await names.of(authenticator, [rules.paused_by])
        rules = rules.model_copy(update={"paused_by": named[rules.paused_by]})
    rows = await queries.decisions(session, task=task, caller=caller)
    return TriggerPage(
        rules=rules,
        standing=standing(rules, await queries.now(session)),
        decisions=[one.view() for one in rows],
    )
