"""Cases that the provider let no model answer: dropped from both sides of every comparison.

Such a case has no entry in a case book. It is neither right nor wrong, so books are compared on
the cases they share (pairwise deletion); where too many are missing nothing is concluded, since
what a provider does not take may well be what a prompt gets wrong.
"""

from collections.abc import Sized

from induction.engine.evaluate import CaseBook

MOST_MISSING = 0.05
"""The share of cases that may be missing; one case may always be."""


def shared(*books: CaseBook) -> tuple[CaseBook, ...]:
    """The books on the cases that all of them hold."""
    first, *others = books
    ids = [id for id in first.entries if all(id in other.entries for other in others)]
    return tuple(CaseBook({id: book.entries[id] for id in ids}) for book in books)


def objection(cases: Sized, *books: CaseBook) -> str | None:
    """Why nothing can be concluded about these cases from the books, or None."""
    answered = len(shared(*books)[0].entries)
    missing = len(cases) - answered
    if answered and missing <= max(1, MOST_MISSING * len(cases)):
        return None
    if not missing:
        return None
    return f"the provider left {missing} of {len(cases)} cases unanswered"
