"""A search keeps time for its end, and says what the time did not allow."""

from induction.engine.inbox import Inbox
from induction.engine.runtime import Call
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.schemas.events import SearchStopped, VerdictReached

from tests.induction.engine.runtimes import OfflineRuntime, toy_plan
from tests.induction.engine.test_loop import only, stored


class Timed(OfflineRuntime):
    """A runtime whose minutes are enough for so many answers."""

    answers = 600

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        is_short = len(self.sent) + needs > self.answers
        return Inbox(stop="minutes: the limit of 5 minutes") if is_short else Inbox()


async def test_a_search_keeps_time_for_its_final_evaluation() -> None:
    world = Timed()
    events = await stored(toy_plan(), world)
    (stopped,) = only(events, SearchStopped)
    assert stopped.reason.startswith("minutes")
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.tested_on == "test"
    sent = world.sent_before(lambda event: isinstance(event, VerdictReached))
    assert len(sent) <= Timed.answers


async def test_a_run_out_of_time_keeps_its_best_and_says_it_could_not_test() -> None:
    class Late(OfflineRuntime):
        async def _one(self, call: Call) -> ModelAnswer:
            answer = await super()._one(call)
            is_late = answer.outcome is Outcome.OVER_BUDGET
            return ModelAnswer(Outcome.OUT_OF_TIME, "the limit of 5 minutes") if is_late else answer

    events = await stored(toy_plan(), Late(budget=300))
    assert only(events, SearchStopped)[0].reason == "minutes: the limit of 5 minutes"
    (reached,) = only(events, VerdictReached)
    assert reached.verdict.tested_on == "validation"
    assert "The limit of minutes did not allow the final look" in reached.verdict.summary


async def test_a_search_that_the_minutes_ended_names_the_budget_where_that_ends_its_test() -> None:
    rich = Timed()
    await stored(toy_plan(), rich)
    searching = rich.sent_before(lambda event: isinstance(event, SearchStopped))
    questions = {(call.request.key, call.sample) for call in searching}
    events = await stored(toy_plan(), Timed(budget=len(questions) + 5))
    assert only(events, SearchStopped)[0].reason.startswith("minutes")
    (reached,) = only(events, VerdictReached)
    assert "The budget did not allow the final look" in reached.verdict.summary
