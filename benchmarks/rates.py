"""Pairs of rates from rounds run in turn, told as a ratio with its spread."""

from collections.abc import Sequence


def ratio_line(what: str, pairs: Sequence[tuple[float, float]], *, unit: str, against: str) -> str:
    """One line: the median of each rate, and the median, lowest and highest ratio of a round."""
    middle = len(pairs) // 2
    ours, theirs = (sorted(column)[middle] for column in zip(*pairs, strict=True))
    ratios = sorted(one / other for one, other in pairs)
    return (
        f"{what}: {ours:.0f} {unit}, {against}: {theirs:.0f} {unit},"
        f" ratio {ratios[middle]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
