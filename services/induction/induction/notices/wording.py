"""What people are told of a run that ended, and in which words. Pure."""

from collections.abc import Iterator, Sequence

from nlu_shared.schemas.notices import RunNotice
from nlu_shared.schemas.reports import ReportedComponent, RunReport
from nlu_shared.schemas.runs import RunKind

from induction.reports.document import OBJECTIVE, Heading, Link, Paragraph, Part, Quoted, Table

MOST_COMPONENTS = 5
Objective = tuple[float | None, float | None]


def notice(report: RunReport, *, public_url: str | None) -> RunNotice:
    """The report in short. The link is there where the dashboard has an address."""
    verdict = report.verdict
    before, after = (verdict.before, verdict.after) if verdict else _objective(report.components)
    return RunNotice.model_validate(
        report.model_dump(include=set(RunNotice.model_fields) - {"verdict", "components"})
        | {
            "verdict": verdict.kind if verdict else None,
            "words": [
                *report.words,
                *(f"{one.model}: {one.summary}" for one in report.comparisons),
                *([report.replay.summary] if report.replay else []),
                *([report.ensemble.summary] if report.ensemble else []),
            ],
            "before": before,
            "after": after,
            "gain": None if before is None or after is None else after - before,
            "interval": verdict.interval if verdict else None,
            "components": moved_most(report.components),
            "link": f"{public_url}/dashboard/runs/{report.run_id}" if public_url else None,
        }
    )


def moved_most(components: Sequence[ReportedComponent]) -> list[ReportedComponent]:
    """Of the cases that say most (untouched ones where there are), the components whose score
    changed most, either way."""
    first = next((one.split for one in components), None)
    parts = [one for one in components if one.split == first and one.component != OBJECTIVE]
    changed = [one for one in parts if _change(one) != 0]
    return sorted(changed, key=lambda one: (-abs(_change(one)), one.component))[:MOST_COMPONENTS]


def subject(ended: RunNotice) -> str:
    """One line."""
    end = ended.verdict.value.replace("_", " ") if ended.verdict else ended.status.value
    return f"[induction] {ended.task}: {ended.kind.value} run {end}{_scores(ended, ', ')}"


def parts(ended: RunNotice) -> list[Part]:
    """In the order of reading."""
    return [*_parts(ended)]


def _parts(ended: RunNotice) -> Iterator[Part]:
    for sentence in ended.words:
        yield Paragraph((sentence,))
    if scores := _scores(ended, "F1: "):
        low_high = ended.interval
        within = f", interval {low_high[0]:+.3f} to {low_high[1]:+.3f}" if low_high else ""
        yield Paragraph((f"{scores}{within}.",))
    if ended.components:
        yield Heading("What moved most")
        yield Table(
            ("component", "before", "after", "change", "cases"),
            tuple(
                (
                    Quoted(one.component),
                    _f1(one.before),
                    _f1(one.after),
                    f"{_change(one):+.3f}",
                    "-" if one.cases is None else str(one.cases),
                )
                for one in ended.components
            ),
        )
    yield Paragraph((_cost(ended),))
    yield (
        Paragraph((f"Run {ended.run_id}.",))
        if ended.link is None
        else Link(f"Run {ended.run_id}", ended.link)
    )


def _scores(ended: RunNotice, before: str) -> str:
    if ended.before is None or ended.after is None or ended.gain is None:
        return ""
    if ended.kind is RunKind.EVALUATE:  # one prompt, as it was: nothing to go from
        return f"{before}{ended.after:.3f}"
    return f"{before}{ended.before:.3f} → {ended.after:.3f} ({ended.gain:+.3f})"


def _cost(ended: RunNotice) -> str:
    spend = ended.spend
    notional = f" ({spend.notional_usd:.4f} at list price)" if spend.notional_usd else ""
    return f"Spent: {spend.usd:.4f} US dollars{notional} for {spend.calls} calls."


def _objective(components: Sequence[ReportedComponent]) -> Objective:
    scores = ((one.before, one.after) for one in components if one.component == OBJECTIVE)
    return next(scores, (None, None))


def _change(one: ReportedComponent) -> float:
    """0 where it does not occur under one of the two."""
    return 0.0 if one.before is None or one.after is None else one.after - one.before


def _f1(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
