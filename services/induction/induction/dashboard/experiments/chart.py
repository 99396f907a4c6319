"""Where the lines of an experiment's evidence lie. Pure; colours are in the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log10

from nlu_shared.kit.pages.scale import Area
from nlu_shared.schemas.experiments import Experiment

AREA = Area(width=720.0, height=240.0, left=52.0, right=16.0, top=24.0, bottom=28.0)
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

    better: str
    worse: str
    needed_y: float
    ticks: list[EvidenceTick]
    steps: list[Step]
    begin: datetime
    end: datetime


def evidence_chart(experiment: Experiment) -> EvidenceChart | None:
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
        return AREA.x(passed / span)

    def y(value: float) -> float:
        return AREA.y(log10(value) if value > 0 else LOW, low=LOW, high=high)

    return EvidenceChart(
        better=_path([(x(one.at), y(one.better)) for one in evidence.course], y(1)),
        worse=_path([(x(one.at), y(one.worse)) for one in evidence.course], y(1)),
        needed_y=y(evidence.needed),
        ticks=[EvidenceTick(y(10.0**power), _power(power)) for power in range(LOW, high + 1)],
        steps=_apart([(x(one.since), f"{100 * one.share:g} %") for one in experiment.steps]),
        begin=begin,
        end=end,
    )


def _power(power: int) -> str:
    """As wide as there is room for."""
    return "million" if power == MOST_HIGH else f"{10.0**power:,g}"


def _apart(places: Sequence[tuple[float, str]]) -> list[Step]:
    steps: list[Step] = []
    for x, words in places:
        free = steps[-1].text_x + WORDS if steps else AREA.left
        steps.append(Step(x, words, max(x, free)))
    return steps


def _path(points: Sequence[tuple[float, float]], start_y: float) -> str:
    """From 1, where all evidence begins."""
    return f"M {AREA.left:g} {start_y:g}" + "".join(f" L {x:g} {y:g}" for x, y in points)
