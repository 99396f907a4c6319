"""What a session of labels is worth, from what is known without a run: how well the task's live F1
is known, and how many labels of the audit would tell more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.insights import LiveScore
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.insights import service as insights
from nlu_logger.settings import Settings

DAYS = 7
"""As the overview begins."""
FOUR_TIMES = 4
"""So many labels halve an interval."""


@dataclass(frozen=True, slots=True)
class LabelsNeeded:
    """`labels` more of the audit make the score known, or its interval half as wide."""

    score: LiveScore
    labels: int


async def of(
    session: AsyncSession, task: str, settings: Settings, *, caller: Caller
) -> LabelsNeeded | None:
    """None where there was no traffic, or for who may not know."""
    if not (caller.has("insights:read") and caller.may_touch(task)):
        return None
    filters = insights.filters_of(
        caller,
        since=None,
        until=None,
        days=DAYS,
        task=task,
        model_version=None,
        prompt_version=None,
        settings=settings,
        now=datetime.now(UTC),
    )
    return worth(await insights.live_f1(session, filters, None))


def worth(scores: Sequence[LiveScore]) -> LabelsNeeded | None:
    """Of the version that has most of the traffic."""
    if not scores:
        return None
    score = max(scores, key=lambda one: one.traffic)
    more = score.more_needed if score.estimate is None else (FOUR_TIMES - 1) * score.n
    return LabelsNeeded(score, more)
