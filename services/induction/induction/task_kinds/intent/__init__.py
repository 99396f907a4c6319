"""Intent classification: one label per text."""

from induction.task_kinds.intent.task import IntentTask

__all__ = ["IntentTask"]
