"""Which words of a changed line changed, and how short things are told. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from nlu_shared.schemas.diffs import Hunk

from induction.sentences import readable

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_KEY = re.compile(r"key:[0-9a-f-]{36}")
_BY_API = re.compile(r",? then POST /v1/admin/auto-trigger/reset-backoff")
MOST_WORDS = 400
"""Of a line that is compared word by word; a longer one changed as a whole."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, and whether the other side lacks them."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a hunk: its sign (a space, - or +) and its words."""

    sign: str
    pieces: list[Piece]


def lines_of(hunk: Hunk) -> list[Line]:
    """A removed line and the added one in its place are compared word by word."""
    return list(_lines(hunk.lines))


def _lines(lines: Sequence[str]) -> Iterator[Line]:
    removed: list[str] = []
    added: list[str] = []
    for line in lines:
        sign, text = line[:1], line[1:]
        if sign == "-" and not added:
            removed.append(text)
        elif sign == "+":
            added.append(text)
        else:
            yield from _changed(removed, added)
            removed, added = ([text], []) if sign == "-" else ([], [])
            if sign != "-":
                yield Line(sign, [Piece(text, is_changed=False)])
    yield from _changed(removed, added)


def _changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[Line]:
    pairs = list(zip(removed, added, strict=False))
    compared = [_compared(old, new) for old, new in pairs]
    for number, text in enumerate(removed):
        whole = [Piece(text, is_changed=True)]
        yield Line("-", compared[number][0] if number < len(pairs) else whole)
    for number, text in enumerate(added):
        whole = [Piece(text, is_changed=True)]
        yield Line("+", compared[number][1] if number < len(pairs) else whole)


def _compared(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > MOST_WORDS:
        return [Piece(old, is_changed=True)], [Piece(new, is_changed=True)]
    left: list[Piece] = []
    right: list[Piece] = []
    matched = SequenceMatcher(None, before, after, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matched.get_opcodes():
        if old_to > old_from:
            left.append(Piece("".join(before[old_from:old_to]), is_changed=tag != "equal"))
        if new_to > new_from:
            right.append(Piece("".join(after[new_from:new_to]), is_changed=tag != "equal"))
    return left, right


def short(version_hash: str) -> str:
    """As people call a version."""
    return version_hash[:12]


def keys_in(reason: str) -> list[str]:
    """The keys that a reason names by their ids."""
    return _KEY.findall(reason)


def named(reason: str, names: Mapping[str, str]) -> str:
    """With people's names for keys; one that is not known is a person."""
    return _KEY.sub(lambda key: names.get(key[0], "a person"), reason)


def sentences(reasons: Sequence[str]) -> str:
    """What was recorded in few words for a log, one reason a sentence. Nobody is sent to the API,
    nor meets the id of a key."""
    clear = [readable(_BY_API.sub(" and begin anew", named(one, {}))) for one in reasons if one]
    return " ".join(f"{one[0].upper()}{one[1:].rstrip('.')}." for one in clear)


def in_words(scope: str, known: Mapping[str, str]) -> str:
    """What a scope allows; one that is known no more by its name."""
    return known.get(scope, scope)


def money(usd: float) -> str:
    """US dollars to the cent, and of less than one as much as tells it from nothing."""
    return f"{usd:,.2f}" if usd >= 0.01 or usd <= 0 else f"{usd:.2g}"


def lasting(seconds: float) -> str:
    """As "3 min", in the largest unit of which there is one."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
