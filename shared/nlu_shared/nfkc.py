"""Compatible forms of characters folded into one, in linear time. Pure."""

from unicodedata import combining, normalize

MOST_MARKS = 30
"""Marks on one character that are put in order together, as in the Stream-Safe Text Format of
Unicode Standard Annex 15; no language needs more than a few."""
_MARKS_UNDONE = "\u0344\u0f73\u0f75\u0f81"
"""Characters that come apart into nothing but marks."""


def nfkc(text: str) -> str:
    """Normalization Form KC. Of more than MOST_MARKS marks in a row each so many are normalised
    apart: `unicodedata` sorts them by insertion, in time that grows with the square."""
    if text.isascii():
        return text
    pieces, start, marks = [], 0, 0
    for at, character in enumerate(text):
        marks = marks + 1 if combining(character) or character in _MARKS_UNDONE else 0
        if marks > MOST_MARKS:
            pieces.append(normalize("NFKC", text[start:at]))
            start, marks = at, 1
    return "".join([*pieces, normalize("NFKC", text[start:])])
