"""Which field of a form cannot be taken and what belongs there, in the words of its page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """A field as its page calls it, and what is expected in it; `each` names one of several,
    `empty` is what to say where nothing stands in it."""

    title: str
    expected: str
    each: str = "entry"
    empty: str = ""


Words = Mapping[str, Word]
SLUG = "small letters, digits, - and _, at most 63, with no blank"
TASK = Word("Task", f"a task's name: {SLUG}")
UUID_WORD = "an id such as 0189aaaa-0000-4000-8000-000000000001"
MOMENT = "a date and a time, in UTC"
LABEL = "at most 200 characters"


def faulty(place: Sequence[Any], words: Words) -> str | None:
    """The innermost field of a validation error's place that the page has a word for."""
    return next((part for part in reversed(place) if part in words), None)


def wrong(place: Sequence[Any], words: Words, *, is_empty: bool = False) -> str:
    """`To, address 2, cannot be taken: …`: a place in a list is told as people count."""
    name = faulty(place, words)
    if name is None:
        return "Something in the form cannot be taken."
    if is_empty and words[name].empty:
        return words[name].empty
    word, after = words[name], place[list(place).index(name) + 1 :]
    number = next((f", {word.each} {one + 1}," for one in after if isinstance(one, int)), "")
    return f"{word.title}{number} cannot be taken. Expected: {word.expected}."
