"""The ledger's writes: four kinds of booking, many in one commit. SQL only; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from uuid import UUID

from nlu_shared.kit.group_commit import Connection


class Granted(Enum):
    YES = auto()
    OVER_MONTH_CAP = auto()
    LEASE_LOST = auto()


class LeaseLost(Exception):
    """Another worker holds the run: whatever this one still does must leave no trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One call of one run, and the fence under which it may be written."""

    run_id: UUID
    fence: int
    key: str
    sample: int
    purpose: str
    provider: str
    model: str
    adapter: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced(Booking):
    """A booking that moves the month's total; `bound` is what the call may cost at most."""

    bound: Decimal
    month: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved(Priced):
    """About to be sent. `month_cap` None: not billed."""

    month_cap: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Priced):
    """Answered. What earlier, unanswered attempts reserved stays booked."""

    outcome: str
    text: str
    usage: str
    cost: Decimal
    notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack(Priced):
    """Refused by the provider before it was billed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied(Booking):
    """An answer that cost nothing: another run's, or the refusal of our own budget."""

    outcome: str
    text: str
    usage: str


async def write(connection: Connection, bookings: Sequence[Booking]) -> list[Granted]:
    """One result per booking, in order. Runs are locked against being claimed meanwhile."""
    fences = await connection.fetch(
        "SELECT id, fence FROM runs WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE",
        sorted({booking.run_id for booking in bookings}),
    )
    holds = {(row["id"], row["fence"]) for row in fences}
    granted = [
        Granted.YES if (one.run_id, one.fence) in holds else Granted.LEASE_LOST for one in bookings
    ]
    await _spend_month(connection, bookings, granted)
    valid = [one for one, may in zip(bookings, granted, strict=True) if may is Granted.YES]
    await _insert(connection, [one for one in valid if isinstance(one, Reserved)])
    await _copy(connection, [one for one in valid if isinstance(one, Copied)])
    await _settle(connection, [one for one in valid if isinstance(one, Settled)])
    await _give_back(connection, [one for one in valid if isinstance(one, GivenBack)])
    return granted


async def _spend_month(
    connection: Connection, bookings: Sequence[Booking], granted: list[Granted]
) -> None:
    """Moves the month's total by every booking that carries money; refuses what passes its cap,
    and what the same run asks after it, so that calls go in the order they were asked."""
    spent: dict[date, Decimal] = {}
    full: set[UUID] = set()
    for place, one in enumerate(bookings):
        if granted[place] is not Granted.YES or not isinstance(one, Priced):
            continue
        moved = _moves_month_by(one)
        if moved == 0:
            continue
        if one.month not in spent:
            spent[one.month] = await connection.fetchval(
                "INSERT INTO month_spend VALUES ($1, 0)"
                " ON CONFLICT (month) DO UPDATE SET usd = month_spend.usd RETURNING usd",
                one.month,
            )
        cap = one.month_cap if isinstance(one, Reserved) else None
        if cap is not None and (one.run_id in full or spent[one.month] + moved > cap):
            full.add(one.run_id)
            granted[place] = Granted.OVER_MONTH_CAP
            continue
        spent[one.month] += moved
    for month in sorted(spent):
        await connection.execute(
            "UPDATE month_spend SET usd = $2 WHERE month = $1", month, spent[month]
        )


def _moves_month_by(one: Priced) -> Decimal:
    if isinstance(one, Reserved):
        return one.bound
    if isinstance(one, Settled):
        return one.cost - one.bound
    if isinstance(one, GivenBack):
        return -one.bound
    return Decimal(0)


async def _insert(connection: Connection, reserved: Sequence[Reserved]) -> None:
    await connection.executemany(
        "INSERT INTO llm_calls (run_id, key, sample, purpose, provider, model, adapter, epoch,"
        " attempts, reserved_usd) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)"
        " ON CONFLICT (run_id, key, sample) DO UPDATE SET attempts = llm_calls.attempts + 1,"
        " reserved_usd = llm_calls.reserved_usd + excluded.reserved_usd",
        [(*_names(one), one.bound) for one in reserved],
    )


async def _copy(connection: Connection, copied: Sequence[Copied]) -> None:
    await connection.executemany(
        "INSERT INTO llm_calls (run_id, key, sample, purpose, provider, model, adapter, epoch,"
        " outcome, text, usage, cost_usd, notional_usd, cached, settled_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, 0, 0, true, now())"
        " ON CONFLICT (run_id, key, sample) DO UPDATE SET outcome = excluded.outcome,"
        " text = excluded.text, usage = excluded.usage, cost_usd = llm_calls.reserved_usd,"
        " notional_usd = 0, settled_at = now()",
        [(*_names(one), one.outcome, one.text, one.usage) for one in copied],
    )


async def _settle(connection: Connection, settled: Sequence[Settled]) -> None:
    await connection.executemany(
        "UPDATE llm_calls SET outcome = $4, text = $5, usage = $6::jsonb,"
        " cost_usd = reserved_usd - $7 + $8, notional_usd = $9, settled_at = now()"
        " WHERE run_id = $1 AND key = $2 AND sample = $3 AND outcome IS NULL",
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
            )
            for one in settled
        ],
    )


async def _give_back(connection: Connection, returned: Sequence[GivenBack]) -> None:
    await connection.executemany(
        "UPDATE llm_calls SET attempts = attempts - 1, reserved_usd = reserved_usd - $4"
        " WHERE run_id = $1 AND key = $2 AND sample = $3 AND outcome IS NULL",
        [(one.run_id, one.key, one.sample, one.bound) for one in returned],
    )


def _names(one: Booking) -> tuple[UUID, str, int, str, str, str, str, int]:
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
