"""The ledger, added up: one statement a number, however many runs there are."""

from datetime import datetime, timedelta
from decimal import Decimal

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.spending import SpendBy, Spending, SpendLine
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.spending import forecast
from induction.spending.forecast import RefusedCalls

# Constants of ours: nothing of a request is part of a statement.
KEYS = {
    SpendBy.DAY: "to_char(call.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    SpendBy.ROLE: "call.purpose",
    SpendBy.MODEL: "call.model",
    SpendBy.TASK: "run.task",
}
NOW = """
SELECT now() AS now, date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS first,
    coalesce((SELECT usd FROM month_spend
        WHERE month = date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0) AS spent,
    (SELECT coalesce(sum(coalesce(cost_usd, reserved_usd)), 0) FROM llm_calls
        WHERE created_at > now() - CAST(:window AS interval)) AS recently,
    refused.*
FROM (
    SELECT count(DISTINCT run_id)::int AS runs, max(settled_at) AS last, min(refused_usd) AS least
    FROM llm_calls
    WHERE refused_usd IS NOT NULL
        AND created_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
) AS refused
"""
LINES = {
    by: text(
        f"""
        SELECT {key} AS key,
            coalesce(sum(call.attempts), 0)::bigint AS calls,
            count(*) FILTER (
                WHERE call.cached AND call.outcome IN ('ok', 'forgotten')
            ) AS cached_calls,
            coalesce(sum(coalesce(call.cost_usd, call.reserved_usd)), 0)::float8 AS usd,
            coalesce(sum(call.notional_usd), 0)::float8 AS notional_usd
        FROM llm_calls AS call JOIN runs AS run ON run.id = call.run_id
        WHERE call.created_at >= :since AND call.created_at < :until
        GROUP BY 1 ORDER BY {"1" if by is SpendBy.DAY else "usd DESC, notional_usd DESC, 1"}
        """  # noqa: S608
    )
    for by, key in KEYS.items()
}


async def spending(
    session: AsyncSession,
    *,
    since: datetime | None,
    until: datetime | None,
    by: SpendBy,
    cap: Decimal,
) -> Spending:
    """Calls that were sent from `since` (None: the month's first moment) to before `until` (None:
    now). Two statements. Raises Invalid for a period that ends before it begins."""
    stands = (await session.execute(text(NOW), {"window": forecast.WINDOW})).one()
    begin, end = since or stands.first, until or stands.now + timedelta(microseconds=1)
    if begin >= end:
        raise Invalid("The period ends before it begins.")
    rows = await session.execute(LINES[by], {"since": begin, "until": end})
    lines = [SpendLine.model_validate(dict(row)) for row in rows.mappings()]
    return Spending.model_validate(
        {
            "from": begin,
            "to": end,
            "by": by,
            "usd": sum(one.usd for one in lines),
            "notional_usd": sum(one.notional_usd for one in lines),
            "lines": lines,
            "month": forecast.month(
                spent=stands.spent,
                recently=stands.recently,
                cap=cap,
                now=stands.now,
                refused=RefusedCalls(stands.runs, stands.last, stands.least),
            ),
        }
    )
