"""What an aim names that a task does not have, by its place. Pure."""

from collections.abc import Sequence
from typing import Any, Protocol

from nlu_shared.kit.refusals import tellable

from induction.task_kinds.base import Task

UNKNOWN_COMPONENT = "unknown_component"


class Aim(Protocol):
    """Components that are to be raised or guarded."""

    @property
    def focus(self) -> str | None: ...

    @property
    def guards(self) -> dict[str, float]: ...


def unknown_components(task: Task, aim: Aim, place: Sequence[str]) -> list[dict[str, Any]]:
    """A fault for the focus and for each guard that is no component of the task. A guard is told as
    any unknown name is, by itself or its number; the focus is a value and never repeated."""
    kind = {"type": UNKNOWN_COMPONENT, "expected": task.components_in_words}
    faults: list[dict[str, Any]] = []
    if aim.focus is not None and task.component(aim.focus) is None:
        faults.append({"loc": [*place, "focus"], **kind})
    for number, name in enumerate(aim.guards, start=1):
        if task.component(name) is None:
            guard = {"loc": [*place, "guards"], "unknown": tellable(name, number)}
            faults.append(guard | kind)
    return faults
