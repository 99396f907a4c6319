"""A score report as lines for a person."""

from collections.abc import Iterator, Sequence

from nlu_shared.schemas.labels import nearly_one
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.scores import (
    Against,
    CaseId,
    ExplainedCase,
    ScoreComparison,
    ScoreReport,
)

from induction.sentences import chance

ONE_CLASS = "one label is all there is of truths: nothing is told apart here"
COUNTS = ("tp", "fp", "fn")
MOST_IDS = 20
KINDS = {
    Against.BETTER: "better than the others",
    Against.EQUAL: "not worse than the others",
    Against.WORSE: "worse than the others",
    Against.CANNOT_TELL: "whether it is better or worse than the others cannot be told",
}


def as_lines(report: ScoreReport) -> list[str]:
    """The objective and what it rests on, every score with its counts, then each miss."""
    return [
        f"{report.scorer}: {report.objective:.3f} over {len(report.cases)} cases",
        *(f"{count} {what}" for count, what in _gaps(report) if count),
        *([ONE_CLASS] if _has_one_class(report) else []),
        *nearly_one(name for kind in report.alike for name in kind),
        "",
        *_table(report),
        *(line for one in report.explained for line in _misses(one)),
        *(_beside(report.against) if report.against else []),
        *_regressed(report.regressions),
    ]


def _beside(one: ScoreComparison) -> Iterator[str]:
    low, high = one.interval
    yield ""
    yield (
        f"{KINDS[one.kind]}: {one.before:.3f} to {one.after:.3f} over {one.cases} cases,"
        f" gain {one.gain:+.3f} ({low:+.3f} to {high:+.3f}), {chance(one.p_value)}"
    )
    yield from _ids("fixed", one.fixed)
    yield from _ids("broke", one.broke)
    if one.missing:
        yield f"{one.missing} without a prediction in the others"
    if one.labels_needed is not None:
        yield f"about {one.labels_needed} more labelled cases would tell, 8 times out of 10"
    if one.labels_beyond is not None:
        yield f"more than {one.labels_beyond} more labelled cases would be needed to tell"


def _regressed(ids: Sequence[CaseId]) -> Iterator[str]:
    if ids:
        yield f"{len(ids)} that had to stay right: {', '.join(map(str, ids))}"


def _ids(what: str, ids: Sequence[CaseId]) -> Iterator[str]:
    if ids:
        more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
        yield f"{what} {len(ids)}: {', '.join(map(str, ids[:MOST_IDS]))}{more}"


def _has_one_class(report: ScoreReport) -> bool:
    return report.kind is TaskKind.INTENT and len(report.scores) == 1


def _gaps(report: ScoreReport) -> list[tuple[int, str]]:
    return [
        (report.missing, "without a prediction"),
        (report.unanswered, "without a usable answer"),
        (report.left_out, "left out"),
    ]


def _table(report: ScoreReport) -> Iterator[str]:
    """Labels that are nowhere the truth have no score and are told all the same; the codes of an
    extraction are summed up in their variable."""
    is_intent = report.kind is TaskKind.INTENT
    pooled = {f"f1:{name}" if is_intent else name: one for name, one in report.pooled.items()}
    names = [*report.scores, *(name for name in pooled if is_intent and name not in report.scores)]
    width = max(map(len, names))
    yield f"{'':<{width}}  score" + "".join(f"{name:>7}" for name in COUNTS)
    for name in names:
        score = f"{report.scores[name]:.3f}" if name in report.scores else f"{'-':>5}"
        tally = pooled[name].model_dump() if name in pooled else {}
        yield f"{name:<{width}}  {score}" + "".join(f"{many:>7}" for many in tally.values())


def _misses(one: ExplainedCase) -> Iterator[str]:
    for miss in one.misses:
        what = "too much" if miss.side == "predicted" else "missed"
        near = "" if miss.nearest is None else f", nearest {miss.nearest}"
        yield f"{one.id}: {miss.entity} {miss.id} {what}{near}: {', '.join(miss.failed)}"
