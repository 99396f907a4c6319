"""What holds for the scorer whatever the families are."""

import random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from induction.task_kinds.extraction import explain, score
from induction.task_kinds.extraction.match import match
from induction.task_kinds.extraction.sides import Side
from nlu_shared.measure import f1
from nlu_shared.schemas.extraction import Event, Extraction, Person

from tests.induction.task_kinds.extraction import greedy
from tests.induction.task_kinds.extraction.families import extractions, renumbered

SWAPPED = [f1.TP, f1.FN, f1.FP]


def counted(truth: Extraction, predicted: Extraction) -> np.ndarray:
    return score.counts([truth], [predicted])[0]


@given(extractions())
def test_an_extraction_is_exactly_itself_under_other_ids(one: Extraction) -> None:
    assume(all(person.name for person in one.people))  # the nameless are like nobody
    counts = counted(one, renumbered(one, 1_000))
    assert counts[:, f1.FP].sum() == counts[:, f1.FN].sum() == 0
    assert all(value == 1 for value in score.scores(counts).values())


@given(extractions(), extractions(), st.integers(1, 500), st.integers(1, 500))
def test_ids_are_only_links(truth: Extraction, predicted: Extraction, one: int, other: int) -> None:
    moved = counted(renumbered(truth, one), renumbered(predicted, other))
    assert (moved == counted(truth, predicted)).all()


@given(extractions(), extractions(), st.randoms(use_true_random=False))
def test_the_order_of_items_changes_nothing(
    truth: Extraction, predicted: Extraction, chance: random.Random
) -> None:
    assert (
        counted(mixed(truth, chance), mixed(predicted, chance)) == counted(truth, predicted)
    ).all()


def mixed(one: Extraction, chance: random.Random) -> Extraction:
    lists = {name: list(getattr(one, name)) for name in ("people", "events", "pair_bonds")}
    for items in lists.values():
        chance.shuffle(items)
    return Extraction(**{name: tuple(items) for name, items in lists.items()})


@given(extractions(), extractions())
def test_without_a_user_and_open_parents_the_ruler_has_no_sides(
    truth: Extraction, predicted: Extraction
) -> None:
    truth, predicted = even(truth), even(predicted)
    there, back = counted(truth, predicted), counted(predicted, truth)
    entities = [*score.ENTITIES, score.ROW["structural"], score.ROW["shift"], score.ROW["exact"]]
    assert (there[entities] == back[entities][:, SWAPPED])[:-1].all()
    assert (there[entities[-1]] == back[entities[-1]]).all()


def even(one: Extraction) -> Extraction:
    """Without the two rules that favour ground truth."""
    people = [p for p in one.people if p.name != "User"]
    events = [e for e in one.events if e.kind != "birth"]
    return one.model_copy(update={"people": tuple(people), "events": tuple(events)})


@given(extractions(), extractions())
def test_never_fewer_matches_than_greedy(truth: Extraction, predicted: Extraction) -> None:
    ours = match(Side(truth), Side(predicted))
    assert len(ours.people) >= len(greedy.people(truth, predicted))
    ids: dict[int | None, int | None] = {None: None}
    for row, column in ours.people:
        ids[ours.predicted.people[column].id] = ours.truth.people[row].id
    assert len(ours.events) >= len(greedy.events(truth, predicted, ids))
    assert len(ours.pair_bonds) >= len(greedy.pair_bonds(truth, predicted, ids))


@given(extractions(), extractions())
def test_every_item_is_paired_once_or_explained_once(
    truth: Extraction, predicted: Extraction
) -> None:
    matching = match(Side(truth), Side(predicted))
    pairs, misses = explain.pairs(matching), explain.misses(matching)
    missed = [id(miss.item) for miss in misses if not miss.is_extra]
    extra = [id(miss.item) for miss in misses if miss.is_extra]
    ids = [id(pair.truth) for pair in pairs] + missed
    assert sorted(ids) == sorted(map(id, items(truth)))
    ids = [id(pair.predicted) for pair in pairs] + extra
    assert sorted(ids) == sorted(map(id, items(predicted)))
    assert all((miss.nearest is None) == (miss.failed == ("absent",)) for miss in misses)


def items(one: Extraction) -> list[object]:
    return [*one.people, *one.events, *one.pair_bonds]


@given(st.lists(st.tuples(extractions(), extractions()), max_size=4))
def test_counts_add_up_over_cases(cases: list[tuple[Extraction, Extraction]]) -> None:
    truths, predictions = [case[0] for case in cases], [case[1] for case in cases]
    by_case = score.counts(truths, predictions)
    assert by_case.shape == (len(cases), len(score.COMPONENTS), 3)
    alone = sum((counted(*case) for case in cases), np.zeros(by_case.shape[1:], dtype=np.int64))
    assert (by_case.sum(axis=0) == alone).all()


def test_many_equals_are_settled_in_bounded_work() -> None:
    """Twelve of one name have 479,001,600 equal assignments."""
    same = Extraction(
        people=tuple(Person(id=-n, name="Mary") for n in range(1, 13)),
        events=tuple(Event(id=-50, kind="death", person=-n) for n in range(1, 13)),
    )
    assert counted(same, same)[score.ROW["people"], f1.TP] == 12
