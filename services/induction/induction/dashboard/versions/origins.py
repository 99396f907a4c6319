"""Where the parts of a version come from, and which of its scores stand in a line. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from nlu_shared.schemas.blame import Blame, BlamedChange, BlamedPart
from nlu_shared.schemas.prompts import SplitScore

ERA = {
    "model": "another model",
    "answered_by": "another server",
    "dataset_hash": "other cases",
    "scorer": "another scorer",
    "labels_version": "other labels",
    "rendered_hash": "other words of the request",
}
"""What parts one era of scores from another, by the field that differs."""


@dataclass(frozen=True, slots=True)
class PartOrigin:
    """A part of the prompt, or examples that share their changes.

    name: of the block or the bank, or how many examples.
    tokens: what each call pays for it, about.
    made_by: None: it was there in the first version.
    edited_by: the oldest first.
    fixed: cases, by these changes.
    broke: cases.
    is_shared: one of these changes touched other parts too, which share its cases.
    """

    name: str
    tokens: int
    made_by: BlamedChange | None
    edited_by: list[BlamedChange]
    fixed: int
    broke: int
    is_shared: bool


@dataclass(frozen=True, slots=True)
class EraScores:
    """Scores that stand in a line, and in what they differ from the newest; empty: they are its
    own."""

    scores: list[SplitScore]
    differs: str


def origins(blame: Blame) -> list[PartOrigin]:
    """In the order of the prompt."""
    changes = {one.n: one for one in blame.changes}
    made: list[PartOrigin] = []
    for _, some in groupby(blame.parts, _alike):
        parts = list(some)
        first = parts[0]
        made.append(
            PartOrigin(
                name=first.name if first.example is None else _examples(len(parts)),
                tokens=sum(one.tokens for one in parts),
                made_by=None if first.made_by is None else changes[first.made_by],
                edited_by=[changes[n] for n in first.edited_by],
                fixed=len({case for one in parts for case in one.fixed}),
                broke=len({case for one in parts for case in one.broke}),
                is_shared=any(one.is_shared for one in parts),
            )
        )
    return made


def versions_in(parts: Sequence[PartOrigin]) -> set[UUID]:
    """Those that their changes made."""
    return {
        change.version_id
        for one in parts
        for change in (*([one.made_by] if one.made_by else []), *one.edited_by)
    }


def _alike(part: BlamedPart) -> tuple[object, ...]:
    """Equal for examples that stand together and were made and edited together."""
    own = part.name if part.example is None else None
    return own, part.made_by, *part.edited_by


def _examples(count: int) -> str:
    return "one example" if count == 1 else f"{count} examples"


def eras(scores: Sequence[SplitScore]) -> list[EraScores]:
    """The newest first, by the newest score of each.

    scores: in any order.
    """
    by_era: dict[str, list[SplitScore]] = {}
    for one in sorted(scores, key=attrgetter("run_id"), reverse=True):
        by_era.setdefault(one.era, []).append(one)
    newest = next(iter(by_era.values()), [None])[0]
    return [EraScores(some, _differs(some[0], newest)) for some in by_era.values()]


def _differs(one: SplitScore, newest: SplitScore | None) -> str:
    if newest is None or one.era == newest.era:
        return ""
    return ", ".join(_differences(one, newest))


def _differences(one: SplitScore, newest: SplitScore) -> Iterator[str]:
    for name, words in ERA.items():
        if getattr(one, name) != getattr(newest, name):
            yield words
