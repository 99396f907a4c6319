"""Old against new on what was logged and approved, and what neither was trained on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from nlu_shared.measure.f1 import FN, TP, Counts, Floats
from nlu_shared.measure.significance import GainEstimate, paired_bootstrap, sign_flip_test
from nlu_shared.schemas.exports import LabelledText

from examples.retraining.onnx_file import Classifier


@dataclass(frozen=True, slots=True)
class Comparison:
    """Accuracies on the same `cases`; `gain` with its 95 % interval, `p_value` by McNemar."""

    cases: int
    before: float
    after: float
    gain: GainEstimate
    p_value: float


def compare(
    old: Classifier,
    new: Classifier,
    texts: Iterable[str],
    truths: Mapping[str, str],
    *,
    trained_on: Sequence[LabelledText],
) -> Comparison:
    """Both models answer every approved text that is in nobody's training rows.

    Raises ValueError where there is none.
    """
    known = {_plain(row.text) for row in trained_on}
    cases = sorted({one for one in texts if one in truths and _plain(one) not in known})
    if not cases:
        raise ValueError("There is nothing to compare on.")
    labels = [truths[one] for one in cases]
    before, after = (_right(model, cases, labels) for model in (old, new))
    return Comparison(
        cases=len(cases),
        before=float(np.mean(before)),
        after=float(np.mean(after)),
        gain=paired_bootstrap(_counts(before), _counts(after), _accuracy, seed=0),
        p_value=sign_flip_test(before, after),
    )


def _right(model: Classifier, texts: Sequence[str], labels: Sequence[str]) -> list[bool]:
    best = model.probabilities(texts).argmax(axis=1)
    return [model.intents[one] == label for one, label in zip(best, labels, strict=True)]


def _counts(right: Sequence[bool]) -> Counts:
    """Whatever the label: a right answer is a true positive, a wrong one false both ways."""
    hit = np.asarray(right, dtype=np.int64)
    return np.stack([hit, 1 - hit, 1 - hit], axis=-1)[:, None, :]


def _accuracy(counts: Floats) -> Floats:
    share: Floats = (counts[..., TP] / (counts[..., TP] + counts[..., FN]))[..., 0]
    return share


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
