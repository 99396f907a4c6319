"""Extractions written short, for tables of hand-checked cases."""

from nlu_shared.schemas.extraction import Extraction, PairBond, Person


def family(
    *people: str,
    bonds: dict[int, tuple[int, int]] | None = None,
    events: tuple = (),
    **rest: object,
) -> Extraction:
    """People get the ids -1, -2, …; "Mary:female" states a gender, "Tom^-9" parents."""
    return Extraction(
        people=tuple(_person(-place, person) for place, person in enumerate(people, start=1)),
        pair_bonds=tuple(
            PairBond(id=id, person_a=a, person_b=b) for id, (a, b) in (bonds or {}).items()
        ),
        events=tuple({"id": -100 - place, **event} for place, event in enumerate(events)),
        **rest,
    )


def _person(id: int, description: str) -> Person:
    description, _, parents = description.partition("^")
    name, _, gender = description.partition(":")
    return Person.model_validate(
        {"id": id, "name": name, "gender": gender or None, "parents": parents or None}
    )


def event(kind: str, person: int | None = None, **rest: object) -> dict[str, object]:
    return {"kind": kind, "person": person, **rest}
