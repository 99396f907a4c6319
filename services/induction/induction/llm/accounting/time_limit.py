"""The limit of a run's minutes, in one drive of it: no call is on its way past its deadline.

How quickly answers come is measured while they do: a call that would rather be cut off than
answered is not sent, and it can be told whether the time left is enough for some more. Seconds are
of the event loop's clock.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from induction.engine.runtime import Purpose
from induction.llm.accounting.flights import Flight
from induction.llm.errors import CalledOff, OutOfTime
from induction.task_kinds.base import BY_MODEL, ModelAnswer, Outcome

LEAST_SECONDS = 0.1
"""No call is sent that has less."""


@dataclass(slots=True)
class AnswerRate:
    """Of calls of one kind: how many were answered, in what time. `busy` are the seconds with any
    of them on their way, `seconds` those of each answer together, `longest` those of one."""

    flying: int = 0
    answers: int = 0
    busy: float = 0.0
    seconds: float = 0.0
    longest: float = 0.0
    since: float = 0.0

    @property
    def usual(self) -> float:
        """Seconds of an answer; 0 where there was none."""
        return self.seconds / self.answers if self.answers else 0.0

    def sent(self, now: float) -> None:
        if not self.flying:
            self.since = now
        self.flying += 1

    def landed(self, now: float, *, seconds: float, is_answer: bool) -> None:
        self.flying -= 1
        if not self.flying:
            self.busy += now - self.since
        if is_answer:
            self.answers += 1
            self.seconds += seconds
            self.longest = max(self.longest, seconds)

    def takes(self, calls: int, now: float) -> float:
        """Seconds for so many more, as many at once as before; 0 where nothing is known."""
        if not self.answers:
            return 0.0
        busy = self.busy + (now - self.since if self.flying else 0.0)
        return calls * busy / self.answers


GROUPS: Mapping[Purpose, str] = {"proposer": "proposer", "probe": "probe"}
"""Purposes that take a time of their own: a first answer may wait until a model is loaded."""


class TimeLimit:
    """`deadline` None: there is no limit."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self._rates: defaultdict[str, AnswerRate] = defaultdict(AnswerRate)
        self._asked_at: float | None = None
        self._longest_step = 0.0

    def seconds_to_send(self, purpose: Purpose) -> float | None:
        """For which such calls may still be sent; below 0: for none. None: for ever."""
        if self._deadline is None:
            return None
        needed = max(LEAST_SECONDS, self._rate(purpose).usual)
        return self._deadline - needed - _now()

    def is_over(self, purpose: Purpose = "task") -> bool:
        """Whether no such call may be sent any more."""
        left = self.seconds_to_send(purpose)
        return left is not None and left <= 0

    def is_short_of(self, calls: int) -> bool:
        """Whether the time left is too short for so many answers to cases, at the rate until now,
        and once the longest that has passed between two of these questions: what is computed there,
        or proposed, takes its time too. It is asked where the run could stop; 0: for none."""
        now = _now()
        if self._asked_at is not None:
            self._longest_step = max(self._longest_step, now - self._asked_at)
        self._asked_at = now
        if self._deadline is None or not calls:
            return False
        rates = (rate for group, rate in self._rates.items() if group != "probe")
        slowest = max(self._longest_step, *(rate.longest for rate in rates), 0.0)
        return now + self._rate("task").takes(calls, now) + slowest > self._deadline

    async def answered(self, flight: Flight, answering: Awaitable[ModelAnswer]) -> ModelAnswer:
        """What it is answered before the deadline. What is cut off there may be billed."""
        rate, began = self._rate(flight.call.purpose), _now()
        rate.sent(began)
        is_answer = False
        try:
            async with asyncio.timeout_at(self._deadline) as limit:
                answer = await answering
                is_answer = answer.outcome in BY_MODEL
        except TimeoutError:
            if not limit.expired():
                raise
            return ModelAnswer(Outcome.OUT_OF_TIME, ambiguous=flight.repeated + 1)
        finally:
            now = _now()
            rate.landed(now, seconds=now - began, is_answer=is_answer)
        return answer

    async def rest(
        self, rest: Callable[[], Awaitable[None]], called_off: asyncio.Event, purpose: Purpose
    ) -> None:
        """Raises CalledOff as soon as the call is called off, and OutOfTime as soon as no such call
        may be sent any more."""
        resting = asyncio.ensure_future(rest())
        waiting = asyncio.create_task(called_off.wait())
        left = self.seconds_to_send(purpose)
        try:
            await asyncio.wait(
                {resting, waiting},
                timeout=None if left is None else max(0.0, left),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            resting.cancel()
            waiting.cancel()
        if called_off.is_set():
            raise CalledOff
        if self.is_over(purpose):
            raise OutOfTime

    def _rate(self, purpose: Purpose) -> AnswerRate:
        return self._rates[GROUPS.get(purpose, "task")]


def _now() -> float:
    return asyncio.get_running_loop().time()
