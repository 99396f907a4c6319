"""What operators see of the whole service, in a constant number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from nlu_shared.kit.http import config
from nlu_shared.schemas.config import SettingView, Source
from nlu_shared.schemas.runs import RunStatus
from nlu_shared.schemas.spending import SpendBy, Spending
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.drawing import share
from induction.dashboard.operations.chart import SpendChart, spend_chart
from induction.history import approvals
from induction.history.models import RunApprovalRow
from induction.runs import backlog
from induction.runs.driving import presence, standstill
from induction.runs.driving.presence import Worker
from induction.settings import Settings
from induction.spending import queries as spending

MOST_RUNS = 100
STANDS_STILL = timedelta(seconds=60)
TABLES = (SpendBy.ROLE, SpendBy.MODEL, SpendBy.TASK)


@dataclass(frozen=True, slots=True)
class SpendPage:
    """Of the last `days` (0: of this month), by day as `chart`, else as tables by what they are
    of."""

    days: int
    total: Spending
    tables: Mapping[SpendBy, Spending]
    chart: SpendChart | None
    cap_share: float


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that is not over: `run` is a row of `backlog.stalled`; `why` it does not move,
    None where it does; `awaits` is the change that waits for a person."""

    run: Mapping[Any, Any]
    why: str | None
    awaits: RunApprovalRow | None

    @property
    def stands_still(self) -> bool:
        return bool(self.run["seconds"] >= STANDS_STILL.total_seconds())


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`gauges` as `/metrics` has them; `runs`, longest without progress first; `workers` is None
    where nobody knows."""

    gauges: Mapping[str, float]
    runs: Sequence[OpenRun]
    driven: int
    workers: list[Worker] | None

    @property
    def alive(self) -> int:
        return sum(one.is_alive for one in self.workers or ())

    @property
    def oldest_wait(self) -> timedelta:
        return timedelta(seconds=round(self.gauges["runs_waiting_longest_seconds"]))

    @property
    def standing(self) -> list[UUID]:
        return [one.run["id"] for one in self.runs if one.stands_still]


async def spend_page(session: AsyncSession, settings: Settings, *, days: int) -> SpendPage:
    now = datetime.now(UTC)
    begin = now - timedelta(days=days - 1) if days else now.replace(day=1)
    since = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    cap = Decimal(str(settings.month_cap_usd))

    async def by(key: SpendBy) -> Spending:
        return await spending.spending(session, since=since, until=None, by=key, cap=cap)

    total = await by(SpendBy.DAY)
    return SpendPage(
        days=days,
        total=total,
        tables={key: await by(key) for key in TABLES},
        chart=spend_chart(total.lines, since.date(), total.to.astimezone(UTC).date()),
        cap_share=share(total.month.usd, total.month.cap_usd),
    )


async def queue_page(session: AsyncSession, redis: Redis) -> QueuePage:
    rows = await backlog.stalled(session, longer=timedelta(0), most=MOST_RUNS)
    awaited = await approvals.undecided(session, [row["id"] for row in rows])
    return QueuePage(
        gauges=await backlog.gauges(session),
        runs=[OpenRun(row, _why(row), awaited.get(row["id"])) for row in rows],
        driven=sum(bool(row["is_held"]) for row in rows),
        workers=await presence.workers(redis),
    )


def _why(row: Mapping[Any, Any]) -> str | None:
    is_new = row["seconds"] < STANDS_STILL.total_seconds()
    if is_new and row["status"] == RunStatus.WAITING:
        return "it waits for a worker"
    return None if is_new and row["status"] == RunStatus.RUNNING else standstill.why(row)


def settings_shown(settings: Settings, *, source: Source | None, part: str) -> list[SettingView]:
    """Those from `source` (None: from anywhere) that have `part` in their name or description."""
    return [
        one
        for one in config.shown(settings)
        if (source is None or one.source == source)
        and part.lower() in f"{one.name} {one.description}".lower()
    ]
