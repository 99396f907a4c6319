"""A deployment's own dictionary: terms found as whole words, whatever their case. Pure."""

import re
from collections.abc import Iterable, Mapping

Words = tuple[str, ...]
Dictionary = Mapping[str, tuple[Words, ...]]
"""Terms as folded words, by their first word, the longest first."""

_WORD = re.compile(r"\w+")


def dictionary(terms: Iterable[str]) -> Dictionary:
    """Terms of at least two characters; empty lines and single characters are left out."""
    known: dict[str, set[Words]] = {}
    for term in terms:
        words = tuple(match[0].casefold() for match in _WORD.finditer(term))
        if len(term.strip()) > 1 and words:
            known.setdefault(words[0], set()).add(words)
    return {
        first: tuple(sorted(words, key=lambda one: (-len(one), one)))
        for first, words in known.items()
    }


def replace_terms(text: str, known: Dictionary) -> str:
    """Each known term replaced by `[term]`; what stands between its words does not matter."""
    if not known:
        return text
    spans = [match.span() for match in _WORD.finditer(text)]
    folded = [text[start:end].casefold() for start, end in spans]
    pieces: list[str] = []
    kept, place = 0, 0
    while place < len(spans):
        length = _length_of_term(folded, place, known)
        if length:
            pieces += [text[kept : spans[place][0]], "[term]"]
            kept = spans[place + length - 1][1]
        place += length or 1
    return "".join([*pieces, text[kept:]])


def _length_of_term(folded: list[str], place: int, known: Dictionary) -> int:
    for words in known.get(folded[place], ()):
        if tuple(folded[place : place + len(words)]) == words:
            return len(words)
    return 0
