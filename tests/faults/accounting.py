"""What was booked, in SQL, beside what the model's server counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from induction.llm import prices

from tests.fixtures.stack import Stack, client
from tests.induction.runs.driving import sql

_BOOKS = """
SELECT coalesce(sum(attempts), 0) AS attempts,
    coalesce(sum(coalesce(cost_usd, reserved_usd)), 0) AS booked,
    coalesce(sum(reserved_usd) FILTER (WHERE outcome IS NULL), 0) AS held_open,
    count(*) FILTER (WHERE outcome IS NULL) AS open,
    count(*) FILTER (WHERE attempts < 0 OR reserved_usd < 0 OR cost_usd < 0) AS below_nothing,
    count(*) FILTER (WHERE outcome IS NULL AND (attempts > 0) <> (reserved_usd > 0)) AS odd
FROM llm_calls WHERE $1::uuid IS NULL OR run_id = $1
"""


@dataclass(frozen=True)
class Books:
    """Of one run, or of all: attempts that may be billed, and dollars.

    held_open: of `booked`, what is reserved for calls that have no answer.
    open: calls without an answer.
    """

    attempts: int
    booked: Decimal
    held_open: Decimal
    open: int


async def books(stack: Stack, run: str | None = None) -> Books:
    """Checked as they are read: nothing is below nothing, no call without an answer holds money
    that no attempt of it asked for, and the months hold what all calls are booked at."""
    (row,) = await sql(stack, _BOOKS, run)
    (everything,) = await sql(stack, _BOOKS, None)
    (months,) = await sql(stack, "SELECT coalesce(sum(usd), 0) AS usd FROM month_spend")
    assert (everything["below_nothing"], everything["odd"]) == (0, 0)
    assert months["usd"] == everything["booked"]
    return Books(row["attempts"], row["booked"], row["held_open"], row["open"])


@dataclass(frozen=True)
class Counted:
    """By a server of a model: requests, messages by request, and dollars for all it has made."""

    arrived: int
    by_request: Mapping[str, int]
    usd: Decimal


async def counted(url: str) -> Counted:
    async with client(url) as caller:
        calls = (await caller.get("/calls")).json()
    alone, batched = calls["usage"].items(), calls["batch_usage"].items()
    spent = sum((_dollars(model, used) for model, used in alone), Decimal(0))
    spent += sum((_dollars(model, used, in_batch=True) for model, used in batched), Decimal(0))
    return Counted(calls["arrived"], calls["by_request"], spent)


def _dollars(model: str, used: Mapping[str, Any], *, in_batch: bool = False) -> Decimal:
    """By the rates of short prompts, which is what the tests have."""
    price = prices.price(model, datetime.now(UTC).date(), prices.SHIPPED)
    rates = price.in_batch(price.short) if in_batch else price.short
    by_kind = {
        "input_tokens": rates.input,
        "cache_creation_input_tokens": rates.cache_write,
        "cache_read_input_tokens": rates.cache_read,
        "output_tokens": rates.output,
    }
    return sum((used.get(kind, 0) * rate for kind, rate in by_kind.items()), Decimal(0)) / (
        prices.PER
    )
