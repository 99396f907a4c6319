"""A run's search as lines over its changes, for a chart that one reads off. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from nlu_shared.schemas.candidates import IterationView

from induction.dashboard.drawing import KEPT, UNDECIDED, bests

ON_TRAIN = "all, on the cases that teach"
_OPEN = {False: "a change that waits for you", True: "a change that was never decided"}
MOST_COMPONENTS = 12
"""Lines that can be switched on; all components stand in the table below the chart."""


@dataclass(frozen=True, slots=True)
class ScoreSeries:
    """Scores, 0 to 1, one for each place of the chart; None where it has none.

    kind: best, kept, rejected, undecided, train or component.
    """

    name: str
    kind: str
    scores: list[float | None]


@dataclass(frozen=True, slots=True)
class Plot:
    """`changes` are the places: 0 the baseline, then the number of every change that validation
    scored."""

    changes: list[int]
    lines: list[ScoreSeries]

    @property
    def points(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def plot(
    baseline: float,
    baseline_id: UUID | None,
    changes: Sequence[IterationView],
    scores: Mapping[UUID, Mapping[str, float]],
    components: Sequence[str],
    *,
    is_over: bool = False,
    cheaper: UUID | None = None,
) -> Plot | None:
    """None where validation has scored no change yet.

    baseline: its score on validation.
    baseline_id: its version.
    changes: of the run, in order.
    scores: by name, of the baseline's version and of each that was kept.
    components: names of them that may be switched on, those first that moved most.
    is_over: is the run? Then a change that is undecided stays so.
    cheaper: a version that was chosen in the end for its length: it never was the search's best.
    """
    scored = [(one, one.validation_f1) for one in changes if one.validation_f1 is not None]
    if not scored:
        return None
    best = bests(baseline, changes, cheaper=cheaper)
    kept_ids = [one.version_id if one.outcome == KEPT else None for one, _ in scored]
    known = [{} if id is None else scores.get(id, {}) for id in (baseline_id, *kept_ids)]
    kept = [score if one.outcome == KEPT else None for one, score in scored]
    known_ends = {KEPT, UNDECIDED}
    rejected = [None if one.outcome in known_ends else score for one, score in scored]
    undecided = [score if one.outcome == UNDECIDED else None for one, score in scored]
    open_one = ScoreSeries(_OPEN[is_over], "undecided", [None, *undecided])
    named = [("train", ON_TRAIN)]
    named += [("component", name) for name in components if name != ON_TRAIN][:MOST_COMPONENTS]
    return Plot(
        changes=[0, *(one.n for one, _ in scored)],
        lines=[
            ScoreSeries("the best so far", "best", [baseline, *best]),
            ScoreSeries("a change that was kept", "kept", [baseline, *kept]),
            ScoreSeries("a change that was not kept", "rejected", [None, *rejected]),
            *([open_one] if any(undecided) else []),
            *(ScoreSeries(name, kind, [one.get(name) for one in known]) for kind, name in named),
        ],
    )
