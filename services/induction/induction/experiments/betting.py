"""Evidence about two versions on live traffic that may be looked at as often as one likes. Pure.

An e-process: a wealth that begins at 1, is bet on "b is better" (or worse), and on average never
grows while that is false. So it reaches 1/alpha at any time at all with a chance of at most alpha
(Ville's inequality). Method: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random
variables by betting", JRSS B 86 (2024) 1-27, with inverse-propensity weights as I. Waudby-Smith,
L. Wu, A. Ramdas, N. Karampatziakis and P. Mineiro, "Anytime-valid off-policy inference for
contextual bandits", ACM/IMS Journal of Data Science 1 (2024).

A unit with the outcome y of 0 or 1, which got b with the known chance q, pays

    z = (y - m) (1[b] / q - 1[a] / (1 - q)),    E z = mean of b - mean of a,

whatever m is, as long as it was fixed before; near the mean of a it makes z vary least. Each bet is
a constant share of what can be lost at most, and the wealth is the mean over a grid of them. So it
depends on nothing but how many units there are of each (share, arm, outcome).

Counts are arrays of shape (..., shares, 2, 2): by arm (0 is a, 1 is b), and by outcome (0 is none
or a failure, 1 a success). Evidence is the natural logarithm of the wealth, of shape (...).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
BETS = 2.0 ** -np.arange(0.5, 9.0)
"""Shares of what can be lost at most, 0.7 down to 0.003: one fits effects of any size."""


def payoffs(shares: Sequence[float], centre: float) -> Floats:
    """z of each cell, of shape (shares, 2, 2). Shares of b lie between 0 and 1 and are neither:
    where everybody gets the same version there is nothing to compare."""
    q = np.asarray(shares, dtype=np.float64)
    weights = np.stack([-1 / (1 - q), 1 / q], axis=1)
    return np.asarray(weights[:, :, None] * (np.array([0.0, 1.0]) - centre))


def better(counts: ArrayLike, shares: Sequence[float], centre: float) -> Floats:
    """That b succeeds more often than a."""
    return _wealth(counts, payoffs(shares, centre))


def worse(
    counts: ArrayLike, shares: Sequence[float], centre: float, *, margin: float = 0.0
) -> Floats:
    """That b succeeds less often than a, by more than `margin`."""
    return _wealth(counts, -payoffs(shares, centre) - margin)


def unbalanced(counts: ArrayLike, shares: Sequence[float]) -> Floats:
    """That units do not get b with the chances they should: somebody does not do what `active`
    says, or logs what never asked. The mixture over all chances of a binomial likelihood ratio,
    which is an e-process, too (H. Robbins, Annals of Mathematical Statistics 41 (1970))."""
    from scipy.special import betaln  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to load

    q = np.asarray(shares, dtype=np.float64)
    by_arm = np.asarray(counts, dtype=np.float64).sum(axis=-1)
    a, b = by_arm[..., 0], by_arm[..., 1]
    ratio = betaln(b + 1, a + 1) - b * np.log(q) - a * np.log1p(-q)
    return np.asarray(ratio.sum(axis=-1))


def _wealth(counts: ArrayLike, pays: Floats) -> Floats:
    """No bet can lose more than it has, since each is a share of the worst that may happen."""
    cells = np.asarray(counts, dtype=np.float64)
    worst = -pays.min(axis=(1, 2), keepdims=True)
    logs = np.log1p(BETS[:, None, None, None] * pays / worst)
    by_bet = np.tensordot(cells, logs, ([-3, -2, -1], [1, 2, 3]))
    return np.asarray(np.logaddexp.reduce(by_bet, axis=-1) - np.log(len(BETS)))
