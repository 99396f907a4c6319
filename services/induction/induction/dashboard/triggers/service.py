"""A task's trigger as its page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator
from nlu_shared.kit.pages.entrance import PREFIX
from nlu_shared.kit.pages.tables import Table
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.triggers import AutoTriggerView, TriggerDecision
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard import words
from induction.dashboard.triggers.standing import TriggerState, standing
from induction.settings import Settings
from induction.triggers import queries
from induction.triggers import service as triggers
from induction.triggers.models import AutoTriggerRow

DECISIONS = 25
COLUMNS = {"decided": True, "times": True, "cases": True, "live_f1": True}


@dataclass(frozen=True, slots=True)
class TriggerPage:
    """`newest` is the newest decision, which `is_old` where the rules have changed since,
    `decisions` a page of those that `started` a run, of those that did not, or of all."""

    rules: AutoTriggerView
    standing: TriggerState
    newest: TriggerDecision | None
    is_old: bool
    decisions: Page[TriggerDecision]
    started: bool | None
    table: Table

    @property
    def task(self) -> str:
        return self.rules.task


def table(task: str, *, started: bool | None, sort: str | None) -> Table:
    path = f"{PREFIX}/tasks/{task}/trigger"
    return Table(path, COLUMNS, "-decided", sort, {"started": started})


async def trigger_page(
    session: AsyncSession,
    settings: Settings,
    task: str,
    authenticator: Authenticator,
    *,
    started: bool | None,
    sort: str | None,
    before: UUID | None,
) -> TriggerPage:
    """Raises NotFound."""
    rules = await triggers.view(session, settings, task)
    shown = table(task, started=started, sort=sort)
    page = await queries.decision_page(
        session, task, started=started, before=before, limit=DECISIONS, order=shown.order
    )
    last = await queries.last_decision(session, task)
    row = await session.get(AutoTriggerRow, task)
    newest = None if last is None else last.view()
    every = [*page.items, *([] if newest is None else [newest])]
    keys = {key for one in every for reason in one.reasons for key in words.keys_in(reason)}
    by = [] if rules.paused_by is None else [rules.paused_by]
    named = await names.of(authenticator, [*keys, *by])
    if rules.paused_by is not None:
        rules = rules.model_copy(update={"paused_by": named[rules.paused_by]})
    return TriggerPage(
        rules=rules,
        standing=standing(rules, await queries.now(session)),
        newest=None if newest is None else _with_names(newest, named),
        is_old=newest is not None and triggers.is_old(newest, row),
        decisions=Page(
            items=[_with_names(one, named) for one in page.items], next_cursor=page.next_cursor
        ),
        started=started,
        table=shown,
    )


def _with_names(decision: TriggerDecision, named: Mapping[str, str]) -> TriggerDecision:
    reasons = [words.named(one, named) for one in decision.reasons]
    return decision.model_copy(update={"reasons": reasons})
