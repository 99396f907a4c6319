"""Any of the peers as a search of our engine: a library that asks and waits, in a thread of its
own, on the coroutine that a run is.

Every question of the library is one of the run's: training cases through `search.evaluate`,
validation through `consider` and so through the leak guard, proposals through `search.run.ask`.
The library runs only while the loop waits for it, and asks one thing at a time, so that its run is
as deterministic as it is itself. What ends the run ends the library at its next question.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.runtime import Call
from induction.engine.search.optimiser import Optimiser
from induction.engine.search.state import Search
from induction.engine.search.step import consider
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, ModelRequest
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.metered import UNLIMITED, Models

Value = TypeVar("Value")
UNANSWERED = ModelPrediction(fault="refused or lost")


class Ended(BaseException):
    """Ends a library, past all its `except Exception`."""


def plugged(improved: Callable[[Problem, Models], PromptContent]) -> Optimiser:
    async def optimise(search: Search) -> str:
        plan, splits = search.run.plan, search.splits
        problem = Problem.of(plan.task, plan.baseline, plan.seed, splits.train, splits.validation)
        models = _SearchModels(search, asyncio.get_running_loop())
        try:
            await asyncio.to_thread(improved, problem, models)
        except Ended as ended:
            if ended.__cause__ is not None:
                raise ended.__cause__ from None
        finally:
            models.end = models.end or Ended()
        return "the library came to its end"

    return optimise


class _SearchModels:
    """`Models` that are a run's. What a prompt answers to validation is asked once and known from
    then on; a prompt that is refused answers nothing."""

    silent = False

    def __init__(self, search: Search, loop: asyncio.AbstractEventLoop) -> None:
        self._search, self._loop = search, loop
        self._validation = {case.id for case in search.splits.validation}
        self._known = {search.best.version_hash: search.validation}
        self.end: BaseException | None = None

    @property
    def left(self) -> int:
        left = self._search.run.calls_left
        return UNLIMITED if left is None else left

    def evaluate(self, prompt: PromptContent, cases: Sequence[Case]) -> EvalResults:
        task, by_case = self._search.run.plan.task, self._wait(self._answers(prompt, cases)).by_case
        return EvalResults(
            {case.id: by_case.get(case.id) or judge(task, case, UNANSWERED) for case in cases}
        )

    def propose(self, request: ModelRequest, sample: int = 0) -> ModelAnswer:
        (answer,) = self._wait(self._search.run.ask([Call(request, sample, "proposer")]))
        return answer

    async def _answers(self, prompt: PromptContent, cases: Sequence[Case]) -> EvalResults:
        if not any(case.id in self._validation for case in cases):
            return await self._search.evaluate(prompt, cases, split=Split.TRAIN)
        if prompt.version_hash not in self._known:
            results = await consider(self._search, prompt)
            self._known[prompt.version_hash] = results or EvalResults({})
        return self._known[prompt.version_hash]

    def _wait(self, answer: Coroutine[Any, Any, Value]) -> Value:
        """The answer, from the library's thread. Raises Ended, from the first exception on."""
        if self.end is not None:
            answer.close()
            raise Ended
        future = asyncio.run_coroutine_threadsafe(answer, self._loop)
        self.end = future.exception()
        if self.end is not None:
            raise Ended from self.end
        return future.result()
