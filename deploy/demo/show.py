"""The story on a terminal: lines that stay, and under them one bar that moves.

Where the output is no terminal the same lines come without the bar.
"""

from collections.abc import AsyncIterator

from nlu_shared.schemas.events import EvaluationProgress
from nlu_shared.schemas.runs import RunView, Verdict, VerdictKind
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from deploy.demo.components import by_component
from deploy.demo.data import DataSet
from deploy.demo.lines import INDENT, Line, bar, good, hanging, plain, quiet
from deploy.demo.options import Stack
from deploy.demo.search import SearchView
from deploy.demo.steps import (
    Answered,
    Exported,
    Going,
    Reported,
    Reviewed,
    RunOver,
    Step,
    TaskReady,
)

WIDTH = 100
PANEL = 90
DOING = 22
"""Columns for what the bar measures."""
FACT = 10
"""Columns for the name of a fact."""
OFFLINE = (
    "played by the offline model. It is an in-context learner, not a language model: it knows"
    " nothing but the prompt it is sent and answers by likeness of words. A better prompt truly"
    " scores better with it, so the loop is tested for real; how well Claude would do, these"
    " figures cannot say."
)
REVIEWER = (
    "scripted. It knows the data's answers, confirms what was right, corrects what was wrong,"
    " approves all of it and allows prompts to quote the texts (may_quote)."
)
_VERDICTS = {
    VerdictKind.PROVEN: ("Proven", "green"),
    VerdictKind.PROMISING: ("Promising", "yellow"),
    VerdictKind.NOISE: ("Noise", "yellow"),
    VerdictKind.NO_CHANGE: ("No change", "yellow"),
}


def console_for(*, is_terminal: bool | None = None) -> Console:
    """A terminal keeps its own width up to a readable one; anything else gets that one."""
    console = Console(highlight=False, force_terminal=is_terminal)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


async def show(steps: AsyncIterator[Step], console: Console) -> None:
    """Prints every step as it comes; the bar goes away with the last."""
    bar = Progress(
        TextColumn(" " * (INDENT + 2) + "{task.description}", style="dim"),
        BarColumn(bar_width=32, complete_style="cyan", finished_style="cyan"),
        TextColumn("{task.completed:.0f} of {task.total:.0f}", style="dim"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        screen = _Screen(console, bar)
        async for step in steps:
            screen.take(step)


def opening(console: Console, data: DataSet, stack: Stack) -> None:
    """What goes in: the data, the model, the reviewer."""
    console.print()
    console.print(Text("From logged predictions to a better prompt", style="bold"))
    console.print()
    left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(data.skipped.items()))
    facts = f"{data.name}: {data.says}"
    _fact(console, "data", facts + (f" (left out: {left_out})" if left_out else ""))
    _fact(console, "model", f"{stack.model}, {OFFLINE}" if stack.is_offline else stack.model)
    _fact(console, "reviewer", REVIEWER)


def _fact(console: Console, name: str, text: str) -> None:
    grid = hanging(Text(name, style="cyan"), Text(text), width=FACT)
    console.print(Padding(grid, (0, 0, 0, 2), expand=False))


class _Screen:
    """What stands on the screen now, so that the next step finds its place."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console = console
        self._bar = bar
        self._task = bar.add_task("", visible=False)
        self._chapters = 0
        self._chapter = ""
        self._search = SearchView()

    def take(self, step: Step) -> None:
        match step:
            case TaskReady():
                self._open("Production answers, with instructions only")
                self._put(
                    plain(
                        f"task {step.slug}: a plain prompt of about {step.prompt_tokens} tokens"
                        f" that names {step.names}"
                    )
                )
            case Going():
                if step.what == "review":
                    self._open("A reviewer looks at every answer")
                self._move(step.what, step.done, step.total)
            case Answered():
                self._rest(*_answered(step))
            case Reviewed():
                self._rest(*_reviewed(step))
                self._open("A run looks for a better prompt")
            case EvaluationProgress():
                self._move(self._search.doing(step), step.done, step.total)
            case RunOver():
                self._over(step.run)
            case Exported():
                self._open("The prompt, exported and imported again")
                self._put(good(f"{step.module} and {step.document}"))
                self._put(good(f"imported again: the same prompt, {step.version_hash[:12]}"))
            case Reported():
                self._put(good(f"{step.path}: all figures"))
            case _:
                self._put(*self._search.lines(step))

    def _over(self, run: RunView) -> None:
        self._rest()
        if run.verdict is None:
            return
        self._open("The verdict")
        self._console.print(Padding(_panel(run.verdict), (0, 0, 0, INDENT), expand=False))
        self._put(*by_component(run))
        spend = run.spend
        money = f"{spend.usd:.4f} dollars" if spend.usd else "no money"
        self._put(
            quiet(f"{spend.calls} calls, {money} (list price {spend.notional_usd:.4f} dollars)")
        )

    def _open(self, chapter: str) -> None:
        if chapter == self._chapter:
            return
        self._chapter = chapter
        self._chapters += 1
        self._console.print()
        self._console.print(Text.assemble((f"  {self._chapters} ", "cyan"), (chapter, "bold")))

    def _put(self, *lines: Line) -> None:
        for line in lines:
            self._console.print(line)

    def _move(self, what: str, done: int, total: int) -> None:
        named = f"{what:<{DOING}}"
        self._bar.update(self._task, description=named, completed=done, total=total, visible=True)

    def _rest(self, *lines: Line) -> None:
        """The work under way is done; this is what came of it."""
        self._bar.update(self._task, visible=False, refresh=True)
        self._put(*lines)


def _answered(step: Answered) -> list[Line]:
    head = good(
        f"{step.right + step.wrong} messages logged in {step.seconds:.1f} s:"
        f" {step.right} answered right, {step.wrong} wrong"
    )
    return [head] + [
        quiet(f"{count} times {predicted} where {truth} belongs")
        for truth, predicted, count in step.confused
    ]


def _reviewed(step: Reviewed) -> list[Line]:
    return [
        good(f"{step.confirmed} confirmed, {step.corrected} corrected"),
        good(f"{step.approved} approved as ground truth"),
    ]


def _panel(verdict: Verdict) -> Panel:
    name, colour = _VERDICTS[verdict.kind]
    tested = "untouched" if verdict.tested_on == "test" else verdict.tested_on
    low, high = verdict.interval
    figures = [
        Text(f"F1 on {verdict.cases} {tested} cases", style="dim"),
        Text.assemble("before  ", bar(verdict.before)),
        Text.assemble("after   ", bar(verdict.after)),
    ]
    if verdict.kind is not VerdictKind.NO_CHANGE:
        gain = f"gain {verdict.gain:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"
        figures.append(Text(f"{gain}, p = {verdict.p_value:.2g}"))
    return Panel(
        Group(*figures, Text(), Text(verdict.summary)),
        title=Text(name, style=f"bold {colour}"),
        title_align="left",
        border_style=colour,
        padding=(1, 2),
        width=PANEL,
    )
