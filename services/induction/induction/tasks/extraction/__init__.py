"""Extraction: what is said about a family as structured codes, and their scorer."""

from induction.tasks.extraction.task import ExtractionTask

__all__ = ["ExtractionTask"]
