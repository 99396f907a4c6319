"""Whose name a text holds, found without a dictionary. Pure.

People's names are what the truth of an extraction says, and in any text a capitalised word that
does not open a sentence and is written without a capital nowhere: in no case and in none of the
task's own words. Such a word is a name wherever it stands, in whatever case and however it is
disguised (see `folding`).

What this cannot find: a name that only ever opens sentences, is written without a capital or all
in capitals, or belongs to a script without capitals; a name that is a common word too (Mark, Will)
unless an extraction's truth says it is one. Places, months and brands count as names, and in
German so does every noun that is nowhere spelled small: that errs on the safe side, and costs a
proposal nothing where a case that may be quoted holds the word too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from induction.engine.data.folding import folded, readings, visible
from induction.task_kinds.base import Case, Task

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"\w+")
_OPENER = re.compile(r"[.!?…\n\r\"“«]")
"""What stands before the first word of a sentence, a quotation or an item of a list."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names known among some cases, folded; `common` ones are ordinary words too."""

    plain: frozenset[str]
    common: frozenset[str]

    def marks(self, text: str) -> set[str]:
        """The names in a text, in a form that meets `marks` of another text only. A common one
        is a name where it is capitalised inside a sentence."""
        marked = {word for reading in readings(text) for word in _WORD.findall(reading)}
        marked &= self.plain
        if self.common:
            marked |= {folded(word) for word in _capitalised(visible(text))} & self.common
        return {f"@{name}" for name in marked}

    def marks_of(self, task: Task, case: Case) -> set[str]:
        """Those of a case's text and those its truth says."""
        named = _named(task, case.truth) & (self.plain | self.common)
        return self.marks(case.text) | {f"@{name}" for name in named}

    def marks_of_known(self, task: Task, case: Case) -> set[str]:
        """Those of the items that the case takes as known."""
        named = _named(task, case.known) & (self.plain | self.common)
        return {f"@{name}" for name in named}


def names(task: Task, own_words: Iterable[str], cases: Iterable[Case]) -> Names:
    """What counts as a name among `cases`; `own_words` are the texts the task itself speaks."""
    cases = tuple(cases)
    small: set[str] = set()
    capitals: set[str] = set()
    named: set[str] = set()
    for text in (*own_words, *(case.transcript for case in cases)):
        small |= {word for word in _WORD.findall(visible(text)) if word == word.lower()}
    for case in cases:
        capitals |= set(_capitalised(visible(case.transcript)))
        named |= _named(task, case.truth) | _named(task, case.known)
    ordinary, capitals = set(map(folded, small)), set(map(folded, capitals))
    return Names(plain=frozenset((capitals | named) - ordinary), common=frozenset(named & ordinary))


def _named(task: Task, truth: JsonValue) -> set[str]:
    """The capitalised words of the names in a truth, or in known items; of None, nothing."""
    people = frozenset[str]() if truth is None else task.people(truth)
    spoken = (word for name in people for word in _WORD.findall(visible(name)))
    return {folded(word) for word in spoken if _is_capitalised(word)}


def names_in(text: str) -> set[str]:
    """The words of one text that may be names, as it writes them; with nothing to compare, more
    than there are."""
    return set(_capitalised(visible(text)))


def _capitalised(text: str) -> list[str]:
    """The capitalised words of a visible text that open no sentence."""
    capitals = []
    end, opens = 0, True
    for run in _RUN.finditer(text):
        opens = end == 0 or _OPENER.search(text, end, run.start()) is not None
        for word in _WORD.finditer(run[0]):
            if _is_capitalised(word[0]) and not (opens and word.start() == 0):
                capitals.append(word[0])
        end = run.end()
    return capitals


def _is_capitalised(word: str) -> bool:
    """`Ann`, `McKay`; not `I`, `PDF`."""
    return word[0].isupper() and any(letter.islower() for letter in word)
