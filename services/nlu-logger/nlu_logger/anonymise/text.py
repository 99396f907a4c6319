"""Anonymising texts, whole values and ids, and saying what no rule finds. Pure."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from pydantic import JsonValue

from nlu_logger.anonymise.patterns import HELD_BACK, LONGEST_HELD, PATTERNS, PLACEHOLDER
from nlu_logger.anonymise.terms import Dictionary, dictionary, replace_terms

NOT_FOUND_BY_RULES = (
    "names of people that no dictionary lists",
    "postal addresses",
    "phone numbers without a prefix or separators",
    "e-mail addresses that are spelled out, and handles",
    "national identity numbers",
    "dates of birth",
    "anything that only its meaning gives away",
)
"""What stays in a text that was anonymised. Whoever hands one out should know it."""


@dataclass(frozen=True, slots=True)
class Anonymiser:
    """The rules of one deployment."""

    terms: Dictionary = field(default_factory=dict)

    def text(self, text: str) -> str:
        """`text` with a placeholder (`[email]`) for everything a rule finds; the rest as it was.

        Doing it again changes nothing. At most three times as long.
        """
        while (again := self._once(text)) != text:
            text = _replace_held_back(again)
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """A structured output with all its texts anonymised; names of fields stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {name: self.value(one) for name, one in value.items()}
        return value

    def truth(self, truth: JsonValue) -> JsonValue:
        """A label is nobody's text and stays; an extraction says what its text says."""
        return truth if isinstance(truth, str) else self.value(truth)

    def _once(self, text: str) -> str:
        for pattern in PATTERNS:
            text = pattern.regex.sub(pattern.replace, text)
        return _around_placeholders(text, partial(replace_terms, known=self.terms))


def anonymiser(terms: Iterable[str] = ()) -> Anonymiser:
    """The rules everybody has, and a dictionary of one's own."""
    return Anonymiser(dictionary(terms))


def pseudonym(person: UUID, key: str | None) -> str:
    """Hex: the same for the same person, and nobody without the key can test a guess.

    Without a key whoever knows a person's id can tell which pseudonym is theirs.
    """
    return hmac.new((key or "").encode(), person.bytes, hashlib.sha256).hexdigest()[:32]


def _around_placeholders(text: str, change: Callable[[str], str]) -> str:
    """A dictionary may well hold the word in a placeholder; no shape matches one."""
    pieces: list[str] = []
    kept = 0
    for match in PLACEHOLDER.finditer(text):
        pieces += [change(text[kept : match.start()]), match[0]]
        kept = match.end()
    return "".join([*pieces, change(text[kept:])])


def _replace_held_back(text: str) -> str:
    """What only the digits of a placeholder held back is replaced too, from the right to the left:
    a row of numbers takes one walk, and not one for each of them."""
    pieces: list[str] = []
    known = [held.span() for held in PLACEHOLDER.finditer(text)]
    end = len(text)
    while known:
        start, _ = known.pop()
        pieces.append(text[start:end])
        end = start
        left = known[-1][1] if known else 0
        while (held := _held_back(text[max(left, end - 2 * LONGEST_HELD) : end])) is not None:
            before, replaced = held
            pieces.append(replaced)
            end -= before
    return "".join([text[:end], *reversed(pieces)])


def _held_back(tail: str) -> tuple[int, str] | None:
    """What stands at the end of a text before a placeholder, one separator aside: how many
    characters it takes, and what stands in their place."""
    for pattern in HELD_BACK:
        for match in pattern.regex.finditer(tail):
            if match.end() >= len(tail) - 1 and (replaced := pattern.replace(match)) != match[0]:
                return len(tail) - match.start(), replaced + tail[match.end() :]
    return None
