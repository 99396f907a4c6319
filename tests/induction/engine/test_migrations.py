"""What a migration claims of a new model, and how often it is wrong."""

from dataclasses import replace

import pytest
from induction.engine.migration.comparison import BEYOND
from induction.engine.migration.migrate import NOT_SEARCHED, NOTHING_SEARCHED, bound, migrate
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.engine.traffic import on_traffic
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.measure.non_inferiority import holm, moved
from nlu_shared.schemas.events import (
    ModelCompared,
    PromptAdapted,
    PromptEvaluated,
    RunFinished,
    RunStarted,
)
from nlu_shared.schemas.migration import ComparisonKind, Measure, ModelComparison
from nlu_shared.schemas.prompts import Example

from tests.induction.engine.migrating import (
    EVEN,
    RARE,
    Models,
    breaking,
    compared_by,
    plan_of,
    shown_in,
)
from tests.induction.engine.runtimes import Recording, events_of
from tests.induction.engine.test_traffic import logged

RUNS = 300


def same(number: int, truth: int, sample: int) -> int:
    """Right but for every tenth case."""
    return truth + (number % 10 == 0)


def worse_on_one(number: int, truth: int, sample: int) -> int:
    return truth + 1 if truth == 2 else same(number, truth, sample)


async def comparisons(plan: Plan, runtime: Recording) -> list[ModelComparison]:
    events = await events_of(plan, runtime, migrate)
    return [one.comparison for one in events if isinstance(one, ModelCompared)]


async def test_each_new_model_is_answered_on_the_same_untouched_cases() -> None:
    runtime = Models({"old": same, "alike": same, "bad": worse_on_one}, 5)
    plan = plan_of(1_500, 5, to_models=("alike", "bad"))
    alike, bad = await comparisons(plan, runtime)
    assert (alike.kind, alike.model) == (ComparisonKind.NOT_WORSE, "alike")
    assert (bad.kind, bad.model) == (ComparisonKind.WORSE, "bad")
    assert bad.worse_on[0].component == "label2"
    assert "Worse, on label2" in bad.summary
    assert alike.cases == bad.cases == 300
    test = {case.text for case in plan.cases if plan.splits[case.id] == "test"}
    assert len(runtime.sent) == 3 * len(test)
    assert all(call.purpose == "comparison" for call in runtime.sent)


async def test_few_cases_that_show_no_difference_prove_nothing() -> None:
    """A bootstrap of no difference is sure of it; to rule 2 points out takes 188 cases."""
    runtime = Models({"old": same, "alike": same}, 5)
    (one,) = await comparisons(plan_of(200, 5, to_models=("alike",)), runtime)
    assert one.kind is ComparisonKind.NEEDS_LABELS
    assert one.interval == (0.0, 0.0)
    assert one.labels_needed is not None
    assert 500 < one.labels_needed < 1_500
    assert f"{one.labels_needed} more labelled cases" in one.summary


async def test_without_a_test_split_validation_serves_and_it_is_told() -> None:
    runtime = Models({"old": same, "alike": same}, 5)
    plan = plan_of(60, 5, to_models=("alike",), optimise=True)
    events = await events_of(plan, runtime, migrate)
    (started,) = [one for one in events if isinstance(one, RunStarted)]
    assert NOT_SEARCHED in started.notes
    (compared,) = [one.comparison for one in events if isinstance(one, ModelCompared)]
    assert compared.tested_on == "validation"
    assert "no untouched test cases" in compared.summary
    assert not [call for call in runtime.sent if call.purpose == "proposer"]


async def test_without_labels_it_is_called_agreement_and_measured_against_the_old_models_own() -> (
    None
):
    """An old model that wavers does not agree with itself either: the new one need not do more."""

    def wavering(number: int, truth: int, sample: int) -> int:
        return truth + (number % 4 == sample)

    runtime = Models({"old": wavering, "new": lambda n, truth, _: truth}, 5)
    plan = plan_of(1_500, 5, to_models=("new",), agreement=True)
    events = await events_of(plan, runtime, migrate)
    (one,) = [event.comparison for event in events if isinstance(event, ModelCompared)]
    assert one.measure is Measure.AGREEMENT
    assert one.before < one.after < 1
    assert one.kind is ComparisonKind.NOT_WORSE
    assert "agreement with the old model" in one.summary
    assert not [event for event in events if isinstance(event, PromptEvaluated)]


async def test_logged_texts_take_the_place_of_cases_but_for_those_the_prompt_quotes() -> None:
    runtime = Models({"old": same, "alike": same, "bad": worse_on_one}, 5)
    plan = plan_of(0, 5, to_models=("alike", "bad"), agreement=True, optimise=True)
    quoted = Example(text="text1 says1 things1", output="label1")
    baseline = plan.baseline.model_copy(update={"examples": (quoted,)})
    predictions = [logged(n, f"text{n} says{n} things{n}", "any") for n in range(1, 301)]
    on = on_traffic(replace(plan, baseline=baseline), predictions, {}, serving=None)
    events = await events_of(on, runtime, migrate)
    (started,) = [one for one in events if isinstance(one, RunStarted)]
    assert (NOTHING_SEARCHED in started.notes, started.splits) == (True, {})
    alike, bad = [one.comparison for one in events if isinstance(one, ModelCompared)]
    assert (alike.tested_on, alike.cases, alike.measure) == ("traffic", 299, Measure.AGREEMENT)
    assert (bad.kind, bad.worse_on[0].component) == (ComparisonKind.WORSE, "label2")
    assert "Logged predictions were asked" in bad.summary
    assert len(runtime.sent) == bound(on).calls == 4 * 299
    assert not any("says" in event.model_dump_json() for event in events)


async def test_where_no_migration_takes_as_many_predictions_as_are_needed_it_says_so() -> None:
    runtime = Models({"old": same, "alike": same}, 5)
    predictions = [logged(n, f"text{n} says{n} things{n}", "any") for n in range(1, 61)]
    for margin, is_beyond in ((0.02, False), (0.0005, True)):
        plan = plan_of(0, 5, to_models=("alike",), agreement=True, margin=margin)
        on = on_traffic(plan, predictions, {}, serving=None)
        (one,) = await comparisons(on, runtime)
        assert one.kind is ComparisonKind.NEEDS_LABELS
        assert one.summary.endswith(BEYOND) is is_beyond


async def test_a_reason_quotes_no_answer_to_a_logged_text() -> None:
    class Chatting(Models):
        def _one(self, call: Call) -> ModelAnswer:
            return ModelAnswer(Outcome.OK, "I would rather talk.")

    plan = plan_of(0, 5, to_models=("new",), agreement=True)
    predictions = [logged(n, f"text{n} says{n} things{n}", "any") for n in range(1, 31)]
    on = on_traffic(plan, predictions, {}, serving=None)
    events = await events_of(on, Chatting({}, 5), migrate)
    (over,) = [one for one in events if isinstance(one, RunFinished)]
    assert over.status == "failed"
    assert over.reason.startswith("nearly no answer of the model is usable: 30 of 30")
    assert "talk" not in over.reason


async def test_a_new_model_that_cannot_be_asked_is_not_judged_and_the_others_are() -> None:
    runtime = Models({"old": same, "alike": same}, 5)
    why = "its server takes no request"
    plan = plan_of(300, 5, to_models=("mute", "alike"), unusable={"mute": why}, optimise=True)
    mute, alike = await comparisons(replace(plan, max_iterations=1), runtime)
    assert (mute.model, mute.kind, mute.cases) == ("mute", ComparisonKind.NOT_JUDGED, 0)
    assert mute.summary == f"Not judged: {why}."
    assert (alike.kind is ComparisonKind.NOT_JUDGED, alike.alpha) == (False, 0.05)
    assert "mute" not in {call.request.model for call in runtime.sent}


@pytest.mark.law
@pytest.mark.long
async def test_a_prompt_is_searched_for_each_new_model_without_a_look_at_the_test_cases() -> None:
    """A model that is right only where the prompt shows examples."""
    plan = plan_of(600, 5, to_models=("new", "other"), optimise=True, max_iterations=2)

    class Learning(Models):
        def _one(self, call):  # type: ignore[no-untyped-def]
            shown = shown_in(call.request.system) > 0
            self._answers = {**self._answers, "new": same if shown else worse_on_one}
            return super()._one(call)

    runtime = Learning({"old": same, "other": same}, 5)
    events = await events_of(plan, runtime, migrate)
    (adapted,) = [one for one in events if isinstance(one, PromptAdapted)]
    assert (adapted.model, adapted.parent_hash) == ("new", plan.baseline.version_hash)
    assert adapted.after > adapted.before
    new, other = [one.comparison for one in events if isinstance(one, ModelCompared)]
    assert (new.optimised, new.version_hash) == (True, adapted.version_hash)
    assert (other.optimised, other.version_hash) == (False, plan.baseline.version_hash)
    test = [case.text for case in plan.cases if plan.splits[case.id] == "test"]
    searching = [call for call in runtime.sent if call.purpose != "comparison"]
    assert not any(text in call.request.user for call in searching for text in test)
    assert len(runtime.sent) <= bound(plan).calls


async def test_a_limit_of_calls_leaves_room_for_the_comparisons() -> None:
    plan = plan_of(600, 5, to_models=("new", "other"), optimise=True, calls=1_500)
    runtime = Models({"old": same, "new": worse_on_one, "other": worse_on_one}, 5)
    assert len(await comparisons(plan, runtime)) == 2
    assert len(runtime.sent) <= 1_500


async def test_a_model_that_answers_nothing_is_not_judged() -> None:
    class Half(Models):
        def _one(self, call):  # type: ignore[no-untyped-def]
            if call.request.model == "new":
                return ModelAnswer(Outcome.REJECTED)
            return super()._one(call)

    events = await events_of(plan_of(300, 5, to_models=("new",)), Half({"old": same}, 5), migrate)
    (one,) = [event.comparison for event in events if isinstance(event, ModelCompared)]
    assert one.kind is ComparisonKind.NOT_JUDGED
    assert isinstance(events[-1], RunFinished)


async def test_new_models_and_earlier_migrations_share_the_chance_of_a_false_claim() -> None:
    runtime = Models({"old": same, "new": same, "other": same}, 5)
    plan = plan_of(300, 5, to_models=("new", "other"), looks=1)
    for one in await comparisons(plan, runtime):
        assert (one.alpha, one.look) == (0.0125, 2)
        assert "each had to show more" in one.summary


@pytest.mark.parametrize(
    ("cases", "ruled_out"), [(150, False), (180, False), (190, True), (250, True)]
)
def test_with_no_case_moved_two_points_take_about_188_cases(cases: int, ruled_out: bool) -> None:
    strata = [str(n % 5) for n in range(cases)]
    assert moved([0.0] * cases, strata, margin=0.02).rules_out(0.02, 0.05) is ruled_out


def test_a_rare_label_nobody_lost_a_case_of_may_hide_the_whole_loss() -> None:
    common = ["often"] * 500
    assert moved([0.0] * 500, common, margin=0.1).rules_out(0.1, 0.05)
    assert not moved([0.0] * 503, [*common, *["rare"] * 3], margin=0.1).rules_out(0.1, 0.05)


@pytest.mark.parametrize(
    ("p_values", "fallen"),
    [
        ([0.01, 0.04, 0.03], [True, False, False]),
        ([0.01, 0.02, 0.03], [True, True, True]),
        ([0.2], [False]),
        ([], []),
    ],
)
def test_of_several_components_each_has_to_pass_what_is_left_of_alpha(
    p_values: list[float], fallen: list[bool]
) -> None:
    assert holm(p_values, 0.05) == fallen


@pytest.mark.law
@pytest.mark.parametrize(
    ("sizes", "fixes", "only", "margin"),
    [
        (EVEN, 0.0, None, 0.02),
        pytest.param(EVEN, 0.05, None, 0.02, marks=pytest.mark.long),
        pytest.param(EVEN, 0.05, None, 0.05, marks=pytest.mark.long),
        pytest.param(RARE, 0.0, 9, 0.02, marks=pytest.mark.long),
        pytest.param(RARE, 0.05, 9, 0.02, marks=pytest.mark.long),
    ],
)
def test_a_model_that_loses_the_margin_is_rarely_called_not_worse(
    sizes: tuple[int, ...], fixes: float, only: int | None, margin: float
) -> None:
    """5 % at most, of 300 at the boundary: where all labels lose alike, and where one rare does."""
    breaks = breaking(sizes, margin, fixes=fixes, only=only)
    kinds = [
        compared_by(sizes, breaks, fixes=fixes, seed=seed, margin=margin).kind
        for seed in range(RUNS)
    ]
    assert kinds.count(ComparisonKind.NOT_WORSE) / RUNS <= 0.05


@pytest.mark.law
@pytest.mark.long
def test_labels_that_are_no_worse_are_rarely_named() -> None:
    """A model that turns a tenth of its answers and loses nothing, ten labels at once."""
    sizes = (30,) * 10
    named = sum(
        bool(compared_by(sizes, [0.05] * 10, fixes=0.05, seed=seed).worse_on)
        for seed in range(RUNS)
    )
    assert named / RUNS <= 0.05


@pytest.mark.law
@pytest.mark.long
def test_a_model_that_is_as_good_is_mostly_found_to_be_with_a_thousand_cases() -> None:
    kinds = [compared_by((200,) * 5, [0.02] * 5, fixes=0.02, seed=s).kind for s in range(100)]
    assert kinds.count(ComparisonKind.NOT_WORSE) >= 75
