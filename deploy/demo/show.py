"""The story on a terminal: lines that stay, and under them one bar that moves.

Where the output is no terminal the same lines come without the bar.
"""

from collections.abc import AsyncIterator

from induction.watching.components import by_component
from induction.watching.lines import Line, good, hanging, plain, quiet
from induction.watching.screen import bar_on, move, panel, spent
from induction.watching.search import SearchView
from nlu_shared.schemas.events import EvaluationProgress
from nlu_shared.schemas.prompts import caution_of
from nlu_shared.schemas.run_views import RunView
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress
from rich.text import Text

from deploy.demo.data import DataSet
from deploy.demo.options import SMOLLM2, Stack
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

FACT = 10
"""Columns for the name of a fact."""
OFFLINE = (
    "played by the offline model. It is an in-context learner, not a language model: it knows"
    " nothing but the prompt it is sent and answers by likeness of words. A better prompt truly"
    " scores better with it, so the loop is tested for real; how well Claude would do, these"
    " figures cannot say."
)
SMALL = (
    "a small language model on this machine: real, and weak. What helps it need not help a large"
    " one. The changes are proposed by the offline model, which it could not do."
)
REVIEWER = (
    "scripted. It knows the data's answers, confirms what was right, corrects what was wrong,"
    " approves all of it and allows prompts to quote the texts (may_quote)."
)


async def show(steps: AsyncIterator[Step], console: Console) -> None:
    """Prints every step as it comes; the bar goes away with the last."""
    bar = bar_on(console)
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
    _fact(console, "model", _model(stack))
    _fact(console, "reviewer", REVIEWER)


def _model(stack: Stack) -> str:
    if stack.is_offline:
        return f"{stack.model}, {OFFLINE}"
    is_small = stack.providers.of(stack.model)[0] == SMOLLM2
    return f"{stack.model}, {SMALL}" if is_small else stack.model


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
        self._console.print(panel(run.verdict, run.splits or {}, caution_of(run.made_on)))
        self._put(*by_component(run), spent(run))

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
        move(self._bar, self._task, what, done, total)

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
