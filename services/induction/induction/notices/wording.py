"""What people are told of a run that ended, and in which words. Pure."""

from collections.abc import Iterator, Sequence

from nlu_shared.schemas.notices import RunNotice
from nlu_shared.schemas.reports import ReportedComponent, RunReport
from nlu_shared.schemas.runs import RunKind

from induction.reports.document import OBJECTIVE, Heading, Link, Paragraph, Part, component_table
from induction.reports.words import cases_of, split_of

MOST_COMPONENTS = 5
Objective = tuple[str | None, float | None, float | None]
"""The cases it was measured on, and F1 before and after."""


def notice(report: RunReport, *, public_url: str | None) -> RunNotice:
    """The report in short. The link is there where the dashboard has an address."""
    verdict = report.verdict
    split, before, after = _objective(report)
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
            "split": split,
            "before": before,
            "after": after,
            "gain": None if before is None or after is None else after - before,
            "interval": verdict.interval if verdict else None,
            "components": [
                one.model_copy(update={"split": split_of(one.split, report.splits)})
                for one in moved_most(report.components)
            ],
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
    if scores := _scores(ended, ""):
        low_high = ended.interval
        within = f", interval {low_high[0]:+.3f} to {low_high[1]:+.3f}" if low_high else ""
        yield Paragraph((f"{scores}{within}.",))
    if ended.components:
        yield Heading(f"What moved most, on {cases_of(ended.components[0].split)}")
        yield component_table(ended.components)
    yield Paragraph((_cost(ended),))
    yield (
        Paragraph((f"Run {ended.run_id}.",))
        if ended.link is None
        else Link(f"Run {ended.run_id}", ended.link)
    )


def _scores(ended: RunNotice, before: str) -> str:
    if ended.before is None or ended.after is None or ended.gain is None or ended.split is None:
        return ""
    f1 = f"{before}F1 on {cases_of(ended.split)}: "
    if ended.kind is RunKind.EVALUATE:  # one prompt, as it was: nothing to go from
        return f"{f1}{ended.after:.3f}"
    return f"{f1}{ended.before:.3f} → {ended.after:.3f} ({ended.gain:+.3f})"


def _cost(ended: RunNotice) -> str:
    spend = ended.spend
    notional = f" ({spend.notional_usd:.4f} at list price)" if spend.notional_usd else ""
    return f"Spent: {spend.usd:.4f} US dollars{notional} for {spend.calls} calls."


def _objective(report: RunReport) -> Objective:
    """By the verdict, or else on the first split that was measured."""
    if verdict := report.verdict:
        return split_of(verdict.tested_on, report.splits), verdict.before, verdict.after
    scores = (
        (split_of(one.split, report.splits), one.before, one.after)
        for one in report.components
        if one.component == OBJECTIVE
    )
    return next(scores, (None, None, None))


def _change(one: ReportedComponent) -> float:
    """0 where it does not occur under one of the two."""
    return 0.0 if one.before is None or one.after is None else one.after - one.before
