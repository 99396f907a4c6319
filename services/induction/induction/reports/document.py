"""The report of a run as headings, sentences and tables, for whatever writes them down. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.ensembles import EnsembleMeasured
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.reports import ReportedComponent, RunReport
from nlu_shared.schemas.runs import RunKind

from induction.reports.changes import endings, strategy_of
from induction.reports.words import cases_of, compared, split_of
from induction.run_kinds import SEEK_BETTER
from induction.sentences import besides, chance, counted, level

OBJECTIVE = "objective"
"""The name of the whole score among its components."""
MOST_IDS = 10
"""Cases that are listed of a change; JSON holds them all."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """What others named: labels, models, hashes. Nothing in it is markup, a link or a mention."""

    text: str


Cell = str | Quoted


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Pieces that follow one another."""

    pieces: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A line of its own that leads to a page of ours."""

    text: str
    url: str


Part = Heading | Paragraph | Table | Link


def title(report: RunReport) -> str:
    """A task's slug needs no quoting."""
    if not report.is_chosen:
        return f"{report.task}: a version that run {report.run_id} did not choose"
    return f"{report.task}: what run {report.run_id} found"


def parts(report: RunReport) -> list[Part]:
    """In the order of reading: the verdict, the numbers it rests on, the changes, how to check it
    and how to undo it."""
    return [
        *(Paragraph((sentence,)) for sentence in report.words),
        *_interval(report),
        *_comparisons(report),
        *([Paragraph((Quoted(report.replay.summary),))] if report.replay else []),
        *(_votes(report.ensemble) if report.ensemble else []),
        *_components(report),
        *_changes(report),
        Heading("Cost" if report.is_chosen else "Cost of the run"),
        Paragraph((_cost(report),)),
        Heading("Hashes"),
        _hashes(report),
        *_roll_back(report),
    ]


def _interval(report: RunReport) -> Iterator[Part]:
    verdict = report.verdict
    if verdict is None:
        return
    low, high = verdict.interval
    yield Paragraph(
        (
            f"F1 {verdict.before:.3f} to {verdict.after:.3f} on {counted(verdict.cases, 'case')}"
            f" ({verdict.tested_on}): gain {verdict.gain:+.3f}, interval {low:+.3f} to {high:+.3f}"
            f" at {level(verdict.alpha)}, {chance(verdict.p_value)},"
            f" look {verdict.look} at these cases.",
        )
    )


def _comparisons(report: RunReport) -> Iterator[Part]:
    for one in report.comparisons:
        yield Paragraph((Quoted(one.model), f": {compared(one, report.splits)}"))
        yield Paragraph((Quoted(one.summary),))


def _votes(ensemble: EnsembleMeasured) -> Iterator[Part]:
    yield Paragraph((ensemble.summary,))
    names: list[Cell] = [Quoted(one.version_hash) for one in ensemble.members]
    cost = [(1, one.tokens) for one in ensemble.members]
    for table in ensemble.splits:
        yield Heading(f"Each alone and by vote ({table.split})")
        rows = zip(
            [*names, "by vote"],
            [*table.alone, table.vote],
            [*cost, (ensemble.calls, ensemble.tokens)],
            strict=True,
        )
        yield Table(
            ("version", "F1", "interval at 95 %", "calls for a text", "tokens for a text"),
            tuple(
                (
                    name,
                    _f1(score.objective),
                    f"{score.interval[0]:.3f} to {score.interval[1]:.3f}",
                    str(calls),
                    str(tokens),
                )
                for name, score, (calls, tokens) in rows
            ),
        )


def _components(report: RunReport) -> Iterator[Part]:
    for split in dict.fromkeys(one.split for one in report.components):
        of_split = [one for one in report.components if one.split == split]
        which = cases_of(split_of(split, report.splits))
        under = " under the old model" if report.comparisons else ""
        yield Heading(f"F1 by component{under}, on {of_split[0].cases or 0:,} {which}")
        against = report.kind in SEEK_BETTER and report.before.id != report.after.id
        yield (component_table if against else _alone)(of_split)


def _alone(components: Sequence[ReportedComponent]) -> Table:
    """Of a version that none was put against."""
    rows: list[tuple[Cell, ...]] = [
        (Quoted(one.component), _f1(one.before), f"{one.cases or 0:,}") for one in components
    ]
    return _counted(("component", "F1", "cases"), rows, components)


def component_table(components: Sequence[ReportedComponent]) -> Table:
    """Of one version against another."""
    head = ("component", "before", "after", "change", "cases")
    rows: list[tuple[Cell, ...]] = [
        (
            Quoted(one.component),
            _f1(one.before),
            _f1(one.after),
            _f1(_change(one), signed=True),
            f"{one.cases or 0:,}",
        )
        for one in components
    ]
    return _counted(head, rows, components)


def _counted(
    head: tuple[str, ...], rows: list[tuple[Cell, ...]], components: Sequence[ReportedComponent]
) -> Table:
    """Without the last column, of cases, where they are not known of each, as of labels."""
    width = len(head) - any(one.cases is None for one in components)
    return Table(head[:width], tuple(row[:width] for row in rows))


def _change(one: ReportedComponent) -> float | None:
    return None if one.before is None or one.after is None else one.after - one.before


def _f1(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def _changes(report: RunReport) -> Iterator[Part]:
    """Nothing is said of them by a run that searches for none."""
    changes = report.changes
    if not changes and report.kind is not RunKind.IMPROVE:
        return
    yield Heading("Changes" if report.is_chosen else "The change")
    if not changes:
        yield Paragraph(("No change was tried.",))
        return
    yield Table(
        ("n", "of", "what changed", "F1 on validation", "what became of it", "fixed", "broke"),
        tuple(
            (
                str(one.n),
                Quoted(strategy_of(one)),
                Quoted(one.what or "-"),
                _f1(one.validation_f1),
                Quoted(ending),
                _cases(one.fixed),
                _cases(one.broke),
            )
            for one, ending in endings(changes, _baseline(report))
        ),
    )


def _baseline(report: RunReport) -> float | None:
    """Its F1 on validation."""
    scores = (
        one.before
        for one in report.components
        if (one.split, one.component) == (Split.VALIDATION, OBJECTIVE)
    )
    return next(scores, None)


def _cases(ids: Sequence[UUID]) -> str:
    if not ids:
        return "0"
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return f"{len(ids)}: {', '.join(map(str, ids[:MOST_IDS]))}{more}"


def _cost(report: RunReport) -> str:
    spend = report.spend
    were = "was" if spend.cached_calls == 1 else "were"
    return (
        f"{spend.usd:.4f} US dollars{besides(spend)}, for {counted(spend.calls, 'call')};"
        f" {counted(spend.cached_calls, 'answer')} {were} stored before."
    )


def _hashes(report: RunReport) -> Table:
    before, after = report.before, report.after
    pairs = [("version before", before), ("version after", after)]
    versions = [("version", after)] if before.id == after.id else pairs
    rows: list[tuple[str, str | None]] = []
    for name, one in versions:
        content = [("its content", one.version_hash), ("its rendered form", one.rendered_hash)]
        rows += [(name, str(one.id)), *content]
    rows += [
        ("data set", f"{report.dataset_hash} ({report.dataset_size} cases)"),
        ("scorer", report.scorer),
        ("engine", report.engine_version),
        ("answered", report.answered_by),
        ("proposed", report.proposed_by),
    ]
    return Table(
        ("what", "which"), tuple((name, Quoted(one)) for name, one in rows if one is not None)
    )


def _roll_back(report: RunReport) -> Iterator[Part]:
    if report.roll_back is not None:
        yield Heading("Rolling back")
        yield Paragraph(
            (
                "Once what was found serves, what served before it serves again with ",
                Quoted(report.roll_back),
                "; where it serves in staging, with ",
                Quoted("--alias staging"),
                " behind it.",
            )
        )
    elif report.kind is RunKind.IMPROVE:
        yield Heading("Rolling back")
        yield Paragraph(("No better prompt was found, so there is nothing to undo.",))
