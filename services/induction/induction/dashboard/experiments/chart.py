"""Where the lines of an experiment's evidence lie. Pure; colours are in the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log10

from nlu_shared.kit.pages.scale import Area
from nlu_shared.schemas.experiments import Experiment

AREA = Area(width=720.0, height=240.0, left=52.0, right=16.0, top=24.0, bottom=28.0)
NARROW = Area(width=340.0, height=290.0, left=68.0, right=16.0, top=24.0, bottom=28.0)
"""On a phone, where the other one would be as high as three lines of text."""
WORDS = 42.0
"""So wide is a share in words."""
LOW, LEAST_HIGH, MOST_HIGH = -1, 2, 6
"""Powers of ten: what is less than a tenth is drawn as that, what is more than a million too."""


@dataclass(frozen=True, slots=True)
class EvidenceTick:
    """A line across: its evidence, in words."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A line upwards: when another share began; its words stand where no others do."""

    x: float
    text: str
    text_x: float


@dataclass(frozen=True, slots=True)
class EvidenceChart:
    """Evidence on a scale of powers of ten, by time; paths of it for b and against it."""

    area: Area
    better: str
    worse: str
    needed_y: float
    ticks: list[EvidenceTick]
    steps: list[Step]
    begin: datetime
    end: datetime


def evidence_chart(experiment: Experiment, area: Area = AREA) -> EvidenceChart | None:
    """None where nothing has settled yet."""
    evidence = experiment.evidence
    if evidence is None or not evidence.course:
        return None
    begin, end = experiment.created_at, evidence.course[-1].at
    greatest = max(max(one.better, one.worse) for one in evidence.course)
    high = min(MOST_HIGH, max(LEAST_HIGH, ceil(log10(max(greatest, evidence.needed, 1.0)))))

    def x(at: datetime) -> float:
        span = max(1.0, (end - begin).total_seconds())
        passed = min(max(0.0, (at - begin).total_seconds()), span)
        return area.x(passed / span)

    def y(value: float) -> float:
        return area.y(log10(value) if value > 0 else LOW, low=LOW, high=high)

    return EvidenceChart(
        area=area,
        better=_path([(x(one.at), y(one.better)) for one in evidence.course], (area.left, y(1))),
        worse=_path([(x(one.at), y(one.worse)) for one in evidence.course], (area.left, y(1))),
        needed_y=y(evidence.needed),
        ticks=[EvidenceTick(y(10.0**power), _power(power)) for power in range(LOW, high + 1)],
        steps=_apart([(x(one.since), f"{100 * one.share:g} %") for one in experiment.steps], area),
        begin=begin,
        end=end,
    )


def _power(power: int) -> str:
    """As wide as there is room for."""
    return "million" if power == MOST_HIGH else f"{10.0**power:,g}"


def _apart(places: Sequence[tuple[float, str]], area: Area) -> list[Step]:
    steps: list[Step] = []
    for x, words in places:
        free = steps[-1].text_x + WORDS if steps else area.left
        steps.append(Step(x, words, max(x, free)))
    return steps


def _path(points: Sequence[tuple[float, float]], start: tuple[float, float]) -> str:
    """From 1, where all evidence begins."""
    return f"M {start[0]:g} {start[1]:g}" + "".join(f" L {x:g} {y:g}" for x, y in points)
