"""What people are told of a run that ended, and in which words. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from nlu_shared.schemas.migration import ModelComparison
from nlu_shared.schemas.notices import RunNotice
from nlu_shared.schemas.reports import ReportedComponent, RunReport

from induction.reports.document import OBJECTIVE, Heading, Link, Paragraph, Part, component_table
from induction.reports.words import cases_of, compared, split_of
from induction.sentences import besides, claim_of, counted, level

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
                *(
                    f"{one.model}: {compared(one, report.splits)} {one.summary}"
                    for one in report.comparisons
                ),
                *([report.replay.summary] if report.replay else []),
                *([report.ensemble.summary] if report.ensemble else []),
            ],
            "split": split,
            "before": before,
            "after": after,
            "gain": None if before is None or after is None else after - before,
            "interval": verdict.interval if verdict else None,
            "alpha": verdict.alpha if verdict else None,
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
    stands = f"[induction] {ended.task}: {ended.kind.value} run {end}"
    figures = _claims(ended.comparisons) if ended.comparisons else _scores(ended)
    return f"{stands}, {figures}" if figures else stands


def _claims(comparisons: Sequence[ModelComparison]) -> str:
    """Of one new model its figures, of several how many fared how."""
    if len(comparisons) > 1:
        counts = Counter(map(claim_of, comparisons))
        fared = ", ".join(f"{number} {claim}" for claim, number in counts.items())
        return f"{len(comparisons)} models: {fared}"
    (one,) = comparisons
    move = f" ({one.before:.3f} → {one.after:.3f}, {one.gain:+.3f})" if one.cases else ""
    return f"{one.model}: {claim_of(one)}{move}"


def parts(ended: RunNotice) -> list[Part]:
    """In the order of reading."""
    return [*_parts(ended)]


def _parts(ended: RunNotice) -> Iterator[Part]:
    for sentence in ended.words:
        yield Paragraph((sentence,))
    scores = _scores(ended)
    if scores and not ended.comparisons:
        yield Paragraph((f"{scores}{_within(ended)}.",))
    if ended.components:
        yield Heading(f"What moved most, on {cases_of(ended.components[0].split)}")
        yield component_table(ended.components)
    yield Paragraph((_cost(ended),))
    yield (
        Paragraph((f"Run {ended.run_id}.",))
        if ended.link is None
        else Link(f"Run {ended.run_id}", ended.link)
    )


def _within(ended: RunNotice) -> str:
    if ended.interval is None or ended.alpha is None:
        return ""
    low, high = ended.interval
    return f", interval {low:+.3f} to {high:+.3f} at {level(ended.alpha)}"


def _scores(ended: RunNotice) -> str:
    if ended.before is None or ended.split is None:
        return ""
    f1 = f"F1 on {cases_of(ended.split)}: {ended.before:.3f}"
    if ended.after is None or ended.gain is None:  # of one prompt, as it was
        return f1
    return f"{f1} → {ended.after:.3f} ({ended.gain:+.3f})"


def _cost(ended: RunNotice) -> str:
    spend = ended.spend
    return f"Spent: {spend.usd:.4f} US dollars{besides(spend)}, for {counted(spend.calls, 'call')}."


def _objective(report: RunReport) -> Objective:
    """By the verdict, or else on the first split that was measured."""
    if verdict := report.verdict:
        return split_of(verdict.tested_on, report.splits), verdict.before, verdict.after
    against = report.before.id != report.after.id
    scores = (
        (split_of(one.split, report.splits), one.before, one.after if against else None)
        for one in report.components
        if one.component == OBJECTIVE
    )
    return next(scores, (None, None, None))


def _change(one: ReportedComponent) -> float:
    """0 where it does not occur under one of the two."""
    return 0.0 if one.before is None or one.after is None else one.after - one.before
