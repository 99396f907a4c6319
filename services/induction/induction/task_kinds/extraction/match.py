"""Which entities of a prediction are which of ground truth: by content, never by id.

People first, by name, gender and, to break ties, the names of their parents; then events and pair
bonds by the people they link. Where several pairs compete, the assignment with the most matches
wins, then the most similar one; equals among the people are settled by what follows from them.
The rules are those of the F1 metrics of btcopilot (Apache-2.0), whose matcher is greedy.
Why something did not match is told in `explain`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nlu_shared.rendering.dates import closeness, within_tolerance
from nlu_shared.schemas.extraction import BY_CHILD, BY_COUPLE, VARIABLES, EventKind

from induction.task_kinds.extraction import assign, names
from induction.task_kinds.extraction.sides import Links, Side, View

PARENTS_WEIGHT = 0.1
SCALE = 1_000_000
"""Similarities are whole millionths, so that equal ones are equal on every machine."""
UNKNOWN = frozenset({None, "unknown"})
OTHER_FIELDS = ("description", "notes", "location", "dateTime", "endDateTime", "dateCertainty")


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict the matching is: the similarity from which names are one person's, whether
    genders must agree, and whether every date counts as approximate."""

    alike: float = names.ALIKE
    genders: bool = True
    dates_loose: bool = False


STRICT = Rules()
RELAXED: Mapping[str, Rules] = {
    "date": Rules(dates_loose=True),
    "gender": Rules(genders=False),
    "name": Rules(alike=0.4),
}
"""One rule relaxed at a time. Names so far that Bob (0.44) can be Robert. Who did what to whom is
never relaxed: another kind of event, or another person, is another thing said."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Two extractions and what matched: pairs of positions (truth, predicted) in their sides."""

    truth: Side
    predicted: Side
    people: tuple[assign.Pair, ...]
    pair_bonds: tuple[assign.Pair, ...]
    events: tuple[assign.Pair, ...]
    view: View
    """The prediction as seen through the people that matched."""


def match(truth: Side, predicted: Side, rules: Rules = STRICT) -> Matching:
    """The best matching; the same whatever the ids and the order of either side."""
    ways = assign.all_best(people_candidates(truth, predicted, rules))
    if len(ways) == 1:
        return _follow(truth, predicted, ways[0], rules)[0]
    followed = [_follow(truth, predicted, people, rules) for people in ways]
    return max(followed, key=lambda one: one[1])[0]


def people_candidates(
    truth: Side, predicted: Side, rules: Rules = STRICT
) -> dict[assign.Pair, int]:
    candidates = {}
    for row, name in enumerate(truth.names):
        for column, other in enumerate(predicted.names):
            alike = names.similarity(name, other)
            same = not rules.genders or same_gender(truth, predicted, (row, column))
            if same and alike >= rules.alike:
                parents = names.parents_similarity(truth.parents[row], predicted.parents[column])
                candidates[row, column] = round(SCALE * (alike + PARENTS_WEIGHT * parents))
    return candidates


def same_gender(truth: Side, predicted: Side, pair: assign.Pair) -> bool:
    """They agree, or either side does not say."""
    one, other = truth.people[pair[0]].gender, predicted.people[pair[1]].gender
    return one == other or one in UNKNOWN or other in UNKNOWN


def same_people(kind: EventKind, truth: Links, predicted: Links) -> bool:
    """Do two events of this kind link the same people?

    Birth and adoption hang on the child; a parent that ground truth leaves empty may be anybody.
    Couples have no order. Targets, and triangles, overlap where both sides name some.
    """
    if kind in BY_CHILD:
        same = (
            truth.child == predicted.child
            and truth.person in (None, predicted.person)
            and truth.spouse in (None, predicted.spouse)
        )
    elif kind in BY_COUPLE:
        same = same_couple((truth.person, truth.spouse), (predicted.person, predicted.spouse))
    else:
        same = (
            truth.person == predicted.person
            and truth.spouse == predicted.spouse
            and truth.child == predicted.child
        )
    return (
        same
        and _overlap(truth.targets, predicted.targets)
        and _overlap(truth.triangles, predicted.triangles)
    )


def same_couple(one: tuple[object, object], other: tuple[object, object]) -> bool:
    return one in (other, other[::-1])


def _overlap(one: frozenset[object], other: frozenset[object]) -> bool:
    return not one or not other or not one.isdisjoint(other)


def _follow(
    truth: Side, predicted: Side, people: tuple[assign.Pair, ...], rules: Rules
) -> tuple[Matching, tuple[int, int]]:
    """The matching that these people lead to, and its worth: matches, then similarity."""
    view = predicted.as_prediction(truth, {column: row for row, column in people})
    bonds, events = _bond_candidates(truth, view), _event_candidates(truth, predicted, view, rules)
    matching = Matching(truth, predicted, people, assign.best(bonds), assign.best(events), view)
    size = len(matching.pair_bonds) + len(matching.events)
    edges = len(set(truth.as_truth.edges) & set(view.edges))
    similar = _total(bonds, matching.pair_bonds) + _total(events, matching.events)
    return matching, (size, edges * assign.SIMILAR + similar)


def _total(candidates: Mapping[assign.Pair, int], pairs: tuple[assign.Pair, ...]) -> int:
    return sum(candidates[pair] for pair in pairs)


def _bond_candidates(truth: Side, view: View) -> dict[assign.Pair, int]:
    return {
        (row, column): int(truth.pair_bonds[row].married == view.side.pair_bonds[column].married)
        for row, ends in enumerate(truth.as_truth.ends)
        for column, others in enumerate(view.ends)
        if same_couple(ends, others)
    }


def _event_candidates(
    truth: Side, predicted: Side, view: View, rules: Rules
) -> dict[assign.Pair, int]:
    candidates = {}
    links = truth.as_truth.links
    for row, event in enumerate(truth.events):
        for column, other in enumerate(predicted.events):
            if (
                event.kind is other.kind
                and same_people(event.kind, links[row], view.links[column])
                and within_tolerance(
                    truth.dates[row], predicted.dates[column], loose=rules.dates_loose
                )
            ):
                candidates[row, column] = _likeness(truth, predicted, view, (row, column))
    return candidates


def _likeness(truth: Side, predicted: Side, view: View, pair: assign.Pair) -> int:
    """How close the dates are; among equals, how alike the codes are, then all the rest."""
    row, column = pair
    one, other = truth.events[row], predicted.events[column]
    codes = sum(getattr(one, name) is getattr(other, name) for name in VARIABLES)
    rest = sum(bool(getattr(one, name) == getattr(other, name)) for name in OTHER_FIELDS)
    rest += truth.as_truth.links[row] == view.links[column]
    near = round(SCALE * closeness(truth.dates[row], predicted.dates[column]))
    return near * 64 + codes * 8 + rest
