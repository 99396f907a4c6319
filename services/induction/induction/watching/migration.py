"""New models against the old one, as a person reads it. Pure."""

from nlu_shared.schemas.migration import (
    ComparisonKind,
    Measure,
    Migration,
    ModelComparison,
)
from nlu_shared.schemas.traffic import TRAFFIC
from rich.text import Text

from induction.sentences import claim_of, costing, counted, level
from induction.watching.lines import Line, bad, good, plain, quiet


def compared(one: ModelComparison) -> list[Line]:
    """What is claimed of a new model, and the figures it rests on."""
    head = f"{one.model}: {claim_of(one)}"
    mark = {ComparisonKind.NOT_WORSE: good, ComparisonKind.WORSE: bad}.get(one.kind, plain)
    lines = [mark(head)]
    if one.kind is not ComparisonKind.NOT_JUDGED:
        low, high = one.interval
        cases = "logged prediction" if one.tested_on == TRAFFIC else f"{one.tested_on} case"
        what = "F1" if one.measure is Measure.F1 else "agreement with the old model"
        lines.append(
            plain(
                f"{what} on {counted(one.cases, cases)}: {one.before:.3f} old,"
                f" {one.after:.3f} new; gain {one.gain:+.3f}, {low:+.3f} to {high:+.3f}"
                f" at {level(one.alpha)}"
            )
        )
    return [*lines, quiet(one.summary)]


def figures(migration: Migration | None) -> list[Line]:
    """What each model costs and how long it takes, the old one first."""
    if migration is None:
        return []
    return [plain(Text(costing(one))) for one in migration.figures]
