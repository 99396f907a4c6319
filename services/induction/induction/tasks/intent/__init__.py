"""Intent classification: one label per text."""

from induction.tasks.intent.task import IntentTask

__all__ = ["IntentTask"]
