"""Text as counted features: words, pairs of neighbouring words, and parts of words. Pure."""

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PART_LENGTHS = (3, 4)


def words(text: str) -> list[str]:
    """Lower-case words; `card_arrival`, `card-arrival` and `cardArrival` are two words each."""
    return [word.lower() for word in _WORD.findall(_HUMP.sub(" ", text))]


def terms(text: str) -> Counter[str]:
    """Words and pairs of neighbours."""
    spelled = words(text)
    pairs = (f"{left} {right}" for left, right in pairwise(spelled))
    return Counter(spelled) + Counter(pairs)


def parts(text: str) -> Counter[str]:
    """Runs of three and four characters inside words, their ends marked: what survives a typing
    error or an inflection."""
    counts: Counter[str] = Counter()
    for word in words(text):
        counts.update(_word_parts(word))
    return counts


@lru_cache(maxsize=65_536)
def _word_parts(word: str) -> tuple[str, ...]:
    marked = f"<{word}>"
    return tuple(
        marked[start : start + length]
        for length in _PART_LENGTHS
        for start in range(len(marked) - length + 1)
    )
