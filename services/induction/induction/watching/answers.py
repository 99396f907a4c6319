"""How many answers of a model could not be used, or were not what was asked for. Pure."""

from collections.abc import Mapping

from nlu_shared.rendering.leniency import by_cause

from induction.sentences import counted
from induction.watching.lines import Line, quiet


def answers(faults: Mapping[str, int], lenient: Mapping[str, int], split: str) -> list[Line]:
    """A line for each kind there is; nothing where all answers are as they were asked for."""
    lines = []
    if faults:
        count = counted(sum(faults.values()), "answer")
        lines.append(quiet(f"{count} on {split} could not be used: {by_cause(faults)}"))
    if lenient:
        lines.append(quiet(f"answers on {split} that count all the same: {by_cause(lenient)}"))
    return lines
