"""What several answers come to by vote: a table, and what holds for any of them."""

import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.task_kinds.extraction import score
from nlu_shared.measure import f1
from nlu_shared.rendering import ModelPrediction
from nlu_shared.rendering.leniency import Fault
from nlu_shared.rendering.names import plain
from nlu_shared.rendering.vote import vote
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.prompts import TaskKind

from tests.induction.task_kinds.extraction.coding import event, family
from tests.induction.task_kinds.extraction.families import extractions, renumbered

Answer = tuple[str | None, float | None]
NOTHING: Answer = (None, None)
LABELS: list[tuple[list[Answer], Answer]] = [
    ([("a", 0.9), ("b", 0.99), ("a", 0.7)], ("a", 1.6 / 3)),  # most, however sure the other is
    ([("a", 0.2), ("b", 0.6), ("c", 0.5)], ("b", 0.2)),  # even: the surest
    ([("b", 0.5), ("a", 0.5)], ("b", 0.25)),  # even and as sure: the first
    ([("a", None), ("b", None), ("b", None)], ("b", None)),
    ([("a", None), ("a", 0.8), ("b", 0.9)], ("a", 0.4)),  # who names none does not count as 0
    ([("a", 0.8), NOTHING, ("b", 0.9)], ("b", 0.45)),  # what cannot be used has no vote
    ([("a", 0.8), NOTHING, NOTHING], (None, None)),
    ([("a", 0.8), NOTHING], (None, None)),  # half is no majority
]


def answered(answer: Answer) -> ModelPrediction:
    label, confidence = answer
    return ModelPrediction(fault="refused") if label is None else ModelPrediction(label, confidence)


@pytest.mark.parametrize(("answers", "voted"), LABELS)
def test_labels(answers: list[Answer], voted: Answer) -> None:
    by_vote = vote([answered(one) for one in answers], TaskKind.INTENT)
    assert (by_vote.output, by_vote.fault) == (voted[0], None if voted[0] else Fault.NO_MAJORITY)
    assert by_vote.confidence == (None if voted[1] is None else pytest.approx(voted[1]))


def test_where_nobody_answers_the_fault_is_theirs() -> None:
    assert vote([answered(NOTHING)] * 3, TaskKind.INTENT) == answered(NOTHING)


SURENESS = st.none() | st.floats(0, 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), SURENESS), min_size=1, max_size=7))
def test_the_order_of_members_changes_no_label_unless_it_is_even(answers: list[Answer]) -> None:
    counted = {one: sum(label == one for label, _ in answers) for one in "ab"}
    if counted["a"] == counted["b"]:
        return
    orders = (
        list(permutations(map(answered, answers)))
        if len(answers) < 5
        else [
            [answered(one) for one in order]
            for order in (answers, answers[::-1], sorted(answers, key=str))
        ]
    )
    assert len({repr(vote(order, TaskKind.INTENT)) for order in orders}) == 1


@given(st.sampled_from("ab"), SURENESS, st.integers(1, 9))
def test_members_that_agree_are_that_answer(label: str, sure: float | None, members: int) -> None:
    one = ModelPrediction(label, sure)
    assert vote([one] * members, TaskKind.INTENT) == one


def elected(*extractions: Extraction) -> Extraction:
    read = [ModelPrediction(one.model_dump(mode="json")) for one in extractions]
    return Extraction.model_validate(vote(read, TaskKind.EXTRACTION).output)


ANN, TOM = "Ann:female", "Tom:male"
UP, DOWN = {"anxiety": "up"}, {"anxiety": "down"}


def shift(date: str | None, **codes: str) -> dict[str, object]:
    return event("shift", -1, dateTime=date, **codes)


ITEMS: list[tuple[str, list[Extraction], Extraction]] = [
    (
        "an item of most is in, one of a minority is not",
        [family(ANN, TOM), family(TOM), family(TOM, "Joe")],
        family(TOM),
    ),
    (
        "titles and letters make no other person",
        [family("aunt ann"), family("Ann"), family("Ann")],
        family("Ann"),
    ),
    (
        "each code goes by its own majority",
        [
            family(ANN, events=(shift("2010", **UP, symptom="up"),)),
            family(ANN, events=(shift("2010", **UP),)),
            family(ANN, events=(shift("2010", **DOWN, symptom="up"),)),
        ],
        family(ANN, events=(shift("2010", **UP, symptom="up"),)),
    ),
    (
        "dates that can be the same are one event, others are two",
        [
            family(ANN, events=(shift("2010-03", **UP), shift("2018", **DOWN))),
            family(ANN, events=(shift("2010", **UP),)),
            family(ANN, events=(shift("2018", **DOWN), shift("2010", **UP))),
        ],
        family(ANN, events=(shift("2010", **UP), shift("2018", **DOWN))),
    ),
    (
        "the nearest go together, wherever they stand",
        [
            family(ANN, events=(shift("2011", **DOWN),)),
            family(ANN, events=(shift("2010", **UP), shift("2011", **DOWN))),
            family(ANN, events=(shift("2010", **UP), shift("2011", **DOWN))),
        ],
        family(ANN, events=(shift("2010", **UP), shift("2011", **DOWN))),
    ),
    (
        "couples have no order, and links follow the people",
        [
            family(ANN, TOM, bonds={-3: (-1, -2)}),
            family(TOM, ANN, bonds={-3: (-1, -2)}),
            family(ANN, TOM, "Joe^-4", bonds={-4: (-1, -2)}),
        ],
        family(ANN, TOM, bonds={-3: (-1, -2)}),
    ),
    (
        "parents are a link like any other",
        [family(ANN, TOM, "Joe^-4", bonds={-4: (-1, -2)})] * 2 + [family("Joe")],
        family(ANN, TOM, "Joe^-4", bonds={-4: (-1, -2)}),
    ),
    (
        "what is committed is told by its id",
        [family(events=(event("death", 7, dateTime="2001"),))] * 2
        + [family(events=(event("death", 8, dateTime="2001"),))],
        family(events=(event("death", 7, dateTime="2001"),)),
    ),
    (
        "ids are deleted by majority",
        [family(delete=(3, 4)), family(delete=(4,)), family()],
        family(delete=(4,)),
    ),
]


@pytest.mark.parametrize(("why", "members", "voted"), ITEMS, ids=[one[0] for one in ITEMS])
def test_items(why: str, members: list[Extraction], voted: Extraction) -> None:
    assert is_exactly(elected(*members), voted), elected(*members)


def is_exactly(one: Extraction, other: Extraction) -> bool:
    counts = score.counts([other], [one])[0]
    return not counts[:, [f1.FP, f1.FN]].any() and set(one.delete) == set(other.delete)


@given(extractions(), st.integers(1, 5))
def test_members_that_agree_but_for_ids_are_that_extraction(one: Extraction, more: int) -> None:
    if all(person.name for person in one.people):
        assert is_exactly(elected(one, *[renumbered(one, 1_000 * n) for n in range(1, more)]), one)


@given(st.lists(extractions(), min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_members_changes_which_items_are_in_never(
    members: list[Extraction], chance: random.Random
) -> None:
    """Fields may be even between three; whether an item is in never is."""
    shuffled = chance.sample(members, len(members))
    one, other = elected(*members), elected(*shuffled)
    for name in ("people", "pair_bonds", "events", "delete"):
        assert len(getattr(one, name)) == len(getattr(other, name)), name
    assert sorted(plain(p.name) for p in one.people) == sorted(plain(p.name) for p in other.people)
