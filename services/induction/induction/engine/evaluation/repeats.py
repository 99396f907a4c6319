"""Whether the model answers the same again, and how many answers a case gets where it does not.

Both prompts are asked once more on a few of the test cases. A model that repeats itself costs no
more than that. One that wavers is looked at in stages: all cases are asked again, a case counts by
the mean of its answers, and after each stage the comparison is proven, hopeless, or worth more
answers. The stages share the alpha of the look, so the chance that any of them calls a change that
does nothing proven stays within it (Bonferroni's inequality; giving up spends nothing). A model
that wavers so is asked more where a gain is in sight and less where there is none.

Every case gets as many answers as any other. Asking again only where the two prompts differ
looks cheaper, but takes out of the count what the cases that agreed by chance would have shown: a
prompt that mends a few cases for good and makes many waver looks better than it is, and no
estimate that stays right there has a smaller error than equal shares (the bound for sequential
samples: Wolfowitz, Ann. Math. Statist. 18 (1947) 215-230). `benchmarks.verdicts` measures both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.verdicts import Verdict, VerdictKind

from induction.engine.data.chance import shuffled
from induction.engine.evaluation.evaluate import evaluate
from induction.engine.evaluation.results import EvalResults
from induction.engine.runtime import RunContext, Stopped
from induction.task_kinds.base import Case

FIRST_CASES = 20
"""Asked again of each prompt. A model that changes a tenth of its answers is found out 98 times in
100."""
Pair = tuple[EvalResults, EvalResults]


@dataclass(frozen=True, slots=True)
class Stage:
    """One test within a look, of all test cases.

    answers: of each case by each prompt, those of earlier stages among them.
    share: of the look's alpha that it spends.
    hopeless: the p-value above which no further answers are asked for.
    """

    answers: int
    share: float
    hopeless: float

    def ends_with(self, verdict: Verdict) -> bool:
        """Whether further answers would be wasted: it is proven, or nothing is in sight."""
        if verdict.kind is VerdictKind.PROVEN or verdict.gain <= 0:
            return True
        return verdict.p_value > self.hopeless


STAGES = (Stage(1, 0.05, 0.6), Stage(3, 0.15, 0.25), Stage(7, 0.8, 1.0))
MOST_ANSWERS = STAGES[-1].answers


@dataclass(frozen=True, slots=True)
class Repeats:
    """What a look at the test cases rests on beside the first answers.

    again: whole repeats of a pair of results.
    changed: the share of the repeated answers that were others than before; None where nothing was
        repeated.
    share: of the look's alpha that its last test may spend.
    """

    again: tuple[Pair, ...] = ()
    changed: float | None = None
    share: float = 1.0


async def repeat(
    run: RunContext,
    contents: tuple[PromptContent, PromptContent],
    first: Pair,
    judge: Callable[[Repeats], Verdict],
) -> Repeats:
    """As many repeats as the model's wavering calls for and the budget allows.

    run: who answers.
    contents: baseline and winner.
    first: their results on the test cases.
    judge: what would be claimed after so many.
    """
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
    stages = affordable(lambda answers: run.affords(2 * (answers - 1) * len(cases)))
    if not changed or len(stages) == 1:
        return Repeats(changed=changed)
    again: list[Pair] = []
    repeats = Repeats(changed=changed)
    for stage in stages:
        try:
            while len(again) < stage.answers - 1:
                again.append(await _pair(run, contents, cases, sample=1 + len(again)))
        except Stopped:
            # What cut it short knew nothing of the results, so what was to be spent may be.
            left = sum(one.share for one in stages if one.answers >= stage.answers)
            return replace(repeats, share=repeats.share + left)
        changed = _changed(first, again) if again else changed
        repeats = Repeats(tuple(again), changed, stage.share)
        if stage.ends_with(judge(repeats)):
            break
    return repeats


def affordable(affords: Callable[[int], bool]) -> tuple[Stage, ...]:
    """The stages that can be paid for, chosen before any of them is looked at; the last of them
    spends what the rest would have.

    affords: whether so many answers of each case can be paid for.
    """
    paid = [stage for stage in STAGES if stage.answers == 1 or affords(stage.answers)]
    spent = sum(stage.share for stage in paid[:-1])
    return (*paid[:-1], replace(paid[-1], share=1 - spent))


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
