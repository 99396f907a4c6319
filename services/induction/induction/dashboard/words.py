"""Which words of changed lines changed, and how short things are told. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter

from nlu_shared.schemas.diffs import Hunk
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.prompts import TaskKind

from induction.sentences import readable

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_KEY = re.compile(r"key:[0-9a-f-]{36}")
_BY_API = re.compile(r",? then POST /v1/admin/auto-trigger/reset-backoff")
_BAND = re.compile(r"(\d+)-(\d+)")
_NONE = "0 entities"
MOST_WORDS = 400
"""Of a stretch that is compared word by word; of a longer one each line with the one in its place,
and a longer line changed as a whole."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, and whether the other side lacks them."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a hunk: its sign (a space, - or +) and its words."""

    sign: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that went beside those that came in their place, or lines that stayed: the same on
    both sides."""

    old: list[DiffLine]
    new: list[DiffLine]
    is_same: bool = False

    @property
    def is_edit(self) -> bool:
        """Did words go for others, so that which ones they are is worth a mark?"""
        return not self.is_same and bool(self.old and self.new)


def stretches_of(hunk: Hunk) -> list[Stretch]:
    """A word that only moved to another line is not changed: a text that is wrapped anew differs
    in its words alone."""
    return list(_stretches(hunk.lines))


def _stretches(lines: Sequence[str]) -> Iterator[Stretch]:
    removed: list[str] = []
    added: list[str] = []
    same: list[DiffLine] = []
    for line in lines:
        sign, text = line[:1], line[1:]
        is_change = sign in {"-", "+"}
        if same and is_change:
            yield Stretch(same, same, is_same=True)
            same = []
        if (removed or added) and (not is_change or (sign == "-" and added)):
            yield _changed(removed, added)
            removed, added = [], []
        if sign == "-":
            removed.append(text)
        elif sign == "+":
            added.append(text)
        else:
            same.append(DiffLine(sign, [Piece(text, is_changed=False)]))
    if same:
        yield Stretch(same, same, is_same=True)
    if removed or added:
        yield _changed(removed, added)


def _changed(removed: Sequence[str], added: Sequence[str]) -> Stretch:
    if max(_count(removed), _count(added)) <= MOST_WORDS:
        old, new = _compared(removed, added)
    else:
        old, new = [], []
        for before, after in zip(removed, added, strict=False):
            left, right = _compared([before], [after])
            old, new = old + left, new + right
        old += [[Piece(text, is_changed=True)] for text in removed[len(old) :]]
        new += [[Piece(text, is_changed=True)] for text in added[len(new) :]]
    return Stretch([DiffLine("-", one) for one in old], [DiffLine("+", one) for one in new])


def _count(lines: Sequence[str]) -> int:
    return sum(len(_words(line)) for line in lines)


def _words(line: str) -> list[str]:
    return [one for one in _WORD.findall(line) if not one.isspace()]


def _compared(
    old: Sequence[str], new: Sequence[str]
) -> tuple[list[list[Piece]], list[list[Piece]]]:
    before = [word for line in old for word in _words(line)]
    after = [word for line in new for word in _words(line)]
    stayed_before: set[int] = set()
    stayed_after: set[int] = set()
    if max(len(before), len(after)) <= MOST_WORDS:
        matched = SequenceMatcher(None, before, after, autojunk=False)
        for left, right, size in matched.get_matching_blocks():
            stayed_before.update(range(left, left + size))
            stayed_after.update(range(right, right + size))
    return _pieces(old, stayed_before), _pieces(new, stayed_after)


def _pieces(lines: Sequence[str], stayed: set[int]) -> list[list[Piece]]:
    """The lines in pieces; `stayed` are the places of words that both sides have. A space is
    changed where the words on both of its sides are."""
    made: list[list[Piece]] = []
    place = 0
    for line in lines:
        tokens = _WORD.findall(line)
        marks: list[bool] = []
        for token in tokens:
            if token.isspace():
                marks.append(bool(marks and marks[-1]) and place not in stayed)
            else:
                marks.append(place not in stayed)
                place += 1
        if tokens and tokens[-1].isspace():
            marks[-1] = False
        pieces: list[Piece] = []
        for is_changed, run in groupby(zip(tokens, marks, strict=True), key=itemgetter(1)):
            pieces.append(Piece("".join(token for token, _ in run), is_changed))
        made.append(pieces)
    return made


def short(version_hash: str) -> str:
    """As people call a version."""
    return version_hash[:12]


def origin(one: Ancestor) -> str:
    """Who made a version."""
    if one.run_id is not None:
        return "made by a run"
    return "edited by hand" if one.is_edited else "brought in"


def made(one: Ancestor) -> str:
    """What made it, and why."""
    if one.change is not None:
        return one.change.rationale
    return f"{origin(one)}: {one.notes}" if one.notes else origin(one)


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


def kinds_of_cases(names: Sequence[str], kind: str) -> str:
    """What cases of some strata are, after "first": of an intent its labels, of an extraction how
    much there is to find in a text."""
    if kind == TaskKind.INTENT:
        return f"of {', '.join(names)}"
    clear = [_BAND.sub(r"\1 to \2", "no entity" if one == _NONE else one) for one in names]
    *most, last = clear
    return f"texts with {', '.join(most)}{' or ' if most else ''}{last}"


def money(usd: float) -> str:
    """US dollars to the cent, and of less than one as much as tells it from nothing."""
    return f"{usd:,.2f}" if usd >= 0.01 or usd <= 0 else f"{usd:.2g}"


def lasting(seconds: float) -> str:
    """As "3 min", in the largest unit of which there is one."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
