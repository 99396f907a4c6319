"""A discussion as a whole: what all its statements add up to, and what that scores.

The score of the sum is steadier than the mean over statements: an item that comes a statement late
is no mistake, and an empty statement no success. It needs to be known what stood before each
statement: cases without a context are of no discussion.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nlu_shared.measure.f1 import Counts
from nlu_shared.schemas.discussions import cumulated, ids_of, linked, renumbered
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.ground_truth import Context

from induction.task_kinds.extraction import score
from induction.task_kinds.extraction.match import Matching, match
from induction.task_kinds.extraction.sides import Side


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a discussion with what was predicted of it.

    Ids hold through the truths of a discussion: an item is new under a negative id and known under
    the same without the sign, as `schemas.discussions` reads them. Those of predictions need not.
    """

    group: str
    context: Context | None
    truth: Extraction
    predicted: Extraction


def discussions(statements: Sequence[Statement]) -> Mapping[str, list[Statement]]:
    """The discussions by group, each in the order in which it was held."""
    by_group: dict[str, list[tuple[int, Statement]]] = {}
    for one in statements:
        if one.context is not None:
            by_group.setdefault(one.group, []).append((len(one.context.before), one))
    return {
        group: [one for _, one in sorted(statements, key=lambda placed: placed[0])]
        for group, statements in by_group.items()
    }


def counts(statements: Sequence[Statement]) -> Counts:
    """Counts of whole discussions, shape (discussions, components, 3); see `score.counts`."""
    added_up = whole(statements)
    return score.counts([truth for truth, _ in added_up], [predicted for _, predicted in added_up])


def whole(all_statements: Sequence[Statement]) -> list[tuple[Extraction, Extraction]]:
    """What each discussion adds up to: (truth, predicted)."""
    return [
        (cumulated(_committed(one.truth) for one in statements), cumulated(_predicted(statements)))
        for statements in discussions(all_statements).values()
    ]


def _committed(one: Extraction) -> Extraction:
    return renumbered(one, {old: abs(old) for old in (*ids_of(one), *linked(one))})


def _predicted(statements: Sequence[Statement]) -> Iterator[Extraction]:
    """Predictions under ids that hold: what matched is committed as the truth's item, what is too
    much gets a number of its own."""
    fresh = 0
    for one in statements:
        matching = match(Side(one.truth), Side(one.predicted))
        ids = _met(matching)
        for old in (*ids_of(one.predicted), *linked(one.predicted)):
            if old < 0 and old not in ids:
                fresh -= 1
                ids[old] = fresh
        yield renumbered(one.predicted, ids)


def _met(matching: Matching) -> dict[int, int]:
    """The new ids of what matched, as the truth's items are called once they are known."""
    truth, predicted = matching.truth, matching.predicted
    paired = [
        *((truth.people[row].id, predicted.people[column].id) for row, column in matching.people),
        *((truth.events[row].id, predicted.events[column].id) for row, column in matching.events),
        *(
            (truth.pair_bonds[row].id, predicted.pair_bonds[column].id)
            for row, column in matching.pair_bonds
        ),
    ]
    return {
        other: abs(own)
        for own, other in paired
        if own is not None and other is not None and other < 0
    }
