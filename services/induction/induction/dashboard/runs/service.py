"""A run as its page shows it, and the runs there were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.kit.errors import NotFound
from nlu_shared.kit.pages.entrance import PREFIX
from nlu_shared.kit.pages.tables import MOST_SAVED, Table
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.events import PatternsFound
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind, RunStatus
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.drawing import (
    KEPT,
    UNDECIDED,
    SearchChart,
    Trace,
    best_so_far,
    search_chart,
    share,
    state_of,
    traces,
)
from induction.dashboard.runs import queries
from induction.dashboard.runs.plot import Plot, plot
from induction.dashboard.runs.trial import Trial, trial_of
from induction.history.models import RunChangeRow
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.runs import queries as runs
from induction.runs.models import RunRow
from induction.tasks import service as tasks

LEAST_PACED, LEAST_MINUTES = 20, 0.1
"""Calls and minutes from which on a pace is told."""
RUNS, MOST_AT_ONCE, SOME, MOST_TURNED = 50, 500, 10, 50
COLUMNS = {
    "ordered": True, "task": False, "kind": False, "status": False, "before": True, "after": True,
    "verdict": False, "calls": True, "dollars": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunFilters:
    """Which runs are listed; None: all. `sort` is by which column."""

    task: str | None
    kind: RunKind | None
    status: RunStatus | None
    sort: str | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        return {"task": self.task, "kind": self.kind, "status": self.status}

    @property
    def table(self) -> Table:
        return Table(f"{PREFIX}/runs", COLUMNS, "-ordered", self.sort, self.chosen)


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Runs; `tasks` are those one may choose."""

    filters: RunFilters
    table: Table
    runs: Page[RunView]
    tasks: list[str]


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """What a person is to decide on, and what it changes of the best prompt."""

    change: IterationView
    diff: PromptDiff


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A change with what it changes of the prompt it was made from; `texts` are the beginnings of
    some of the cases it turned, by id."""

    run: RunRow
    change: RunChangeRow
    diff: PromptDiff
    texts: dict[UUID, str]

    @property
    def turned(self) -> list[tuple[str, str, list[UUID], int]]:
        """What became of cases: the word, how it looks, those that are told, and how many."""
        ends = (("Fixed", "good", self.change.fixed), ("Broken", "bad", self.change.broke))
        return [(word, look, ids[:MOST_TURNED], len(ids)) for word, look, ids in ends if ids]


@dataclass(frozen=True, slots=True)
class MostLeft:
    """Minutes a run can still take: what its limit leaves, or where that is less, what its calls
    last at the pace so far (`is_paced`)."""

    minutes: float
    is_paced: bool


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run, its chart where validation has scored a change, and what is used of its budget;
    `hashes` are of its versions, by id, `texts` the beginnings of some cases of its error patterns
    and misses, `patterns_of` the version whose patterns they are, `names` those of who decided on
    changes, by subject, `states` what became of each change, by its
    number, `blocks` those that can be pinned still, `unheard` hints no
    proposal has had yet."""

    run: RunView
    patterns: PatternsFound | None
    patterns_of: UUID | None
    texts: dict[UUID, str]
    names: Mapping[str, str]
    hashes: dict[UUID, str]
    best_f1: float | None
    trial: Trial | None
    waiting: WaitingChange | None
    blocks: list[str]
    unheard: list[str]
    last_event: int
    is_over: bool
    states: Mapping[int, str]
    most_left: MostLeft | None
    chart: SearchChart | None
    traces: list[Trace]
    plot: Plot | None
    calls_share: float
    money_share: float
    minutes: float
    minutes_share: float

    @property
    def refusal(self) -> IterationView | None:
        """Of the one prompt that a person gave to be tried, where nothing was measured of it."""
        if self.run.candidate_version_id is None or not self.is_over:
            return None
        unmeasured = [one for one in self.run.changes if one.validation_f1 is None]
        return next((one for one in unmeasured if one.outcome != UNDECIDED), None)


async def run_page(session: AsyncSession, row: RunRow, authenticator: Authenticator) -> RunPage:
    run = await runs.view(session, row)
    limits, spend = run.limits, run.spend
    until = row.idle_since or run.completed_at or datetime.now(UTC)
    minutes = 0.0
    if run.started_at is not None:
        minutes = max(0.0, (until - run.started_at).total_seconds() - row.idle_seconds) / 60
    best_f1 = run.final_f1
    if best_f1 is None and run.baseline_f1 is not None:
        best_f1 = best_so_far(run.baseline_f1, run.changes)
    patterns = None if row.patterns is None else PatternsFound.model_validate(row.patterns)
    misses = {} if run.error_analysis is None else run.error_analysis.case_ids
    listed = [] if patterns is None else patterns.patterns
    some = [one.case_ids[:SOME] for one in listed] + [ids[:SOME] for ids in misses.values()]
    served = None if run.replay is None else run.replay.serving_version_id
    front = [one.version_id for one in run.front]
    own = (run.baseline_version_id, run.best_version_id, run.candidate_version_id)
    ids = (*own, served, *front)
    hashes = await prompts.hashes(session, [id for id in ids if id is not None])
    best_ones = _best_ones(run)
    scores = await queries.scores(session, run.id, best_ones)
    lines = traces(scores)
    is_over = run.status.over
    states = {one.n: state_of(one, awaits=run.awaits, is_over=is_over) for one in run.changes}
    return RunPage(
        run=run,
        patterns=patterns,
        patterns_of=_version_of(patterns, hashes),
        texts=await queries.texts(session, row, {id for ids in some for id in ids}),
        names=await names.of(authenticator, _deciders(run)),
        best_f1=best_f1,
        hashes=hashes,
        trial=await trial_of(session, run),
        waiting=await _waiting(session, run),
        blocks=[] if is_over else await queries.open_blocks(session, run),
        unheard=[] if is_over else await queries.unheard(session, row),
        last_event=row.last_event,
        is_over=is_over,
        states=states,
        most_left=_most_left(run, minutes),
        traces=lines,
        chart=None
        if run.baseline_f1 is None
        else search_chart(run.baseline_f1, run.changes, states, cheaper=_cheaper(run)),
        plot=_plot(run, dict(zip(best_ones, scores, strict=True)), lines),
        calls_share=share(spend.calls, limits.calls),
        money_share=share(spend.usd, limits.money_usd),
        minutes=minutes,
        minutes_share=share(minutes, limits.minutes),
    )


def _most_left(run: RunView, minutes: float) -> MostLeft | None:
    """None of a run that is over, or of which no call has been answered yet."""
    if run.status.over or not run.spend.calls:
        return None
    left = MostLeft(max(0.0, run.limits.minutes - minutes), is_paced=False)
    if run.spend.calls < LEAST_PACED or minutes < LEAST_MINUTES:
        return left
    lasts = max(0, run.limits.calls - run.spend.calls) * minutes / run.spend.calls
    return MostLeft(lasts, is_paced=True) if lasts < left.minutes else left


def _version_of(patterns: PatternsFound | None, hashes: Mapping[UUID, str]) -> UUID | None:
    if patterns is None:
        return None
    return next((id for id, one in hashes.items() if one == patterns.version_hash), None)


def _plot(
    run: RunView, scores: Mapping[UUID, Mapping[str, float]], moved: Sequence[Trace]
) -> Plot | None:
    if run.baseline_f1 is None:
        return None
    names = [one.name for one in moved]
    return plot(
        run.baseline_f1,
        run.baseline_version_id,
        run.changes,
        scores,
        names,
        is_over=run.status.over,
        cheaper=_cheaper(run),
    )


def _cheaper(run: RunView) -> UUID | None:
    """The winner where it is another prompt than the search's best."""
    return next((one.version_id for one in run.front if one.is_winner and not one.is_best), None)


def _best_ones(run: RunView) -> list[UUID]:
    """The baseline, and every version that was kept."""
    kept = [one.version_id for one in run.changes if one.outcome == KEPT]
    return [id for id in (run.baseline_version_id, *kept) if id is not None]


def _deciders(run: RunView) -> set[str]:
    approvals = [one.approval for one in run.changes if one.approval is not None]
    return {one.decided_by for one in approvals if one.decided_by is not None}


async def _waiting(session: AsyncSession, run: RunView) -> WaitingChange | None:
    change = next((one for one in run.changes if one.n == run.awaits), None)
    before = run.best_version_id or run.baseline_version_id
    if change is None or change.version_id is None or before is None:
        return None
    diff = await registry.diff(session, run.task, before=before, after=change.version_id)
    return WaitingChange(change, diff)


async def change_page(session: AsyncSession, run: RunRow, n: int) -> ChangePage:
    """Raises NotFound where the run has no such change, or none that made a prompt."""
    change = await session.get(RunChangeRow, (run.id, n))
    if change is None or change.version_id is None or change.parent_id is None:
        raise NotFound("The run has no such change, or it made no prompt.", code="unknown_change")
    diff = await registry.diff(session, run.task, before=change.parent_id, after=change.version_id)
    some = {*change.fixed[:MOST_TURNED], *change.broke[:MOST_TURNED]}
    return ChangePage(run, change, diff, await queries.texts(session, run, some))


async def runs_page(
    session: AsyncSession, filters: RunFilters, *, caller: Caller, before: UUID | None
) -> RunsPage:
    table = filters.table
    page = await runs.page(
        session, caller.tasks, before=before, limit=RUNS, order=table.order, **filters.chosen
    )
    known = [one.slug for one in await tasks.list_all(session) if caller.may_touch(one.slug)]
    return RunsPage(filters=filters, table=table, runs=page, tasks=known)


async def every_run(session: AsyncSession, filters: RunFilters, *, caller: Caller) -> list[RunView]:
    """The first MOST_SAVED."""
    views: list[RunView] = []
    before: UUID | None = None
    order = filters.table.order
    while len(views) < MOST_SAVED:
        page = await runs.page(
            session, caller.tasks, before=before, limit=MOST_AT_ONCE, order=order, **filters.chosen
        )
        views += page.items
        if page.next_cursor is None:
            break
        before = UUID(page.next_cursor)
    return views
