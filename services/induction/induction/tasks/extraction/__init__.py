"""Extraction: what is said about a family as structured codes, and the ruler that compares them."""

from induction.tasks.extraction.task import ExtractionTask

__all__ = ["ExtractionTask"]
