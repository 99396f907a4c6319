"""Extraction: what is said about a family as structured codes, and their scorer."""

from induction.task_kinds.extraction.task import ExtractionTask

__all__ = ["ExtractionTask"]
