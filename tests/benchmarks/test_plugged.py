"""Libraries that know nothing of our engine, as its search: each of those that are installed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from induction.engine.run import improve
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer
from nlu_shared.rendering import render
from nlu_shared.schemas.events import (
    ChangeRejected,
    EvaluationProgress,
    PromptEvaluated,
    PromptProposed,
    SearchStopped,
    Split,
    Stage,
    StoredEvent,
    VerdictReached,
)
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.metered import Models
from benchmarks.optimisers.methods import SEARCHES
from benchmarks.optimisers.plugged import plugged
from tests.induction.engine.runtimes import OfflineRuntime, Recording, events_of, toy_plan

CALLS = 400
PLAN = replace(toy_plan(), calls=CALLS, max_iterations=1_000)
Search = Callable[[Problem, Models], PromptContent]
every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES.keys())


async def stored(search: Search, runtime: Recording) -> list[StoredEvent]:
    events = await events_of(PLAN, runtime, partial(improve, optimise=plugged(search)))
    return [event for event in events if not isinstance(event, EvaluationProgress)]


def texts(split: Split) -> set[str]:
    return {case.text for case in PLAN.cases if PLAN.splits[case.id] is split}


@every_search
async def test_it_says_the_same_again_keeps_to_the_calls_and_leaves_the_test_cases_alone(
    search: Search,
) -> None:
    runtime, again = OfflineRuntime(budget=CALLS), OfflineRuntime(budget=CALLS)
    events = await stored(search, runtime)
    assert await stored(search, again) == events
    assert again.sent == runtime.sent
    assert runtime.calls <= CALLS
    searching = runtime.sent_before(lambda event: isinstance(event, SearchStopped))
    assert not [c for c in searching if any(text in c.request.user for text in texts(Split.TEST))]
    assert any(isinstance(event, VerdictReached) for event in events)


@every_search
async def test_it_asks_nothing_about_validation_that_the_leak_guard_has_not_let_through(
    search: Search,
) -> None:
    """What was sent about a validation case is the baseline's, or a proposed prompt's."""
    runtime = OfflineRuntime()
    events = await stored(search, runtime)
    passed = [event.content for event in events if isinstance(event, PromptProposed)]
    allowed = {
        render(content, "", answers=PLAN.task.answers, model=PLAN.task_model).system
        for content in (PLAN.baseline, *passed)
    }
    calls = [call for call in runtime.sent if call.purpose == "task"]
    about = [c for c in calls if any(text in c.request.user for text in texts(Split.VALIDATION))]
    assert about
    assert {call.request.system for call in about} <= allowed
    evaluated = [event.split for event in events if isinstance(event, PromptEvaluated)]
    assert evaluated.count(Split.VALIDATION) > 1


async def test_a_library_that_shows_a_case_it_must_not_know_learns_nothing_by_it() -> None:
    secret = next(case for case in PLAN.cases if PLAN.splits[case.id] is Split.VALIDATION)
    scores: list[float] = []

    def leaking(problem: Problem, models: Models) -> PromptContent:
        leaky = problem.baseline.model_copy(update={"examples": (problem.task.example(secret),)})
        results = models.evaluate(leaky, problem.validation)
        scores.extend(result.score for result in results.by_case.values())
        return leaky

    runtime = OfflineRuntime()
    events = await stored(leaking, runtime)
    assert scores == [0.0] * len(texts(Split.VALIDATION))
    (rejected,) = [event for event in events if isinstance(event, ChangeRejected)]
    assert rejected.stage is Stage.SCREEN
    assert not [c for c in runtime.sent if any(secret.text in part for part in c.request.system)]


def stubborn(problem: Problem, models: Models) -> PromptContent:
    """Asks on, whatever is raised."""
    while True:
        try:
            models.evaluate(problem.baseline, problem.train)
        except Exception:  # noqa: BLE001, S112
            continue


async def test_a_library_that_swallows_every_exception_ends_with_the_budget() -> None:
    events = await stored(stubborn, OfflineRuntime())
    (stopped,) = [event for event in events if isinstance(event, SearchStopped)]
    assert stopped.reason == "budget: the limit of 400 calls, of which 100 are kept for the end"


async def test_what_the_runtime_raises_ends_the_library_and_goes_through() -> None:
    class LeaseLost(Exception): ...

    class Losing(OfflineRuntime):
        async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
            if len(self.sent) > 200:
                raise LeaseLost
            return await super().ask(calls)

    with pytest.raises(LeaseLost):
        await stored(stubborn, Losing())
