"""What matches what, and what is said of the rest: cases checked by hand."""

import pytest
from induction.task_kinds.extraction import explain
from induction.task_kinds.extraction.explain import Condition, Entity
from induction.task_kinds.extraction.match import Matching, match
from induction.task_kinds.extraction.sides import Side
from nlu_shared.schemas.extraction import Extraction

from tests.induction.task_kinds.extraction.coding import event, family


def matched(truth: Extraction, predicted: Extraction) -> Matching:
    return match(Side(truth), Side(predicted))


def named(matching: Matching) -> set[tuple[str | None, str | None]]:
    return {
        (matching.truth.people[row].name, matching.predicted.people[column].name)
        for row, column in matching.people
    }


@pytest.mark.parametrize(
    ("truth", "predicted", "pairs"),
    [
        (["Mary"], ["Aunt Mary Smith"], {("Mary", "Aunt Mary Smith")}),
        (["Mary:female"], ["Mary:male"], set()),
        (["Mary:female"], ["Mary:unknown"], {("Mary", "Mary")}),
        (["Mary:abortion"], ["Mary:miscarriage"], set()),
        (["User", "Mary"], ["Mary"], {("Mary", "Mary")}),
        (["User", "Mary"], ["Client", "Mary"], {("User", "Client"), ("Mary", "Mary")}),
        (["Mary"], ["User"], set()),
        # Greedy gives Ann-Maria the first Ann it sees and leaves the other alone.
        (["Ann Maria", "Ann"], ["Ann", "Maria"], {("Ann Maria", "Maria"), ("Ann", "Ann")}),
        (["Michael"], ["Michael", "Michael"], {("Michael", "Michael")}),
    ],
)
def test_people_match_by_name_and_gender(
    truth: list[str], predicted: list[str], pairs: set[tuple[str, str]]
) -> None:
    assert named(matched(family(*truth), family(*predicted))) == pairs


def test_parents_names_tell_namesakes_apart() -> None:
    truth = family("Michael", "Michael^-9", "Carol", "Richard", bonds={-9: (-3, -4)})
    predicted = family("Carol", "Richard", "Michael^-7", bonds={-7: (-1, -2)})
    pairing = matched(truth, predicted)
    child = next(row for row, column in pairing.people if pairing.predicted.people[column].parents)
    assert pairing.truth.people[child].parents == -9


def test_namesakes_are_told_apart_by_what_follows_from_them() -> None:
    truth = family("Mary", "Mary", events=(event("death", -1), event("birth", child=-2)))
    predicted = family("Mary", "Mary", events=(event("death", -2), event("birth", child=-1)))
    assert len(matched(truth, predicted).events) == 2


PEOPLE = ("Mary", "Tom", "Ann", "Bob")


@pytest.mark.parametrize(
    ("truth", "predicted", "failed"),
    [
        (event("death", -1), event("death", -1), None),
        (event("death", -1), event("moved", -1), "kind"),
        (event("death", -1), event("death", -2), "link"),
        (event("death", -1), event("death"), "link"),
        (event("death"), event("death", -1), "link"),
        (event("death", -1, description="a"), event("death", -1, description="b"), None),
        (event("death", -1, dateTime="1950"), event("death", -1, dateTime="1960"), "date"),
        (event("birth", child=-3), event("birth", -1, spouse=-2, child=-3), None),
        (event("birth", -1, spouse=-2, child=-3), event("birth", child=-3), "link"),
        (event("birth", -1, child=-3), event("birth", -1, child=-4), "link"),
        (event("adopted", -2, child=-3), event("adopted", -1, child=-3), "link"),
        (event("married", -1, spouse=-2), event("married", -2, spouse=-1), None),
        (event("married", -1), event("married", spouse=-1), None),
        (event("separated", -1, spouse=-2), event("separated", -1, spouse=-3), "link"),
        (event("married", -1, spouse=-2), event("married", -2, spouse=-1, child=-3), None),
        (event("moved", -1, spouse=-2), event("moved", -2, spouse=-1), "link"),
        (
            event("shift", -1, relationshipTargets=[-2, -3]),
            event("shift", -1, relationshipTargets=[-3, -4]),
            None,
        ),
        (
            event("shift", -1, relationshipTargets=[-2]),
            event("shift", -1, relationshipTargets=[-3]),
            "link",
        ),
        (event("shift", -1, relationshipTargets=[-2]), event("shift", -1), None),
        (
            event("shift", -1, relationshipTriangles=[-2]),
            event("shift", -1, relationshipTriangles=[-3]),
            "link",
        ),
        (event("shift", 7), event("shift", 7), None),
        (event("shift", 7), event("shift", 8), "link"),
        (event("shift", 7), event("shift", -1), "link"),
    ],
)
def test_events_match_by_kind_people_and_date(
    truth: dict[str, object], predicted: dict[str, object], failed: str | None
) -> None:
    pairing = matched(family(*PEOPLE, events=(truth,)), family(*PEOPLE, events=(predicted,)))
    misses = explain.misses(pairing)
    assert len(pairing.events) == (failed is None)
    assert [miss.condition for miss in misses] == [failed] * len(misses)
    assert [miss.is_extra for miss in misses] == ([] if failed is None else [False, True])


def test_an_unmatched_person_is_not_whoever_has_their_id_in_ground_truth() -> None:
    truth = family("Mary", events=(event("death", -1),))
    predicted = family("Xerxes", events=(event("death", -1),))
    assert not matched(truth, predicted).events


def test_a_committed_person_is_the_same_whether_restated_or_not() -> None:
    truth = Extraction(events=(event("death", 5),))
    predicted = Extraction(people=({"id": 5, "name": "Mary"},), events=(event("death", 5),))
    assert matched(truth, predicted).events
    assert matched(predicted, truth).events


def test_pair_bonds_have_no_order() -> None:
    truth = family("Mary", "Tom", "Ann", bonds={-9: (-1, -2), -8: (-1, -3)})
    predicted = family("Tom", "Mary", bonds={-9: (-1, -2)})
    assert len(matched(truth, predicted).pair_bonds) == 1


def test_more_matches_win_over_closer_dates() -> None:
    truth = family(
        "Mary", events=tuple(event("shift", -1, dateTime=year) for year in ("1980", "1982"))
    )
    predicted = family(
        "Mary", events=tuple(event("shift", -1, dateTime=year) for year in ("1982", "1984"))
    )
    pairs = [
        (pair.truth.dateTime, pair.predicted.dateTime)
        for pair in explain.pairs(matched(truth, predicted))
        if pair.entity is Entity.EVENT
    ]
    assert sorted(pairs) == [("1980", "1982"), ("1982", "1984")]


def test_a_miss_names_its_nearest_candidate() -> None:
    truth = family("Mary:female", "Tom", events=(event("shift", -1, dateTime="1985"),))
    predicted = family(
        "Mary:female",
        "Mary:male",
        events=(event("death", -1, dateTime="1985"), event("shift", -1, dateTime="1995")),
    )
    misses = {
        (miss.entity, miss.is_extra, miss.condition): miss
        for miss in explain.misses(matched(truth, predicted))
    }
    assert set(misses) == {
        (Entity.PERSON, False, Condition.NAME),
        (Entity.PERSON, True, Condition.GENDER),
        (Entity.EVENT, False, Condition.DATE),
        (Entity.EVENT, True, Condition.DATE),
        (Entity.EVENT, True, Condition.KIND),
    }
    nearest = misses[Entity.EVENT, False, Condition.DATE].nearest
    assert nearest is not None
    assert nearest.id == -101


def test_a_second_copy_is_taken_and_the_first_of_its_kind_absent() -> None:
    truth = family("Mary")
    predicted = family("Mary", "Mary", events=(event("death", -1),))
    misses = explain.misses(matched(truth, predicted))
    assert [(miss.entity, miss.failed) for miss in misses] == [
        (Entity.PERSON, (Condition.TAKEN,)),
        (Entity.EVENT, (Condition.ABSENT,)),
    ]
