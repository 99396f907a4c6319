"""Texts as hashed bags of n-grams, a linear embedding of them, and one prototype per intent.

numpy only: this is what the ONNX file is checked against.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
BUCKETS = 2_048
SHARPNESS = 5.0
"""How much closer than the others a prototype must be: the inverse temperature of the softmax."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Model:
    """`embedding` is (buckets, dimensions), `prototypes` (intents, dimensions) of length one."""

    embedding: Matrix
    prototypes: Matrix
    intents: tuple[str, ...]

    def probabilities(self, bags: Matrix) -> Matrix:
        """(texts, buckets) to (texts, intents): a softmax over cosines."""
        logits = SHARPNESS * unit(bags @ self.embedding) @ self.prototypes.T
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        share: Matrix = odds / odds.sum(axis=1, keepdims=True)
        return share


def bags(texts: Sequence[str]) -> Matrix:
    """One row of length one per text: words, pairs of words, and three to five letters.

    Weights are square roots of counts, so that a word said twice is not said twice as loudly.
    """
    counted = np.zeros((len(texts), BUCKETS), dtype=np.float32)
    for row, text in zip(counted, texts, strict=True):
        np.add.at(row, [bucket(gram) for gram in _grams(text)], 1)
    return unit(np.sqrt(counted))


def unit(rows: Matrix) -> Matrix:
    """Rows of length one; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = rows / np.maximum(lengths, 1e-12)
    return scaled


@cache
def bucket(gram: str) -> int:
    """The same on every machine, unlike `hash` (the hashing trick: Weinberger et al., 2009)."""
    return int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=4).digest(), "big") % BUCKETS


def _grams(text: str) -> Iterator[str]:
    words = WORD.findall(text.casefold())
    yield from words
    yield from map(" ".join, pairwise(words))
    for word in words:
        marked = f"<{word}>"
        for length in (3, 4, 5):
            for start in range(len(marked) - length + 1):
                yield marked[start : start + length]
