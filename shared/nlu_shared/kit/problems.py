"""A problem that a service has answered with, on one line for a person at a terminal. Pure."""

from collections.abc import Iterator

from nlu_shared.kit import errors
from nlu_shared.kit.refusals import in_words
from nlu_shared.schemas.base import Problem

GENERAL = {
    one.title for one in (errors.Invalid, errors.Forbidden, errors.NotFound, errors.Conflict)
}
"""Titles of whole kinds, which say nothing beside a detail or a fault."""


def on_one_line(problem: Problem, *, key: str) -> str:
    """Its title where that is its own, its detail, its faults, and the labels it is about; of a
    missing key the variable `key` it is read from."""
    line = ". ".join(part.rstrip(".") for part in _parts(problem))
    if problem.status == 401:
        return f"{line}: --key, else {key}"
    return f"{line}." if problem.detail or problem.labels else line


def _parts(problem: Problem) -> Iterator[str]:
    faults = "; ".join(in_words(one) for one in problem.errors or [])
    detail, title = problem.detail or "", problem.title
    says_more = not (title in GENERAL and (detail or faults))
    if says_more and title.casefold() not in detail.casefold():
        yield title
    if detail:
        yield detail
    if faults:
        yield faults
    if problem.labels:
        yield f"Labels: {', '.join(problem.labels)}"
