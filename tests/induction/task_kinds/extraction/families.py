"""Small families for property tests: few names and dates, so that much competes."""

from hypothesis import strategies as st
from nlu_shared.schemas.extraction import (
    DateCertainty,
    Direction,
    Event,
    EventKind,
    Extraction,
    Gender,
    PairBond,
    Person,
    Relationship,
)

NAMES = ["Mary", "Mary Smith", "Aunt Mary", "Marie", "Tom", "User", "Dad", None]
DATES = [None, "1985", "1985-01-01", "March 1985", "1985-03-12", "1986-12-30", "1991", "the 1980s"]
KINDS = [EventKind.SHIFT, EventKind.BIRTH, EventKind.MARRIED, EventKind.DEATH]


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


@st.composite
def extractions(draw: st.DrawFn) -> Extraction:
    size = draw(st.integers(0, 4))
    bonds = draw(st.integers(0, 2)) if size else 0
    ids = list(range(-1, -size - 1, -1))
    bond_ids = list(range(-50, -50 - bonds, -1))
    someone = maybe(st.sampled_from(ids)) if ids else st.none()
    people = [
        Person(
            id=one,
            name=draw(st.sampled_from(NAMES)),
            gender=draw(st.sampled_from([None, Gender.MALE, Gender.FEMALE, Gender.UNKNOWN])),
            parents=draw(maybe(st.sampled_from(bond_ids))) if bond_ids else None,
        )
        for one in ids
    ]
    pair_bonds = [
        PairBond(id=one, person_a=draw(someone), person_b=draw(someone)) for one in bond_ids
    ]
    several = st.lists(st.sampled_from(ids), max_size=2, unique=True) if ids else st.just([])
    events = [
        Event(
            id=-100 - one,
            kind=draw(st.sampled_from(KINDS)),
            person=draw(someone),
            spouse=draw(someone),
            child=draw(someone),
            dateTime=draw(st.sampled_from(DATES)),
            dateCertainty=draw(maybe(st.sampled_from(DateCertainty))),
            symptom=draw(maybe(st.sampled_from(Direction))),
            relationship=draw(maybe(st.sampled_from(list(Relationship)[:2]))),
            relationshipTargets=tuple(draw(several)),
        )
        for one in range(draw(st.integers(0, 4)))
    ]
    return Extraction(people=tuple(people), pair_bonds=tuple(pair_bonds), events=tuple(events))


def renumbered(one: Extraction, by: int) -> Extraction:
    """The same with other ids: every id lowered by `by`."""

    def moved(item: object) -> dict[str, object]:
        links = ("id", "parents", "person_a", "person_b", "person", "spouse", "child")
        shifted: dict[str, object] = {
            name: value - by for name in links if (value := getattr(item, name, None)) is not None
        }
        for name in ("relationshipTargets", "relationshipTriangles"):
            if hasattr(item, name):
                shifted[name] = tuple(value - by for value in getattr(item, name))
        return shifted

    return Extraction(
        people=tuple(item.model_copy(update=moved(item)) for item in one.people),
        events=tuple(item.model_copy(update=moved(item)) for item in one.events),
        pair_bonds=tuple(item.model_copy(update=moved(item)) for item in one.pair_bonds),
    )
