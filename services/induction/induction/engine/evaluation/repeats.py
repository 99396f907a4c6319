"""Whether the model answers the same again, and what it answers where it does not.

Both prompts are asked once more on a few of the test cases. A model that repeats itself costs no
more than that. One that wavers is asked again on all of them, and a case then counts by the mean
of its answers: averaging takes the model's noise out of the comparison, and what is left of it is
in the differences between cases that the verdict's tests go by.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.chance import shuffled
from induction.engine.evaluation.evaluate import EvalResults, evaluate
from induction.engine.runtime import RunContext, Stopped
from induction.task_kinds.base import Case

FIRST_CASES = 20
"""Asked again of each prompt. A model that changes a tenth of its answers is found out 98 times in
100."""
REPEATS = 2
"""Of all test cases, where the model wavers: half of what the noise adds is gone with the first."""
Pair = tuple[EvalResults, EvalResults]


@dataclass(frozen=True, slots=True)
class Repeats:
    """`again` holds whole repeats of a pair of results, `changed` the share of the repeated answers
    that were others than before; None where nothing was repeated."""

    again: tuple[Pair, ...] = ()
    changed: float | None = None


async def repeat(
    run: RunContext, contents: tuple[PromptContent, PromptContent], first: Pair
) -> Repeats:
    """As many repeats as the model's wavering calls for and the budget allows. `first` are the
    results of both prompts on the test cases."""
    cases = first[0].cases
    drawn = shuffled(cases, name=lambda case: case.id, seed=run.plan.seed, purpose="noise")
    few = {case.id for case in drawn[:FIRST_CASES]}
    if not run.affords(2 * len(few)):
        return Repeats()
    try:
        some = await _pair(run, contents, [case for case in cases if case.id in few], sample=1)
    except Stopped:
        return Repeats()
    changed = _changed(first, [some])
    if not changed or not run.affords(2 * REPEATS * len(cases)):
        return Repeats(changed=changed)
    again: list[Pair] = []
    with suppress(Stopped):
        for sample in range(1, 1 + REPEATS):
            again.append(await _pair(run, contents, cases, sample=sample))
    return Repeats(tuple(again), _changed(first, again) if again else changed)


async def _pair(
    run: RunContext,
    contents: tuple[PromptContent, PromptContent],
    cases: Sequence[Case],
    *,
    sample: int,
) -> Pair:
    before, after = [
        await evaluate(run, content, cases, split=Split.TEST, iteration=0, sample=sample)
        for content in contents
    ]
    return before, after


def _changed(first: Pair, again: Sequence[Pair]) -> float:
    differs = [
        result.prediction != earlier.by_case[id].prediction
        for pair in again
        for earlier, repeated in zip(first, pair, strict=True)
        for id, result in repeated.by_case.items()
        if id in earlier.by_case
    ]
    return sum(differs) / max(1, len(differs))
