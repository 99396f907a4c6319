"""What a provider says of its batches, whatever it is. Pure and total, as `reading`.

No word of the provider's goes further than this file, but its ids.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nlu_shared.rendering import answers

from induction.llm.adapters.batching import NotAnswered, ProviderBatch, Result
from induction.llm.adapters.reading import json_of, read_failure
from induction.llm.retry import Failure, Kind

STATES = ("in_progress", "canceling", "ended")
UNFINISHED = ("errored", "expired", "canceled")
COUNTED = ("processing", "succeeded", *UNFINISHED)
"""What the requests of a batch are; a gateway may count more, such as all of them."""
LONGEST_ID = 200
MOST_REQUESTS = 10_000_000


def read_batch(status: int, headers: Mapping[str, str], body: bytes) -> ProviderBatch | Failure:
    if not 200 <= status < 300:
        return read_failure(status, headers, body)
    return _batch(json_of(body)) or Failure(Kind.UNREADABLE)


def read_deleted(status: int, headers: Mapping[str, str], body: bytes) -> Failure | None:
    return None if 200 <= status < 300 else read_failure(status, headers, body)


def read_page(
    status: int, headers: Mapping[str, str], body: bytes
) -> tuple[list[ProviderBatch], bool] | Failure:
    """Batches, and whether there are older ones."""
    if not 200 <= status < 300:
        return read_failure(status, headers, body)
    page = json_of(body)
    data = page.get("data") if isinstance(page, dict) else None
    if not isinstance(data, list):
        return Failure(Kind.UNREADABLE)
    batches = [_batch(one) for one in data]
    known = [one for one in batches if one is not None]
    if len(known) < len(batches):  # one of them may be ours
        return Failure(Kind.UNREADABLE)
    return known, page.get("has_more") is True


def read_results(
    status: int, headers: Mapping[str, str], body: bytes
) -> dict[str, Result] | Failure:
    """By custom id; lines that say nothing are left out, and of an id the first line counts. Where
    none says anything, it is not the provider who has answered."""
    if not 200 <= status < 300:
        return read_failure(status, headers, body)
    results: dict[str, Result] = {}
    for line in body.split(b"\n"):
        one = json_of(line) if line.strip() else None
        if isinstance(one, dict) and isinstance(name := one.get("custom_id"), str):
            results.setdefault(name[:LONGEST_ID], _result(one.get("result")))
    return results or Failure(Kind.UNREADABLE)


def _result(result: Any) -> Result:
    if not isinstance(result, dict):
        return None
    if result.get("type") in UNFINISHED:
        return NotAnswered(result["type"])
    return answers.read_message(result.get("message"))


def _batch(body: Any) -> ProviderBatch | None:
    if not isinstance(body, dict):
        return None
    counts = body.get("request_counts")
    id, state = body.get("id"), body.get("processing_status")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID or not id.isprintable():
        return None
    if state not in STATES or not isinstance(counts, dict):
        return None
    numbers = [counts.get(one, 0) for one in COUNTED]
    if not all(type(one) is int and 0 <= one <= MOST_REQUESTS for one in numbers):
        return None
    created = _moment(body.get("created_at"))
    if created is None:
        return None
    return ProviderBatch(id, sum(numbers), created, state == "ended")


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
