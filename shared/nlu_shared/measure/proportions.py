"""How sure a share is that was counted."""

from math import sqrt

Z = 1.959963984540054
"""Of a two-sided interval at 95 %."""


def wilson(count: int, total: int) -> tuple[float, float]:
    """The score interval of a proportion at 95 %, 0 to 1 (E. B. Wilson, Journal of the American
    Statistical Association 22 (1927) 209-212).

    count: how many have the property, 0 to `total`.
    total: of how many; of none nothing is known.
    """
    if total == 0:
        return 0.0, 1.0
    share, spread = count / total, Z * Z / total
    centre = share + spread / 2
    half = Z * sqrt(share * (1 - share) / total + spread / (4 * total))
    low, high = (centre - half) / (1 + spread), (centre + half) / (1 + spread)
    return max(0.0, low), min(1.0, high)
