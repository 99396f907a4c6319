"""From a task's row to the code that knows its kind."""

from nlu_shared.schemas.prompts import TaskIn, TaskKind

from induction.task_kinds.base import Task
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.intent import IntentTask


def task_of(spec: TaskIn) -> Task:
    match spec.kind:
        case TaskKind.INTENT:
            return IntentTask(spec.labels)
        case TaskKind.EXTRACTION:
            return ExtractionTask()
