"""One call, attempted until there is an answer or a typed failure; the same for every provider.

What a failure means is decided in `retry`. The SDKs' own retries are off: they would sleep out an
hour and hide what they spent.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from induction.llm.errors import CalledOff, OutOfTime, ParkRun, StopRun
from induction.llm.retry import Failure, GiveUp, Park, Reject, Stop, TooLong, Wait, decide
from induction.task_kinds.base import ModelAnswer, Outcome

Rest = Callable[[], Awaitable[None]]
Again = Callable[[Failure, Rest], Awaitable[bool]]
"""Rests, and says then whether a call that failed so may be attempted once more. Raises CalledOff
where nobody wants it any more, and OutOfTime where too little of the run's minutes is left."""


async def always(_: Failure, rest: Rest) -> bool:
    await rest()
    return True


async def settled(
    attempt: Callable[[], Awaitable[ModelAnswer | Failure]],
    *,
    again: Again,
    sleep: Callable[[float], Awaitable[None]],
    jitter: Callable[[], float],
) -> ModelAnswer:
    """The answer, or a typed failure. Raises `ParkRun` and `StopRun`, nothing else.

    attempt: sends the request once.
    again: asked before each further attempt; without it the call ends as over budget, where it was
        called off, as not answered, and where no minutes are left, as out of time.
    sleep: seconds.
    jitter: 0 to 1.

    `attempts` of the answer counts what was sent, `ambiguous` those of it without a readable
    answer. Where the provider kept the answer from us, the text says how, in our words.
    """
    failures, ambiguous, waited = Counter[bool](), 0, 0.0
    while True:
        result = await attempt()
        if not isinstance(result, Failure):
            return replace(result, attempts=failures.total() + 1, ambiguous=ambiguous)
        ambiguous += result.ambiguous
        failures[result.rate_limited] += 1
        none = ModelAnswer(
            Outcome.UNAVAILABLE, str(result), attempts=failures.total(), ambiguous=ambiguous
        )
        match decide(result, failures[result.rate_limited], waited=waited, jitter=jitter()):
            case Stop():
                raise StopRun(str(result), ambiguous=ambiguous)
            case Park(seconds):
                raise ParkRun(seconds, str(result), ambiguous=ambiguous)
            case Reject():
                return replace(none, outcome=Outcome.REJECTED)
            case TooLong():
                return replace(none, outcome=Outcome.TOO_LONG)
            case GiveUp():
                return none
            case Wait(seconds):
                try:
                    may_go = await again(result, partial(sleep, seconds))
                except CalledOff:
                    return none
                except OutOfTime:
                    return replace(none, outcome=Outcome.OUT_OF_TIME)
                if not may_go:
                    return replace(none, outcome=Outcome.OVER_BUDGET)
                waited += seconds if result.rate_limited else 0
