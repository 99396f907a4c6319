"""A straightforward matcher to measure ours against: each item takes the first best that is left.

Written from the rules alone, without the matcher's tables: names and dates are compared by the
rules' own functions, everything else here.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from induction.task_kinds.extraction.names import ALIKE, parents_similarity, similarity
from nlu_shared.rendering.dates import closeness, when, within_tolerance
from nlu_shared.rendering.names import plain
from nlu_shared.schemas.extraction import Event, Extraction, Gender, PairBond, Person

Item = TypeVar("Item", Person, Event, PairBond)
Pairs = list[tuple[Item, Item]]
COUPLES = {"married", "divorced", "separated", "bonded"}
NO_GENDER = {None, Gender.UNKNOWN}


def take(
    truth: Sequence[Item], predicted: Sequence[Item], like: Callable[[Item, Item], float | None]
) -> Pairs[Item]:
    """`like` is None where two items cannot match."""
    left, pairs = list(truth), []
    for other in predicted:
        scored = [(like(one, other), place) for place, one in enumerate(left)]
        open_ = [(score, -place) for score, place in scored if score is not None]
        if open_:
            pairs.append((left.pop(-max(open_)[1]), other))
    return pairs


def people(truth: Extraction, predicted: Extraction) -> Pairs[Person]:
    def like(one: Person, other: Person) -> float | None:
        alike = similarity(plain(one.name), plain(other.name))
        known = one.gender not in NO_GENDER and other.gender not in NO_GENDER
        if alike < ALIKE or (known and one.gender != other.gender):
            return None
        return alike + 0.1 * parents_similarity(parents(truth, one), parents(predicted, other))

    return take(truth.people, predicted.people, like)


def parents(of: Extraction, person: Person) -> tuple[str, ...]:
    bond = next((one for one in of.pair_bonds if one.id == person.parents is not None), None)
    ends = (bond.person_a, bond.person_b) if bond else ()
    named = [next((one.name for one in of.people if one.id == end), None) for end in ends]
    return tuple(sorted(plain(name) for name in named if name))


def pair_bonds(
    truth: Extraction, predicted: Extraction, ids: dict[int | None, int | None]
) -> Pairs[PairBond]:
    def like(one: PairBond, other: PairBond) -> float | None:
        ours = [one.person_a, one.person_b]
        theirs = [ids.get(other.person_a, "?"), ids.get(other.person_b, "?")]
        return 1.0 if theirs in (ours, ours[::-1]) else None

    return take(truth.pair_bonds, predicted.pair_bonds, like)


def events(
    truth: Extraction, predicted: Extraction, ids: dict[int | None, int | None]
) -> Pairs[Event]:
    def like(one: Event, other: Event) -> float | None:
        dates = when(one.dateTime, one.dateCertainty), when(other.dateTime, other.dateCertainty)
        if one.kind != other.kind or not within_tolerance(*dates):
            return None
        person, spouse, child = (
            ids.get(end, "?") for end in (other.person, other.spouse, other.child)
        )
        if one.kind in ("birth", "adopted"):
            linked = one.child == child and one.person in (None, person)
            linked = linked and one.spouse in (None, spouse)
        elif one.kind in COUPLES:
            linked = [one.person, one.spouse] in ([person, spouse], [spouse, person])
        else:
            linked = (one.person, one.spouse, one.child) == (person, spouse, child)
        for name in ("relationshipTargets", "relationshipTriangles"):
            ours, theirs = set(getattr(one, name)), {ids.get(i, "?") for i in getattr(other, name)}
            linked = linked and not (ours and theirs and not ours & theirs)
        return closeness(*dates) if linked else None

    return take(truth.events, predicted.events, like)
