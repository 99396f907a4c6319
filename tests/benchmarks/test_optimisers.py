"""The optimisers' benchmark keeps its promises: equal cases, counted calls, peers named."""

import pytest
from induction.task_kinds.base import Outcome

from benchmarks.optimisers.data import LABELLED, Round, divided, drawn, pool
from benchmarks.optimisers.metered import MeteredModel
from benchmarks.optimisers.methods import ALL_SHOWN, OURS, PLAIN, VARIANTS
from benchmarks.optimisers.report import NO_EVIDENCE, tables
from benchmarks.optimisers.rounds import played, played_within

BUDGET = 300
BOUND = 600


@pytest.fixture(scope="module")
def drawn_round() -> Round:
    return drawn(pool(None, text="text", label="label"), seed=0)


def test_a_question_past_the_budget_is_not_answered_and_not_counted(drawn_round: Round) -> None:
    door = MeteredModel(drawn_round.task, budget=3)
    results = door.evaluate(drawn_round.task.baseline(), drawn_round.labelled[:5])
    assert (door.calls, door.silent) == (3, True)
    faults = [one.prediction.fault for one in results.by_case.values()]
    assert faults == [None] * 3 + [str(Outcome.OVER_BUDGET)] * 2


@pytest.mark.parametrize("cached", [True, False])
def test_an_equal_question_costs_nothing_only_where_a_method_has_a_cache(
    drawn_round: Round, *, cached: bool
) -> None:
    door = MeteredModel(drawn_round.task, cached=cached)
    for _ in range(2):
        door.evaluate(drawn_round.task.baseline(), drawn_round.labelled[:4])
    assert door.calls == (4 if cached else 8)


def test_hidden_cases_are_none_of_the_labelled_and_wrong_labels_are_among_those_only() -> None:
    source = pool(None, text="text", label="label")
    clean, spoiled = (drawn(source, seed=1, wrong=share) for share in (0.0, 0.1))
    assert not {case.text for case in clean.labelled} & {case.text for case in clean.hidden}
    assert spoiled.hidden == clean.hidden
    pairs = zip(clean.labelled, spoiled.labelled, strict=True)
    assert sum(one.truth != other.truth for one, other in pairs) == LABELLED // 10


def test_peers_learn_from_four_fifths_and_choose_by_the_rest(drawn_round: Round) -> None:
    problem = divided(drawn_round)
    assert (len(problem.train), len(problem.validation)) == (160, 40)
    assert {case.id for case in (*problem.train, *problem.validation)} == {
        case.id for case in drawn_round.labelled
    }


def test_every_method_keeps_to_the_calls_and_the_report_says_what_it_is_not(
    drawn_round: Round,
) -> None:
    chosen = ("baseline", OURS, "plain loop")
    results = list(played(drawn_round, PLAIN, [BUDGET], chosen))
    assert all(result.calls <= result.budget for result in results)
    results += played(drawn_round, VARIANTS[2], [BUDGET], chosen)
    results += played_within(drawn_round, [BOUND], BUDGET, (*chosen, ALL_SHOWN))
    bounded = {result.method: result.tokens for result in results if result.bound == BOUND}
    assert bounded.keys() == {OURS, ALL_SHOWN}
    assert all(0 < tokens <= BOUND for tokens in bounded.values())
    text = tables(results, ["gepa"])
    assert f"{BUDGET} calls, within so many tokens: {BOUND}" in text
    assert NO_EVIDENCE in text
    assert "not installed: gepa" in text
    assert "wrong labels, ours:" in text
