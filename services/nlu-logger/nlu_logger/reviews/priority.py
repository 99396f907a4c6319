"""What to label next: score = uncertainty × traffic × diversity, each a fraction.

- uncertainty = 1 − (confidence − runner-up), the margin of Scheffer et al. 2001; the runner-up is
  the best secondary intent, 0 where there is none, and an unknown confidence counts as 0.
- traffic = the mean of two shares: how often these very words came among the candidates, on a
  logarithmic scale against the most frequent words (density weighting, Settles & Craven 2008),
  and how often the predicted intent came in the window, against the most frequent intent of the
  task. One label then speaks for much of what arrives.
- diversity = 1 − the largest Jaccard similarity of words to anything already on the list, chosen
  greedily (farthest first, Gonzalez 1985), so that ten variants of one text do not fill it.

Texts are compared by their set of words. Scores only fall while the list grows, so a candidate is
scored again only when it comes up (lazy greedy, Minoux 1978): usually near linear, at most
candidates × list.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.queues import Score

Bag = tuple[str, frozenset[str]]
"""A task and the words of a text."""
WORD = re.compile(r"\w+")
NEAR = 0.2
"""Jaccard distance up to which two texts say nearly the same: one word in five more or less."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One unsure prediction; `runner_up` is the confidence of the best secondary intent."""

    id: UUID
    task: str
    text: str
    intent: str
    confidence: float | None
    runner_up: float


def words(text: str) -> frozenset[str]:
    """The set of words, without case; a text without any is its own word."""
    return frozenset(WORD.findall(text.casefold())) or frozenset({text})


def uncertainty(confidence: float | None, runner_up: float) -> float:
    margin = (confidence or 0.0) - runner_up
    return min(1.0, max(0.0, 1.0 - margin))


def next_to_label(
    candidates: Sequence[Candidate],
    seen: Mapping[tuple[str, str], int],
    limit: int,
    *,
    listed: Collection[UUID] = (),
) -> list[tuple[UUID, Score]]:
    """At most `limit` candidates, the best first; of equal texts the first one given stands.

    `seen` counts each (task, intent) in the window. The candidates in `listed` are on somebody's
    list already: the others are chosen to differ from them.
    """
    bags = [(one.task, words(one.text)) for one in candidates]
    fixed = _fixed_parts(candidates, bags, seen)
    chosen = [bag for one, bag in zip(candidates, bags, strict=True) if one.id in listed]
    first_of = {bag: place for place, bag in reversed(list(enumerate(bags)))}
    places = [first_of[bag] for bag in first_of.keys() - set(chosen)]
    diversity, compared = dict.fromkeys(places, 1.0), dict.fromkeys(places, 0)
    heap = [(-math.prod(fixed[place]), place) for place in places]
    heapq.heapify(heap)
    ranked: list[tuple[UUID, Score]] = []
    while heap and len(ranked) < limit:
        _, place = heapq.heappop(heap)
        near = (distance(bags[place], other) for other in chosen[compared[place] :])
        diversity[place] = min(diversity[place], *near, 1.0)
        unsure, often = fixed[place]
        score = unsure * often * diversity[place]
        if compared[place] < len(chosen):
            compared[place] = len(chosen)
            heapq.heappush(heap, (-score, place))
            continue
        chosen.append(bags[place])
        parts = Score(score=score, uncertainty=unsure, traffic=often, diversity=diversity[place])
        ranked.append((candidates[place].id, parts))
    return ranked


def _fixed_parts(
    candidates: Sequence[Candidate], bags: Sequence[Bag], seen: Mapping[tuple[str, str], int]
) -> list[tuple[float, float]]:
    """Uncertainty and traffic of each, which do not depend on the list."""
    copies = Counter(bags)
    most_copies = max(copies.values(), default=1)
    most_seen: dict[str, int] = {}
    for (task, _), count in seen.items():
        most_seen[task] = max(count, most_seen.get(task, 1))
    return [
        (
            uncertainty(one.confidence, one.runner_up),
            (
                math.log1p(copies[bag]) / math.log1p(most_copies)
                + seen.get((one.task, one.intent), 0) / most_seen.get(one.task, 1)
            )
            / 2,
        )
        for one, bag in zip(candidates, bags, strict=True)
    ]


def alike(text: str, others: Sequence[tuple[UUID, str]]) -> list[tuple[UUID, str]]:
    """Those of one task that say nearly what `text` says, the nearest first; at equal distance in
    the order given."""
    bag = ("", words(text))
    near = [(distance(bag, ("", words(other))), one, other) for one, other in others]
    kept = [one for one in near if one[0] <= NEAR]
    return [(one, other) for _, one, other in sorted(kept, key=lambda one: one[0])]


def distance(one: Bag, other: Bag) -> float:
    """Jaccard distance of two texts' words; texts of different tasks have nothing in common."""
    if one[0] != other[0]:
        return 1.0
    shared = len(one[1] & other[1])
    return 1 - shared / (len(one[1]) + len(other[1]) - shared)
