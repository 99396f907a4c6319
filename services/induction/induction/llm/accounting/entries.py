"""The ledger's writes: five kinds of entry, many in one commit. SQL only; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from uuid import UUID

from nlu_shared.kit.data.group_commit import Connection

from induction.llm.accounting import batch_entries
from induction.llm.accounting.batch_entries import Intended, Resulted


class Granted(Enum):
    YES = auto()
    OVER_MONTH_CAP = auto()
    LEASE_LOST = auto()


class LeaseLost(Exception):
    """Another worker holds the run: whatever this one still does must leave no trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One call of one run, and the fence under which it may be written. `refused`: the reservation
    that the month's cap had no room for, with which the call ends; None: it had."""

    run_id: UUID
    fence: int
    key: str
    sample: int
    purpose: str
    provider: str
    model: str
    adapter: str
    epoch: int
    refused: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved(LedgerEntry):
    """About to be sent, in the month the database says it is. `bound` is what the call may cost at
    most. `month_cap` None: not billed. `intended`: it goes with a batch; None: alone."""

    bound: Decimal
    month_cap: Decimal | None
    intended: Intended | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(LedgerEntry):
    """The end of a reservation of `bound`; it moves the total of the month that was reserved in,
    whatever month it is now. None: no money was reserved. `resulted`: what became of it in a
    batch; None: it was in none."""

    bound: Decimal
    month: date | None
    resulted: Resulted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Closed):
    """Answered. What earlier, unanswered attempts reserved stays booked. `usage` None: the provider
    did not say it."""

    outcome: str
    text: str
    usage: str | None
    cost: Decimal
    notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed(Closed):
    """What it cost is known, and its answer is not kept: it came after the run's end."""

    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Closed):
    """Refused by the provider before it was billed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied(LedgerEntry):
    """An answer that cost nothing: another run's, or the refusal of our own budget."""

    outcome: str
    text: str
    usage: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """`month`: the one whose total a reservation moved."""

    granted: Granted
    month: date | None = None


LOCK = """
WITH held AS (
    SELECT id, fence FROM runs WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE
), this AS (
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month WHERE $3
), locked AS (
    INSERT INTO month_spend
    SELECT month, 0 FROM (SELECT unnest($2::date[]) UNION SELECT month FROM this) moved (month)
    ORDER BY month
    ON CONFLICT (month) DO UPDATE SET usd = month_spend.usd RETURNING month, usd
)
SELECT id, fence, NULL::date AS month, NULL::numeric AS usd, false AS is_now FROM held
UNION ALL
SELECT NULL, NULL, month, usd, month IN (SELECT month FROM this) FROM locked
"""


async def write(connection: Connection, entries: Sequence[LedgerEntry]) -> list[Receipt]:
    """One result per entry, in order. Runs are locked against being claimed meanwhile.

    One statement for each kind of entry that there is: what a call waits for is round trips.
    """
    holds, spent, now = await _lock(connection, entries)
    granted = [
        Granted.YES if (one.run_id, one.fence) in holds else Granted.LEASE_LOST for one in entries
    ]
    _spend(spent, now, entries, granted)
    valid = [one for one, may in zip(entries, granted, strict=True) if may is Granted.YES]
    if spent:
        await connection.executemany(
            "UPDATE month_spend SET usd = $2 WHERE month = $1", sorted(spent.items())
        )
    if reserved := [one for one in valid if isinstance(one, Reserved)]:
        await _insert(connection, reserved)
        await batch_entries.intend(
            connection,
            [
                (one.run_id, one.model, now, one.key, one.sample, one.intended)
                for one in reserved
                if one.intended is not None
            ],
        )
    if copied := [one for one in valid if isinstance(one, Copied)]:
        await _copy(connection, copied)
    if settled := [one for one in valid if isinstance(one, Settled)]:
        await _settle(connection, settled)
    if released := [one for one in valid if isinstance(one, Release)]:
        await _release(connection, released)
    if billed := [one for one in valid if isinstance(one, Billed)]:
        await _bill(connection, billed)
    await batch_entries.result(
        connection,
        [one.resulted for one in valid if isinstance(one, Closed) and one.resulted is not None],
    )
    return [Receipt(may, now) for may in granted]


async def _lock(
    connection: Connection, entries: Sequence[LedgerEntry]
) -> tuple[set[tuple[UUID, int]], dict[date, Decimal], date | None]:
    """The fences of the runs, the totals of the months that entries move, and this month, where
    anything is to be reserved in it. Months are locked from the oldest to the newest, so that no
    two writers wait for each other."""
    moving = [one for one in entries if _moves_by(one) != 0]
    months = {one.month for one in moving if isinstance(one, Closed) and one.month is not None}
    reserves = any(isinstance(one, Reserved) for one in moving)
    runs = sorted({entry.run_id for entry in entries})
    rows = await connection.fetch(LOCK, runs, sorted(months), reserves)
    holds = {(row["id"], row["fence"]) for row in rows if row["id"] is not None}
    spent = {row["month"]: row["usd"] for row in rows if row["month"] is not None}
    now = next((row["month"] for row in rows if row["is_now"]), None)
    return holds, spent, now


def _spend(
    spent: dict[date, Decimal],
    now: date | None,
    entries: Sequence[LedgerEntry],
    granted: list[Granted],
) -> None:
    """Moves the months' totals by every entry that carries money; refuses what passes the cap of
    this month, and what the same run asks after it, so that calls go in the order they were
    asked."""
    full: set[UUID] = set()
    for place, one in enumerate(entries):
        month = one.month if isinstance(one, Closed) else now
        if granted[place] is not Granted.YES or _moves_by(one) == 0 or month is None:
            continue
        cap = one.month_cap if isinstance(one, Reserved) else None
        if cap is not None and (one.run_id in full or spent[month] + _moves_by(one) > cap):
            full.add(one.run_id)
            granted[place] = Granted.OVER_MONTH_CAP
            continue
        spent[month] += _moves_by(one)


def _moves_by(one: LedgerEntry) -> Decimal:
    if isinstance(one, Reserved):
        return one.bound
    if isinstance(one, Settled | Billed):
        return one.cost - one.bound
    if isinstance(one, Release):
        return -one.bound
    return Decimal(0)


async def _insert(connection: Connection, reserved: Sequence[Reserved]) -> None:
    await connection.executemany(
        """
        INSERT INTO llm_calls (run_id, key, sample, purpose, provider, model, adapter, epoch,
            attempts, reserved_usd) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)
        ON CONFLICT (run_id, key, sample) DO UPDATE SET attempts = llm_calls.attempts + 1,
            reserved_usd = llm_calls.reserved_usd + excluded.reserved_usd
        """,
        [(*_names(one), one.bound) for one in reserved],
    )


async def _copy(connection: Connection, copied: Sequence[Copied]) -> None:
    await connection.executemany(
        """
        INSERT INTO llm_calls (run_id, key, sample, purpose, provider, model, adapter, epoch,
            outcome, text, usage, refused_usd, cost_usd, notional_usd, cached, settled_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, 0, 0, true, now())
        ON CONFLICT (run_id, key, sample) DO UPDATE SET outcome = excluded.outcome,
            text = excluded.text, usage = excluded.usage, refused_usd = excluded.refused_usd,
            cost_usd = llm_calls.reserved_usd, notional_usd = 0, settled_at = now()
        """,
        [(*_names(one), one.outcome, one.text, one.usage, one.refused) for one in copied],
    )


async def _settle(connection: Connection, settled: Sequence[Settled]) -> None:
    await connection.executemany(
        """
        UPDATE llm_calls SET outcome = $4, text = $5, usage = $6::jsonb,
            cost_usd = reserved_usd - $7 + $8, notional_usd = $9, batched = $10,
            refused_usd = $11, settled_at = now()
        WHERE run_id = $1 AND key = $2 AND sample = $3 AND outcome IS NULL
        """,
        [
            (
                one.run_id,
                one.key,
                one.sample,
                one.outcome,
                one.text,
                one.usage,
                one.bound,
                one.cost,
                one.notional,
                one.resulted is not None,
                one.refused,
            )
            for one in settled
        ],
    )


async def _release(connection: Connection, released: Sequence[Release]) -> None:
    await connection.executemany(
        """
        UPDATE llm_calls SET attempts = attempts - 1, reserved_usd = reserved_usd - $4
        WHERE run_id = $1 AND key = $2 AND sample = $3 AND cost_usd IS NULL
        """,
        [(one.run_id, one.key, one.sample, one.bound) for one in released],
    )


async def _bill(connection: Connection, billed: Sequence[Billed]) -> None:
    await connection.executemany(
        """
        UPDATE llm_calls SET reserved_usd = reserved_usd - $4 + $5
        WHERE run_id = $1 AND key = $2 AND sample = $3 AND cost_usd IS NULL
        """,
        [(one.run_id, one.key, one.sample, one.bound, one.cost) for one in billed],
    )


def _names(one: LedgerEntry) -> tuple[UUID, str, int, str, str, str, str, int]:
    return (
        one.run_id,
        one.key,
        one.sample,
        one.purpose,
        one.provider,
        one.model,
        one.adapter,
        one.epoch,
    )
