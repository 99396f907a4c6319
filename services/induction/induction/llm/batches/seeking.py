"""A batch that was intended, looked for among those its provider has made.

Its own id stands in the custom ids of its results, and nowhere else that a provider shows: what is
still worked on may be it.
"""

from collections.abc import Awaitable, Callable, Collection
from enum import Enum, auto

from induction.llm.adapters import batching
from induction.llm.adapters.batching import ProviderBatch
from induction.llm.adapters.models import BatchApi
from induction.llm.batches.rows import OpenBatch
from induction.llm.retry import Failure

Recorded = Callable[[Collection[str]], Awaitable[set[str]]]
"""Which of these ids of a provider's some row holds."""


class Sought(Enum):
    UNDECIDED = auto()  # one that is worked on may be it, or it may still be on its way
    NOT_SENT = auto()


async def sought(
    api: BatchApi, batch: OpenBatch, recorded: Recorded, *, settling: float
) -> str | Sought | Failure:
    """The provider's id of the batch, where it can be told.

    settling: seconds after the intention, until which a request may still be on its way.
    """
    made = await _made_since(api, batch, recorded)
    if isinstance(made, Failure):
        return made
    is_undecided = batch.age < settling
    for one in made:
        if not one.is_ended:
            is_undecided = True
            continue
        results = await api.results(one.id)
        if isinstance(results, Failure):
            if not results.is_unknown:
                return results
        elif any(batching.number(name, batch.id) is not None for name in results):
            return one.id
    return Sought.UNDECIDED if is_undecided else Sought.NOT_SENT


async def _made_since(
    api: BatchApi, batch: OpenBatch, recorded: Recorded
) -> list[ProviderBatch] | Failure:
    """Those that it may be."""
    made: list[ProviderBatch] = []
    after: str | None = None
    while True:
        page = await api.listed(after)
        if isinstance(page, Failure):
            return page
        listed, has_more = page
        newer = [one for one in listed if one.created_at > batch.created_at - batching.SKEW]
        made += [one for one in newer if one.size == batch.size]
        if not has_more or len(newer) < len(listed) or not listed:
            break
        after = listed[-1].id
    others = await recorded([one.id for one in made])
    return [one for one in made if one.id not in others]
