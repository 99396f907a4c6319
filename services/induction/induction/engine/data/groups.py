"""Which cases belong together: same group by name, or texts that are nearly the same.

Texts are compared as sets of their words, numbers and word pairs, all folded (see `folding`); two
are near-duplicates from a Jaccard similarity of 0.7 (in an eight-word sentence: one word at its
end). Candidates are found by prefix filtering (Bayardo, Ma and Srikant, Scaling up all pairs
similarity search, WWW 2007): two sets that similar share one of their rarest members, so only rare
ones need an index.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from induction.engine.data.folding import words
from induction.task_kinds.base import Case

NEARLY_SAME = 0.7


def groups_of(cases: Sequence[Case]) -> list[tuple[Case, ...]]:
    """The cases parted into groups, each in id order, groups in the order of their first case."""
    ordered = sorted(cases, key=lambda case: case.id)
    parent = list(range(len(ordered)))

    def root(member: int) -> int:
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for one, other in [*_named_alike(ordered), *_worded_alike(ordered)]:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    members: dict[int, list[Case]] = defaultdict(list)
    for position, case in enumerate(ordered):
        members[root(position)].append(case)
    return [tuple(members[first]) for first in sorted(members)]


def near_duplicates(cases: Sequence[Case]) -> list[tuple[Case, ...]]:
    """The groups of more than one case whose texts are nearly the same, whatever conversation they
    are from."""
    alone = [replace(case, group=str(case.id)) for case in cases]
    return [group for group in groups_of(alone) if len(group) > 1]


def _named_alike(cases: Sequence[Case]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first.setdefault(case.group, at), at) for at, case in enumerate(cases)]


def _worded_alike(cases: Sequence[Case]) -> list[tuple[int, int]]:
    first: dict[frozenset[str], int] = {}
    shingles = [_shingles(case.text) for case in cases]
    same = [(first.setdefault(one, at), at) for at, one in enumerate(shingles)]
    distinct = {at: one for one, at in first.items()}
    return same + _near_pairs(distinct)


def _shingles(text: str) -> frozenset[str]:
    tokens = words(text) or [text.strip()]
    return frozenset(tokens) | {f"{a} {b}" for a, b in pairwise(tokens)}


def _near_pairs(sets: dict[int, frozenset[str]]) -> list[tuple[int, int]]:
    frequency = Counter(shingle for one in sets.values() for shingle in one)
    index: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for at, one in sets.items():
        rarest = sorted(one, key=lambda shingle: (frequency[shingle], shingle))
        prefix = rarest[: len(one) - math.ceil(NEARLY_SAME * len(one) - 1e-9) + 1]
        for candidate in {other for shingle in prefix for other in index[shingle]}:
            if _jaccard(one, sets[candidate]) >= NEARLY_SAME:
                pairs.append((candidate, at))
        for shingle in prefix:
            index[shingle].append(at)
    return pairs


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    if min(len(one), len(other)) < NEARLY_SAME * max(len(one), len(other)):
        return 0.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
