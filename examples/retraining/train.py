"""From pairs and labelled rows to a model, by a contrastive loss. Equal input, equal model."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from nlu_shared.schemas.exports import LabelledText, Pair

from examples.retraining.model import BUCKETS, Matrix, Model, bags, unit

DIMENSIONS = 32
EPOCHS = 8
BATCH = 64
RATE = 0.01
MARGIN = 0.2
"""Texts of two intents may be this alike (cosine) and no more."""


def train(pairs: Sequence[Pair], rows: Sequence[LabelledText], *, seed: int) -> Model:
    """Embeds so that pairs of one intent are alike and others are not, then takes each intent's
    mean as its prototype. Raises ValueError without rows."""
    if not rows:
        raise ValueError("There is nothing to learn from.")
    embedding = _embed(pairs, seed)
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.text):
        by_intent[row.label].append(row.text)
    intents = tuple(sorted(by_intent))
    means = [unit(bags(by_intent[one]) @ embedding).mean(axis=0) for one in intents]
    return Model(embedding, unit(np.stack(means)), intents)


def _embed(pairs: Sequence[Pair], seed: int) -> Matrix:
    """Starts as a random projection, which keeps angles (Johnson and Lindenstrauss, 1984), and
    descends by Adam (Kingma and Ba, ICLR 2015)."""
    chance = np.random.Generator(np.random.PCG64(seed))
    embedding = chance.normal(0, DIMENSIONS**-0.5, (BUCKETS, DIMENSIONS)).astype(np.float32)
    first, second = _paired_bags(pairs)
    alike = np.array([one.label == 1 for one in pairs])
    mean, spread, step = np.zeros_like(embedding), np.zeros_like(embedding), 0
    for _ in range(EPOCHS):
        order = chance.permutation(len(pairs))
        for start in range(0, len(pairs), BATCH):
            drawn = order[start : start + BATCH]
            slope = gradient(embedding, first[drawn], second[drawn], alike[drawn])
            step += 1
            mean = 0.9 * mean + 0.1 * slope
            spread = 0.999 * spread + 0.001 * slope**2
            embedding -= (
                RATE * (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.999**step)) + 1e-8)
            )
    return embedding


def _paired_bags(pairs: Sequence[Pair]) -> tuple[Matrix, Matrix]:
    """A text stands in several pairs and is counted once."""
    texts = sorted({text for one in pairs for text in (one.text_a, one.text_b)})
    place = {text: row for row, text in enumerate(texts)}
    counted = bags(texts)
    return (
        counted[[place[one.text_a] for one in pairs]],
        counted[[place[one.text_b] for one in pairs]],
    )


def loss(embedding: Matrix, first: Matrix, second: Matrix, alike: np.ndarray) -> float:
    """Mean over pairs of 1 − cosine where alike, else the square of what exceeds the margin
    (after Hadsell, Chopra and LeCun, CVPR 2006, on the sphere)."""
    cosines = (unit(first @ embedding) * unit(second @ embedding)).sum(axis=1)
    return float(np.where(alike, 1 - cosines, np.maximum(0, cosines - MARGIN) ** 2).mean())


def gradient(embedding: Matrix, first: Matrix, second: Matrix, alike: np.ndarray) -> Matrix:
    """Of `loss`, with respect to the embedding."""
    a, b = first @ embedding, second @ embedding
    u, v = unit(a), unit(b)
    cosines = (u * v).sum(axis=1, keepdims=True)
    outer = np.where(alike[:, None], -1, 2 * np.maximum(0, cosines - MARGIN)) / len(alike)
    to_a = outer * (v - cosines * u) / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)
    to_b = outer * (u - cosines * v) / np.maximum(np.linalg.norm(b, axis=1, keepdims=True), 1e-12)
    slope: Matrix = first.T @ to_a + second.T @ to_b
    return slope
