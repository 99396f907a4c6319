"""A task's trigger as its page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.schemas.triggers import AutoTriggerView, TriggerDecision
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard import words
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
    rows = await queries.decisions(session, task=task, caller=caller)
    decisions = [one.view() for one in rows]
    keys = {key for one in decisions for reason in one.reasons for key in words.keys_in(reason)}
    by = [] if rules.paused_by is None else [rules.paused_by]
    named = await names.of(authenticator, [*keys, *by])
    if rules.paused_by is not None:
        rules = rules.model_copy(update={"paused_by": named[rules.paused_by]})
    return TriggerPage(
        rules=rules,
        standing=standing(rules, await queries.now(session)),
        decisions=[_with_names(one, named) for one in decisions],
    )


def _with_names(decision: TriggerDecision, named: Mapping[str, str]) -> TriggerDecision:
    reasons = [words.named(one, named) for one in decision.reasons]
    return decision.model_copy(update={"reasons": reasons})
