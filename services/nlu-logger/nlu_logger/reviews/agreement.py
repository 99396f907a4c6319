"""How two reviewers agree beyond chance: Cohen's kappa (Cohen 1960) for nominal labels."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from nlu_shared.schemas.reviews import PairAgreement

FEWEST = 10
"""Below this many items coded by both a kappa is noise, and called unknown."""


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """(observed − expected) / (1 − expected), in [−1, 1].

    None where it is undefined: no items, or one label only, so that chance alone agrees fully.
    """
    n = len(pairs)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    # In whole numbers: n² times each share, so that full agreement by chance is exactly n².
    expected = sum(count * others[label] for label, count in ones.items())
    if expected == n * n:
        return None
    observed = n * sum(one == other for one, other in pairs)
    return (observed - expected) / (n * n - expected)


def by_pair(codings: Iterable[tuple[str, str, str, str]]) -> list[PairAgreement]:
    """From (reviewer, other reviewer, label, other label) of each item that both coded."""
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for reviewer, other, label, other_label in codings:
        pairs[reviewer, other].append((label, other_label))
    return [_agreement(reviewers, pairs[reviewers]) for reviewers in sorted(pairs)]


def _agreement(reviewers: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> PairAgreement:
    n = len(pairs)
    known = kappa(pairs) if n >= FEWEST else None
    return PairAgreement(
        reviewers=reviewers,
        n=n,
        observed=sum(one == other for one, other in pairs) / n,
        kappa=known,
        unknown="too_few" if n < FEWEST else "one_label" if known is None else None,
    )
