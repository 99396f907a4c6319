"""Where the points of the charts lie. Pure; colours are in the style sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, floor
from uuid import UUID

from nlu_shared.kit.pages.scale import Area
from nlu_shared.schemas.candidates import IterationView

from induction.sentences import outcome_in_words

AREA = Area(width=720.0, height=220.0, left=44.0, right=16.0, top=12.0, bottom=28.0)
SMALL = Area(width=240.0, height=48.0, left=5.0, right=5.0, top=6.0, bottom=6.0)
KEPT, UNDECIDED = "kept", "open"
STEPS = 20
"""Of which the scores from 0 to 1 have a line."""
LEAST_SPAN = 0.1
"""Of the scores shown: a chart of a hundredth would make much of nothing."""


@dataclass(frozen=True, slots=True)
class Point:
    """A change that validation scored, where it lies, and what to say of it."""

    x: float
    y: float
    is_kept: bool
    title: str


@dataclass(frozen=True, slots=True)
class ScoreTick:
    """A line across, and its score."""

    y: float
    score: str


@dataclass(frozen=True, slots=True)
class SearchChart:
    """Scores on validation by change; `best` is the path of the best prompt so far."""

    points: list[Point]
    best: str
    baseline_y: float
    ticks: list[ScoreTick]


def state_of(change: IterationView, *, awaits: int | None, is_over: bool) -> str:
    """What became of a change, or how it stands.

    awaits: the number of the one that waits for a person.
    is_over: is the run?
    """
    if change.outcome != UNDECIDED:
        return outcome_in_words(change.outcome)
    if is_over:
        return "never decided"
    return "waits for you" if change.n == awaits else "under way"


def search_chart(
    baseline: float,
    changes: Sequence[IterationView],
    states: Mapping[int, str],
    *,
    cheaper: UUID | None = None,
) -> SearchChart | None:
    """None where validation has scored no change yet.

    baseline: its score on validation, 0 to 1.
    changes: in their order.
    states: by their numbers, what became of them.
    cheaper: the winner where it is not the search's best: it was chosen in the end for its length.
        Kept last, it never was the best.
    """
    scored = [(one, one.validation_f1) for one in changes if one.validation_f1 is not None]
    if not scored:
        return None
    scores = [baseline, *(score for _, score in scored)]
    low, high = _range(min(scores), max(scores))
    y = partial(AREA.y, low=low, high=high)
    points, path = [], f"M {AREA.left:g} {y(baseline):g}"
    line = bests(baseline, changes, cheaper=cheaper)
    for number, ((one, score), best) in enumerate(zip(scored, line, strict=True), 1):
        x = AREA.x(number / len(scored))
        is_kept = one.outcome == KEPT
        title = f"change {one.n}: {score:.3f}, {states[one.n]}"
        points.append(Point(x, y(score), is_kept, title))
        path += f" H {x:g} V {y(best):g}"
    ticks = [ScoreTick(y(score), f"{score:.2f}") for score in (low, (low + high) / 2, high)]
    return SearchChart(points, path, y(baseline), ticks)


def bests(
    baseline: float, changes: Sequence[IterationView], *, cheaper: UUID | None = None
) -> list[float]:
    """The validation score of the search's best after each change that was scored there; the
    parameters are those of `search_chart`."""
    line, best = [], baseline
    kept = [one for one in changes if one.outcome == KEPT]
    # One that the search has kept itself, before others, was the best then.
    chosen = kept[-1].n if kept and cheaper and kept[-1].version_id == cheaper else None
    for one in changes:
        if one.validation_f1 is not None:
            is_best = one.outcome == KEPT and one.n != chosen
            best = one.validation_f1 if is_best else best
            line.append(best)
    return line


@dataclass(frozen=True, slots=True)
class Trace:
    """One number over the prompts that were the best one after the other, 0 to 1 upwards."""

    name: str
    path: str
    first: float
    last: float


def traces(scores: Sequence[Mapping[str, float]]) -> list[Trace]:
    """Of every name that the first and the last prompt have a number for, over those between that
    have one; what moved most comes first.

    scores: by name, of the baseline and of each prompt that was kept, in their order.
    """
    if len(scores) < 2:
        return []
    made = [_trace(name, scores) for name in scores[0].keys() & scores[-1].keys()]
    return sorted(made, key=lambda one: (-abs(one.last - one.first), one.name))


def _trace(name: str, scores: Sequence[Mapping[str, float]]) -> Trace:
    last = len(scores) - 1
    points = [
        f"{SMALL.x(number / last):g} {SMALL.y(one[name], low=0.0, high=1.0):g}"
        for number, one in enumerate(scores)
        if name in one
    ]
    return Trace(name, f"M {' L '.join(points)}", scores[0][name], scores[-1][name])


def best_so_far(baseline: float, changes: Sequence[IterationView]) -> float:
    """The validation score of the change kept last, or the baseline's where none was kept."""
    return next(reversed(bests(baseline, changes)), baseline)


def _range(low: float, high: float) -> tuple[float, float]:
    """Rounded outwards to STEPS, within 0 to 1."""
    missing = max(0.0, LEAST_SPAN - (high - low)) / 2
    bottom = max(0.0, floor((low - missing) * STEPS) / STEPS)
    top = min(1.0, ceil((high + missing) * STEPS) / STEPS)
    return bottom, top


def share(part: float, whole: float | None) -> float:
    """Of a budget, 0 to 1; 0 of none."""
    return min(1.0, part / whole) if whole else 0.0
