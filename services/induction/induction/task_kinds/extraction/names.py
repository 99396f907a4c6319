"""How alike two names are, said in different ways: with titles, kin words, or half of them."""

from functools import lru_cache

from nlu_shared.rendering.names import CACHED
from rapidfuzz import fuzz

ALIKE = 0.60
"""Similarity from which two names can be one person's."""
ANYBODY = "user"
"""The name that ground truth gives to the client before it knows better."""


@lru_cache(CACHED)
def similarity(truth: str, predicted: str) -> float:
    """Of two plain names, 0 to 1: rapidfuzz's token_set_ratio. Nameless is like nobody.

    Ground truth's "User" is like anybody, but just so: a real name is always liked better.
    """
    alike = fuzz.token_set_ratio(truth, predicted) / 100
    return max(alike, ALIKE) if truth == ANYBODY else alike


@lru_cache(CACHED)
def parents_similarity(truth: tuple[str, ...], predicted: tuple[str, ...]) -> float:
    """Of the plain names of two people's parents, 0 to 1; 0.5 where either side names none.

    The better of the ways to pair them, averaged over the pairs.
    """
    if not truth or not predicted:
        return 0.5
    few, many = sorted((truth, predicted), key=len)
    alike = [[fuzz.token_set_ratio(one, other) / 100 for other in many] for one in few]
    if len(few) == 1:
        return max(alike[0])
    return max(alike[0][0] + alike[1][1], alike[0][1] + alike[1][0]) / 2
