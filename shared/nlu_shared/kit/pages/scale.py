"""Where things lie in a chart: the room inside its margins, and numbers on its scale. Pure; colours
are in the style sheets."""

from dataclasses import dataclass

DIGITS = 1
"""Of a place, in the chart's own units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A chart's own size and its margins, all in its own units."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    @property
    def inner_width(self) -> float:
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom

    @property
    def floor(self) -> float:
        """Where a bar stands."""
        return self.height - self.bottom

    def x(self, part: float) -> float:
        """The place so far along, 0 to 1."""
        return round(self.left + self.inner_width * part, DIGITS)

    def y(self, number: float, *, low: float, high: float) -> float:
        """The height of a number between `low` and `high`; what is beyond lies on the edge."""
        inside = min(high, max(low, number))
        return round(self.top + self.inner_height * (high - inside) / (high - low), DIGITS)

    def bar(self, number: float, greatest: float) -> float:
        """How high the bar of a number is, from 0 up to the greatest, which is above 0."""
        return round(self.inner_height * number / greatest, DIGITS)


def every(count: int, most: int) -> int:
    """The step by which at most so many of `count` are named, evenly."""
    return max(1, -(-count // most))
