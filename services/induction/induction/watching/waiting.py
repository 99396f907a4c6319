"""The change that a run waits for, as a person needs it to decide: what it is, what it does, until
when, and the commands."""

from datetime import UTC

from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.steering import Unanswered
from rich.console import Console

from induction.watching.lines import INDENT, Line, plain, quiet

THEN = {Unanswered.KEEP: "kept", Unanswered.VETO: "vetoed"}
"""What a change is that nobody decides on."""


def awaited(run: RunView) -> IterationView | None:
    """None where the run waits for nobody."""
    return next((one for one in run.changes if one.n == run.awaits), None)


def print_waiting(console: Console, run: RunView) -> None:
    """Nothing where the run waits for nobody."""
    if (change := awaited(run)) is None:
        return
    console.print(*_lines(run, change), sep="\n")
    for what, commands in _commands(run, change):
        console.print(quiet(what))
        for command in commands:
            console.print(" " * (INDENT + 2) + command, style="dim", soft_wrap=True)


def _lines(run: RunView, change: IterationView) -> list[Line]:
    lines = []
    if (approval := change.approval) is not None:
        until = f"{approval.until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        lines.append(
            plain(
                f"change {change.n} waits for approval until {until};"
                f" unanswered it is then {THEN[approval.unanswered]}"
            )
        )
    figures = []
    if change.validation_f1 is not None:
        best = _best(run)
        against = "" if best is None else f" against {best:.3f} of the best before"
        figures.append(f"validation F1 {change.validation_f1:.3f}{against}")
    if change.fixed is not None and change.broke is not None:
        figures.append(f"fixed {change.fixed}, broke {change.broke}")
    lines += [plain("; ".join(figures))] if figures else []
    return lines + ([quiet(change.rationale)] if change.rationale else [])


def _best(run: RunView) -> float | None:
    """On validation, of the best that the run has kept."""
    own = (one for one in run.changes if one.version_id == run.best_version_id)
    kept = next((one.validation_f1 for one in own if one.validation_f1 is not None), None)
    return run.baseline_f1 if kept is None else kept


def _commands(run: RunView, change: IterationView) -> list[tuple[str, list[str]]]:
    before = run.best_version_id or run.baseline_version_id
    decide = [
        f"induction runs approve {run.id} {change.n}",
        f"induction runs veto {run.id} {change.n} --reason …",
    ]
    if change.version_id is None or before is None:
        return [("to decide:", decide)]
    differ = (
        f"induction prompts diff --task {run.task} --version {change.version_id} --against {before}"
    )
    return [("what it changes:", [differ]), ("to decide:", decide)]
