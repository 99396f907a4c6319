"""From a task's row to the code that knows its kind."""

from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.tasks import TaskSpec

from induction.task_kinds.base import Task
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.intent import IntentTask


def task_of(spec: TaskSpec) -> Task:
    match spec.kind:
        case TaskKind.INTENT:
            return IntentTask(spec.labels)
        case TaskKind.EXTRACTION:
            return ExtractionTask()
