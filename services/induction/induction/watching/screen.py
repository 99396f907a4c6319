"""What a run looks like on a terminal: lines that stay, under them one bar that moves, at the end
the verdict.

Where the output is no terminal the same lines come without the bar.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from nlu_shared.schemas.events import EvaluationProgress, RunFinished, Split, StoredEvent
from nlu_shared.schemas.prompts import caution_of
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.verdicts import Verdict, VerdictKind
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from induction.sentences import besides, chance, counted, ended, level, readable
from induction.watching.answers import answers
from induction.watching.components import by_component
from induction.watching.headroom import measured, priced
from induction.watching.lines import INDENT, Line, bad, bar, plain, quiet
from induction.watching.migration import figures
from induction.watching.search import SearchView
from induction.watching.votes import gains, remarks

WIDTH = 100
PANEL = 90
DOING = 22
"""Columns for what the bar measures."""
_VERDICTS = {
    VerdictKind.PROVEN: ("Proven", "green"),
    VerdictKind.PROMISING: ("Promising", "yellow"),
    VerdictKind.NOISE: ("Noise", "yellow"),
    VerdictKind.NO_CHANGE: ("No change", "yellow"),
}


class _Unbroken(Console):
    """Leaves the end of its reader to the command (`kit.process.output`), as `print` does."""

    def on_broken_pipe(self) -> None:
        raise


def console_for(*, is_terminal: bool | None = None) -> Console:
    """A terminal keeps its own width up to a readable one; anything else gets that one."""
    console = _Unbroken(highlight=False, force_terminal=is_terminal)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def bar_on(console: Console) -> Progress:
    """The bar that goes away with the last step."""
    return Progress(
        TextColumn(" " * (INDENT + 2) + "{task.description}", style="dim"),
        BarColumn(bar_width=32, complete_style="cyan", finished_style="cyan"),
        TextColumn("{task.completed:.0f} of {task.total:.0f}", style="dim"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def move(bar: Progress, task: TaskID, what: str, done: int, total: int) -> None:
    bar.update(task, description=f"{what:<{DOING}}", completed=done, total=total, visible=True)


async def watch(
    events: AsyncIterator[StoredEvent | EvaluationProgress],
    console: Console,
    over: Callable[[], Awaitable[RunView]],
) -> RunFinished | None:
    """Prints each event as it comes, then what `over` says of the run; the run's last event, None
    where the stream had nothing to tell any more."""
    search, finished = SearchView(), None
    with bar_on(console) as moving:
        task = moving.add_task("", visible=False)
        async for event in events:
            if isinstance(event, EvaluationProgress):
                move(moving, task, search.doing(event), event.done, event.total)
                continue
            moving.update(task, visible=False)
            finished = event if isinstance(event, RunFinished) else finished
            for line in search.lines(event):
                console.print(line)
    print_ending(console, await over(), is_followed=True)
    return finished


def print_ending(console: Console, run: RunView, *, is_followed: bool = False) -> None:
    """The verdict or what was found, why it ended, what it cost, how many of the promised
    iterations it took, and how to let the best prompt serve, where there is another than before; of
    a vote, where it gains anything. `is_followed`: its events stand above, and what they say is not
    said again."""
    console.print(*([] if is_followed else _findings(run)), *ending(run), sep="\n")
    if run.ensemble is not None:
        console.print(*map(quiet, remarks(run.ensemble)), sep="\n")
        if not gains(run.ensemble):
            return
    if run.best_version_id not in (None, run.baseline_version_id):
        console.print(quiet("to let it serve:"))
        command = f"induction prompts promote --task {run.task} --run {run.id}"
        console.print(" " * (INDENT + 2) + command, style="dim", soft_wrap=True)


def ending(run: RunView) -> list[Line | Padding]:
    """The same but for what was found and the command."""
    shown: list[Line | Padding] = (
        []
        if run.verdict is None
        else [panel(run.verdict, run.splits or {}, caution_of(run.made_on))]
    )
    tried = f"{len(run.iterations)} of at most {run.limits.iterations} iterations"
    if refused := sum(one.validation_f1 is None for one in run.changes):
        tried += f"; {refused} more changes were refused before validation"
    counted = [plain(tried)] if run.changes else []
    best = answers(run.faults or {}, run.lenient or {}, Split.VALIDATION)
    compared = figures(run.migration)
    return [
        *shown,
        *by_component(run),
        *compared,
        *priced(run.headroom),
        *best,
        *counted,
        *map(quiet, run.notes),
        *([quiet(ended(run))] if run.status.over else []),
        spent(run),
    ]


def _findings(run: RunView) -> list[Line]:
    """What a run that is for no verdict came to."""
    headroom = [] if run.headroom is None else measured(run.headroom)
    replay = [] if run.replay is None else [plain(readable(run.replay.summary))]
    votes = [] if run.ensemble is None else [plain(run.ensemble.summary)]
    if run.canary is None:
        return [*headroom, *replay, *votes]
    return [(bad if run.canary.drifted else plain)(readable(run.canary.summary))]


def spent(run: RunView) -> Line:
    spend = run.spend
    money = f"{spend.usd:.4f} dollars" if spend.usd else "no money"
    rate = spend.cache_hit_rate
    read = "" if rate is None else f"; {rate:.0%} of prompt tokens read from the provider's cache"
    each = spend.usd_per_point
    gained = "" if not each else f"; {each:.4f} dollars for each hundredth of F1 gained"
    return quiet(f"{counted(spend.calls, 'call')}, {money}{besides(spend)}{read}{gained}")


def _tested_on(verdict: Verdict, splits: Mapping[str, int]) -> str:
    if verdict.tested_on == Split.TEST:
        return "untouched"
    # Where there are none to validate on, changes are judged on those they were made from.
    has_any = verdict.tested_on != Split.VALIDATION or splits.get(Split.VALIDATION)
    return verdict.tested_on if has_any else "training"


def panel(verdict: Verdict, splits: Mapping[str, int], caution: str | None = None) -> Padding:
    """The verdict in a frame, under the lines of the run; `caution` stands last in it."""
    name, colour = _VERDICTS[verdict.kind]
    tested = _tested_on(verdict, splits)
    low, high = verdict.interval
    figures = [
        Text(f"F1 on {verdict.cases} {tested} cases", style="dim"),
        Text.assemble("before  ", bar(verdict.before)),
        Text.assemble("after   ", bar(verdict.after)),
    ]
    if verdict.kind is not VerdictKind.NO_CHANGE:
        sure = f"{level(verdict.alpha)} interval {low:+.3f} to {high:+.3f}"
        figures.append(Text(f"gain {verdict.gain:+.3f}, {sure}, {chance(verdict.p_value)}"))
    cautioned = [] if caution is None else [Text(), Text(caution, style="yellow")]
    framed = Panel(
        Group(*figures, Text(), Text(readable(verdict.summary)), *cautioned),
        title=Text(name, style=f"bold {colour}"),
        title_align="left",
        border_style=colour,
        padding=(1, 2),
        width=PANEL,
    )
    return Padding(framed, (0, 0, 0, INDENT), expand=False)
