"""A text taken apart as far as an eye without a language can: clauses, capitalised words, years.

Pure. Nothing here knows what a word means.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

CAPITAL = "#"
"""What stands for a capitalised word beside a mention."""
_SENTENCE = re.compile(r"[^.!?]+")
_CLAUSE = re.compile(r"[,;:]\s+|(?<!\s)\s++(?:and|but|when|until)\s+(?!I\b|[^\W\d_a-z])")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_DATE = re.compile(r"(?:\b\d{1,2} )?(?:\b[^\W\d_a-z][^\W\d_]+ )?\b(?:1[6-9]|20)\d{2}\b")


@dataclass(frozen=True, slots=True)
class Mention:
    """A capitalised word with its neighbours: the word before is empty where it opens its
    sentence, the one after where it ends its clause."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Clause:
    """Part of a sentence, perhaps the first; `spoken_text` is its text without its own date."""

    text: str
    spoken_text: str
    opens: bool
    mentions: tuple[Mention, ...]
    date: str | None


def clauses(text: str) -> list[Clause]:
    """In the order they are said. A clause without a year has the first of its sentence."""
    parts_read = []
    for sentence in _SENTENCE.findall(text):
        common, before = _DATE.search(sentence), ""
        for part in filter(None, map(str.strip, _CLAUSE.split(sentence))):
            own = _DATE.search(part)
            spoken_text = part if own is None else part.replace(own[0], " ")
            date = own or common
            mentions = tuple(_mentions(spoken_text, before))
            parts_read.append(
                Clause(part, spoken_text, not before, mentions, date[0] if date else None)
            )
            before = ","
    return parts_read


def lower_case(text: str) -> Set[str]:
    """The words that stand in the text without a capital: no names."""
    return {word for word in _TOKEN.findall(text) if word == word.lower()}


def _mentions(part: str, before: str) -> Iterator[Mention]:
    """Capitalised words side by side are one name; the one that opens a sentence stands alone."""
    name: list[str] = []
    start = before
    for raw in [*_TOKEN.findall(part), ""]:
        token = raw.removesuffix("'s").removesuffix("’s")
        capital = len(token) > 1 and token[0].isupper()
        if name and (not capital or start == ""):
            yield Mention(" ".join(name), start, CAPITAL if capital else token.lower())
            name = []
        if capital:
            start = start if name else before
            name.append(token)
        before = token.lower()
