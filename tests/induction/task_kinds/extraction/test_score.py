"""What matchings score: by hand, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.task_kinds.extraction import score
from induction.task_kinds.extraction.match import match
from induction.task_kinds.extraction.sides import VARIABLES, Side
from nlu_shared.schemas.discussions import cumulated
from nlu_shared.schemas.extraction import Event, Extraction, Person
from sklearn.metrics import f1_score

from tests.induction.task_kinds.extraction.coding import event, family
from tests.induction.task_kinds.extraction.families import extractions

NOTHING = Extraction()


def scored(*cases: tuple[Extraction, Extraction]) -> dict[str, float]:
    by_case = score.counts([case[0] for case in cases], [case[1] for case in cases])
    return {name: float(value) for name, value in score.scores(by_case.sum(axis=0)).items()}


def test_nothing_against_nothing_is_one_everywhere() -> None:
    assert set(scored((NOTHING, NOTHING)).values()) == {1.0}


def test_the_objective_pools_people_events_and_pair_bonds() -> None:
    truth = family(
        "Mary",
        "Tom",
        "Ann^-9",
        bonds={-9: (-1, -2)},
        events=(event("married", -1, spouse=-2), event("shift", -1, symptom="up")),
    )
    predicted = family(
        "Mary",
        "Tom",
        bonds={-9: (-2, -1)},
        events=(
            event("married", -2, spouse=-1),
            event("shift", -2, symptom="up"),
            event("death", -2),
        ),
    )
    scores = scored((truth, predicted))
    assert scores["people"] == pytest.approx(4 / 5)
    assert scores["pair_bonds"] == 1
    assert scores["events"] == pytest.approx(2 / 5)
    assert scores["structural"] == pytest.approx(2 / 3)
    assert scores["shift"] == 0
    assert scores["aggregate"] == pytest.approx(8 / 12)
    assert scores["child_of"] == 0
    assert scores["exact"] == 0


def test_an_edge_child_of_needs_the_child_and_both_parents() -> None:
    truth = family("Mary", "Tom", "Ann^-9", "Bob^-9", bonds={-9: (-1, -2)})
    predicted = family("Tom", "Mary", "Ann^-8", "Bob^-7", bonds={-8: (-1, -2), -7: (-1, -3)})
    assert scored((truth, predicted))["child_of"] == 0.5


def test_a_child_without_an_id_still_has_parents() -> None:
    couple = family("Mary", "Tom", bonds={-9: (-1, -2)})
    child = Person(name="Ann", parents=-9)
    whole = couple.model_copy(update={"people": (*couple.people, child)})
    assert scored((whole, whole)) == dict.fromkeys(scored((whole, whole)), 1.0)


def test_codes_are_scored_over_matched_events_and_detection_over_all() -> None:
    truth = family(
        "Mary",
        "Tom",
        events=(event("shift", -1, symptom="up"), event("shift", -2, anxiety="up")),
    )
    predicted = family(
        "Mary",
        "Tom",
        events=(
            event("shift", -1, symptom="down", anxiety="up"),
            event("death", -2, anxiety="same"),
        ),
    )
    scores = scored((truth, predicted))
    assert scores["symptom"] == 0
    assert scores["anxiety"] == 0
    assert scores["functioning"] == 1
    assert scores["detected:symptom"] == 1
    assert scores["detected:anxiety"] == pytest.approx(2 / 3)
    assert scores["detected"] == pytest.approx(4 / 5)


def test_events_without_a_match_score_no_code() -> None:
    assert scored((family("Mary", events=(event("death", -1),)), NOTHING))["anxiety"] == 0


@given(st.lists(st.tuples(extractions(), extractions()), min_size=1, max_size=3))
def test_macro_f1_is_that_of_scikit_learn(cases: list[tuple[Extraction, Extraction]]) -> None:
    pairs = []
    for truth, predicted in cases:
        pairing = match(Side(truth), Side(predicted))
        pairs += [(pairing.truth.events[r], pairing.predicted.events[c]) for r, c in pairing.events]
    if not pairs:
        return
    ours = scored(*cases)
    for variable in VARIABLES:
        codes = [
            [getattr(one, variable) or "none" for one in side] for side in zip(*pairs, strict=True)
        ]
        assert ours[variable] == pytest.approx(f1_score(*codes, average="macro", zero_division=0))


@pytest.mark.parametrize(
    ("change", "exact"),
    [
        ({}, True),
        ({"confidence": 0.3}, True),
        ({"description": "another"}, False),
        ({"symptom": "down"}, False),
        ({"dateTime": "1986"}, False),
        ({"relationshipTargets": []}, False),
    ],
)
def test_exact_is_all_but_ids_and_confidence(change: dict[str, object], exact: bool) -> None:
    shift = event("shift", -1, symptom="up", dateTime="1985", description="a")
    shift |= {"relationshipTargets": [-2]}
    truth, predicted = family("Mary", "Tom", events=(shift,)), family("Tom", "Mary")
    moved = {**shift, "id": -7, "person": -2, "relationshipTargets": [-1], **change}
    predicted = Extraction(people=predicted.people, events=(moved,))
    assert scored((truth, predicted))["exact"] == exact


def test_exact_sees_parents_and_deletions() -> None:
    truth = family("Mary", "Tom", "Ann^-9", bonds={-9: (-1, -2)}, delete=(4,))
    orphan = family("Mary", "Tom", "Ann", bonds={-9: (-1, -2)}, delete=(4,))
    kept = family("Mary", "Tom", "Ann^-9", bonds={-9: (-1, -2)})
    assert scored((truth, truth))["exact"] == 1
    assert scored((truth, orphan), (truth, kept))["exact"] == 0


def test_carried_counts_the_cases_that_have_a_component_in_ground_truth() -> None:
    truth = family("Mary", events=(event("shift", -1, anxiety="up"), event("shift", -1)))
    support = score.support(score.counts([truth, NOTHING, truth], [NOTHING, truth, truth]))
    assert support["people"] == support["detected:anxiety"] == support["shift"] == 2
    assert support["pair_bonds"] == support["detected:symptom"] == 0


def test_scores_are_taken_over_any_leading_axes() -> None:
    by_case = score.counts([family("Mary")] * 3, [family("Mary"), family("Tom"), NOTHING])
    alone = [scored((family("Mary"), one))["people"] for one in (family("Mary"), family("Tom"))]
    assert score.scores(by_case)["people"].tolist() == [*alone, 0.0]
    assert np.allclose(score.objective(by_case), score.scores(by_case)["aggregate"])


def test_a_discussion_adds_up_its_statements() -> None:
    statements = [
        family("Mary"),
        Extraction(
            people=(Person(id=-1, last_name="Smith"), Person(id=-2, name="Tom")),
            events=(Event(id=-5, kind="shift", person=-2, relationshipTargets=(-1, -2)),),
        ),
        Extraction(people=(Person(name="Ann"), Person(name="Ann")), delete=(-2,)),
    ]
    whole = cumulated(statements)
    assert [(one.name, one.last_name) for one in whole.people] == [
        ("Mary", "Smith"),
        ("Ann", None),
        ("Ann", None),
    ]
    (left,) = whole.events
    assert (left.person, left.relationshipTargets) == (None, (-1,))
