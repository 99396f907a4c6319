"""From a task's row to the code that knows its kind."""

from nlu_shared.schemas.prompts import TaskIn, TaskKind

from induction.tasks.base import Task
from induction.tasks.intent import IntentTask


class UnsupportedTaskKind(ValueError):
    """No code for this kind of task yet."""


def task_of(spec: TaskIn) -> Task:
    if spec.kind is TaskKind.INTENT:
        return IntentTask(spec.labels)
    raise UnsupportedTaskKind(f"tasks of kind {spec.kind} cannot be optimised yet")
