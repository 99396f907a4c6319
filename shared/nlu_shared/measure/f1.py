"""Precision, recall and F1 from counts of true positives, false positives and false negatives.

Counts are integer arrays whose last axis is (TP, FP, FN) and whose last but one axis is the
label. They add up over cases, so the same functions score one split, a bootstrap replicate or
thousands of replicates at once.

F1 = 2 TP / (2 TP + FP + FN) (van Rijsbergen, Information Retrieval, 2nd ed. 1979, ch. 7);
macro average as in Sokolova and Lapalme, IP&M 45 (2009) 427-437, table 3.
Macro-F1 is the mean of the labels' F1 scores, not the F1 of mean precision and recall
(Opitz and Burst, arXiv:1911.03347).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
TP, FP, FN = range(3)


def summed(
    truths: Sequence[str], predictions: Sequence[str | None], labels: Sequence[str]
) -> Counts:
    """Counts of shape (labels, 3) over all cases. Truths must be among `labels`.

    A prediction of None, or of none of the labels, is a miss for the truth and nobody's false
    positive.
    """
    truth, predicted = _indices(truths, predictions, labels)
    size = len(labels)
    hits = np.bincount(truth[truth == predicted], minlength=size)
    support = np.bincount(truth, minlength=size)
    claimed = np.bincount(predicted[predicted < size], minlength=size)
    return np.stack([hits, claimed - hits, support - hits], axis=-1)


def by_case(
    truths: Sequence[str], predictions: Sequence[str | None], labels: Sequence[str]
) -> Counts:
    """Counts of shape (cases, labels, 3); their sum over the cases is `summed`."""
    truth, predicted = _indices(truths, predictions, labels)
    counts = np.zeros((len(truth), len(labels) + 1, 3), dtype=np.int64)
    rows = np.arange(len(truth))
    right = truth == predicted
    counts[rows[right], truth[right], TP] = 1
    counts[rows[~right], predicted[~right], FP] = 1
    counts[rows[~right], truth[~right], FN] = 1
    return counts[:, :-1]


def f1(counts: Counts | Floats) -> Floats:
    """F1 of every label, shape (..., labels); 0 where a label is neither true nor predicted."""
    claimed = 2 * counts[..., TP] + counts[..., FP] + counts[..., FN]
    return ratio(2 * counts[..., TP], claimed)


def macro_f1(counts: Counts | Floats) -> Floats:
    """Mean F1 over the labels that occur as ground truth, shape (...); 0 when there is none."""
    occurs = (counts[..., TP] + counts[..., FN]) > 0
    return ratio((f1(counts) * occurs).sum(axis=-1), occurs.sum(axis=-1))


def _indices(
    truths: Sequence[str], predictions: Sequence[str | None], labels: Sequence[str]
) -> tuple[Counts, Counts]:
    index = {label: position for position, label in enumerate(labels)}
    other = len(labels)
    truth = np.array([index[label] for label in truths], dtype=np.int64)
    predicted = np.array(
        [other if label is None else index.get(label, other) for label in predictions],
        dtype=np.int64,
    )
    if truth.shape != predicted.shape:
        raise ValueError(f"{len(truth)} truths, {len(predicted)} predictions")
    return truth, predicted


def ratio(top: Counts | Floats, bottom: Counts | Floats) -> Floats:
    """Top ÷ bottom by element; 0 where the bottom is."""
    return np.divide(top, bottom, out=np.zeros(np.shape(bottom)), where=bottom > 0)
