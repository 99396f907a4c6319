"""A text costs time in proportion to its length, whatever stands in it, wherever it goes.

The time is this thread's own on the processor, the least of a few, so a busy machine changes
little: what grows with the square misses the limit by far.
"""

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.texts.reached import REACHED
from tests.texts.shapes import SHAPES, text_of

pytestmark = pytest.mark.law

SHORT, TIMES = (5_000, 8_000), 4
"""Characters; the last of them TIMES are nearly the longest text that can be logged."""
MOST = 10.0
"""Times as much that TIMES the text may cost: in proportion it is 4, with the square 16."""
FLOOR = 0.01
"""Seconds from which growth can be told. What costs less at full length may grow as it likes."""
AT_ONCE = 20.0
"""Seconds that 20,000 characters may take at the very most."""

SLOWEST = {
    "engine/leak_guard/screen",
    "engine/headroom/classifier.out_of_fold",
    "engine/proposal/rungs.rungs",
    "history/blame.blame",
    "prompts/diff.compare",
    "rendering/tokens.request_tokens",
}
"""As much together as all others."""
NAMES = [pytest.param(one, marks=[pytest.mark.long] * (one in SLOWEST)) for one in REACHED]


def _seconds(reads: Callable[[str], object], text: str, tries: int) -> float:
    taken = []
    for _ in range(tries):
        start = time.thread_time()
        reads(text)
        taken.append(time.thread_time() - start)
    return min(taken)


def _growth(reads: Callable[[str], object], shape: str, *, tries: int) -> float:
    """How many times as much TIMES the text costs, at the first length where that can be told; 1
    where it costs next to nothing at any length."""
    for short in SHORT:
        long = _seconds(reads, text_of(shape, short * TIMES), tries)
        assert long < AT_ONCE, shape
        if long >= FLOOR:
            return long / max(_seconds(reads, text_of(shape, short), tries), 1e-5)
    return 1.0


@pytest.mark.parametrize("name", NAMES)
def test_twice_the_text_costs_at_most_twice_as_much(name: str) -> None:
    reads = REACHED[name]
    for shape in SHAPES:
        if _growth(reads, shape, tries=1) > MOST:
            assert _growth(reads, shape, tries=5) <= MOST, shape


ALPHABET = "aA bé.,!?\n\"“'([{@:/-+0179_\u0301\u0323\u200d\u3000我👍ß"


@pytest.mark.parametrize("name", NAMES)
@given(unit=st.text(ALPHABET, min_size=1, max_size=12))
@settings(max_examples=15)
@example(unit="Aa ")
def test_so_does_whatever_is_said_over_and_over(name: str, unit: str) -> None:
    reads = REACHED[name]

    def growth(tries: int) -> float:
        short, long = (unit * (length // len(unit)) for length in (2_500, 2_500 * TIMES))
        least = _seconds(reads, long, tries)
        return least / max(_seconds(reads, short, tries), FLOOR / TIMES)

    assert growth(1) <= MOST or growth(5) <= MOST
