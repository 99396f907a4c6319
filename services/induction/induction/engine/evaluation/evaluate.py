"""A prompt put to the cases: what was answered, and what that scores.

Calls go out in fixed blocks, so that what is asked never depends on which answer came first: fold
by fold, since each is asked with another system text, which a provider caches, and in case order
within a fold. Results are in case order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from nlu_shared.rendering import render_parts, rendered
from nlu_shared.schemas.evaluated import ConversationScore
from nlu_shared.schemas.events import EvaluationProgress, PromptEvaluated, Split
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.rendered import RenderedPrompt

from induction.engine.data.folds import NO_FOLDS, Folds, out_of_fold
from induction.engine.data.room import beyond_window
from induction.engine.evaluation.results import CaseResult, EvalResults, judge
from induction.engine.evaluation.usable import FirstAnswers, Unusable
from induction.engine.plan import Plan
from induction.engine.runtime import Call, Purpose, RunContext
from induction.task_kinds.base import (
    BY_PROVIDER,
    Case,
    ModelAnswer,
    Outcome,
    Task,
)

NO_FOLD = -1
"""Of a case that is asked with the prompt as it is; before all folds."""
BLOCK = 64
"""Cases in one question; the inbox is read between blocks, while the next one is on its way. With
batches all are one question, but for the first block of what may fail by it."""


async def evaluate(
    run: RunContext,
    content: PromptContent,
    cases: Iterable[Case],
    *,
    split: str,
    iteration: int,
    folds: Folds = NO_FOLDS,
    sample: int = 0,
    or_fail: FirstAnswers | None = None,
    purpose: Purpose = "task",
) -> EvalResults:
    """One prompt on a list of cases, each asked without the examples of its fold, if it has one.

    Raises Stopped; what some of the cases were answered is then dropped. Where none of a block fits
    into the model's window the others are not asked, and are lost; nor is any where the prompt
    alone is longer than a window that is known.

    run: who answers, and who is told of the progress.
    content: the prompt.
    cases: in the order of the results.
    split: as the progress names it.
    iteration: as the progress names it, from 0.
    folds: the fold of each training case, by id (see `folds`).
    sample: the same number is the same answer of the ledger; another one asks anew.
    or_fail: the run fails where nearly no answer is usable, of these and of those before (see
        `usable`).
    purpose: of the calls.
    """
    plan, cases = run.plan, tuple(cases)
    questions = {fold: out_of_fold(content, fold, folds) for fold in sorted(set(folds.values()))}
    fold_of = {case.id: folds.get(case.id, NO_FOLD) for case in cases}
    forms = {
        fold: rendered(questions.get(fold, content), plan.task.answers)
        for fold in set(fold_of.values())
    }
    prompts = [questions.get(fold, content) for fold in forms]
    if cases and beyond_window(plan, prompts, scale=run.token_scale):
        all_cases = frozenset(fold_of)
        return EvalResults({}, all_cases, all_cases, plan.context_window)
    ordered = sorted(cases, key=lambda case: fold_of[case.id])
    answered = _Answered(plan, or_fail or FirstAnswers())

    async def tell_progress() -> None:
        await run.tell(
            EvaluationProgress(
                iteration=iteration, split=split, done=answered.done, total=len(cases)
            )
        )

    def calls_of(block: slice) -> list[Call]:
        return [
            call_for(plan, forms[fold_of[case.id]], case, sample, purpose)
            for case in ordered[block]
        ]

    if cases:
        await tell_progress()
    slices = blocks(plan, len(cases), careful=or_fail is not None)
    calls = calls_of(slices[0]) if slices else []
    for number, of_block in enumerate(slices):
        block = ordered[of_block]
        await run.read_inbox(len(block))
        following = calls_of(slices[number + 1]) if number + 1 < len(slices) else []
        # What the first answers may end is not begun before they have come.
        answers = await run.ask(calls, () if or_fail is not None and number == 0 else following)
        calls = following
        answered.add(block, answers)
        await tell_progress()
        if or_fail is not None and (reason := or_fail.objection):
            run.fail(reason)
        if answered.too_long.issuperset(case.id for case in block):
            answered.lost |= {case.id for case in cases if case.id not in answered.results}
            break
    results = answered.of(cases)
    for fold, question in questions.items():
        of_fold = {
            id: one.prediction for id, one in results.by_case.items() if folds.get(id) == fold
        }
        run.answer_log.add(content, question, of_fold)
    return results


@dataclass(slots=True)
class _Answered:
    """What has come of an evaluation by now."""

    plan: Plan
    first: FirstAnswers
    results: dict[UUID, CaseResult] = field(default_factory=dict)
    lost: set[UUID] = field(default_factory=set)
    too_long: set[UUID] = field(default_factory=set)

    @property
    def done(self) -> int:
        return len(self.results) + len(self.lost)

    def add(self, block: Sequence[Case], answers: Sequence[ModelAnswer]) -> None:
        task = self.plan.task
        for case, answer in zip(block, answers, strict=True):
            if answer.outcome in BY_PROVIDER:
                self.lost.add(case.id)
                self.too_long |= {case.id} if answer.outcome is Outcome.TOO_LONG else set()
                continue
            prediction = task.parse(answer)
            self.results[case.id] = judge(task, case, prediction)
            self.first.answers += 1
            if prediction.fault is not None:
                # No reason quotes what was answered to a text that nobody approved.
                wrote = answer.text if self.plan.traffic is None else ""
                self.first.unusable.append(Unusable(prediction.fault, wrote, case.transcript))

    def of(self, cases: Iterable[Case]) -> EvalResults:
        """In the order of these cases."""
        known = EvalResults(self.results).of(cases)
        return replace(known, lost=frozenset(self.lost), too_long=frozenset(self.too_long))


def blocks(plan: Plan, total: int, *, careful: bool = False) -> list[slice]:
    """The parts in which so many calls are asked; `careful`: the first answers may end the run."""
    if not total:
        return []
    first = BLOCK if careful or not plan.batches else total
    later = total if plan.batches else BLOCK
    return [slice(0, first), *(slice(at, at + later) for at in range(first, total, later))]


def call_for(
    plan: Plan,
    form: RenderedPrompt,
    case: Case,
    sample: int = 0,
    purpose: Purpose = "task",
) -> Call:
    """The call that puts a prompt to a case.

    plan: names the model.
    form: the prompt, rendered once for all of its cases: it is long, and they are many.
    case: what it is put to.
    sample: see `evaluate`.
    purpose: see `evaluate`.
    """
    request = render_parts(form, case.text, case.context, model=plan.task_model)
    return Call(request, sample, purpose)


def evaluation_event(
    task: Task, content: PromptContent, results: EvalResults, split: Split, iteration: int
) -> PromptEvaluated:
    """What is told of an evaluation; scores are 0 to 1.

    task: that scores it.
    content: the prompt that was evaluated.
    results: of every case that was answered.
    split: of the cases.
    iteration: from 0, the baseline's.
    """
    score = results.scored(task)
    return PromptEvaluated(
        iteration=iteration,
        split=split,
        version_hash=content.version_hash,
        objective=score.objective,
        components=dict(score.components),
        pooled=dict(score.pooled),
        support=dict(score.support),
        per_conversation=_per_conversation(task, results),
        cases=score.cases,
        unanswered=results.faults.total(),
        faults=dict(sorted(results.faults.items())),
        lenient=dict(sorted(results.lenient.items())),
        lost=len(results.lost),
    )


def _per_conversation(task: Task, results: EvalResults) -> ConversationScore | None:
    scored = task.per_conversation(
        results.cases, [result.prediction for result in results.by_case.values()]
    )
    if scored is None:
        return None
    return ConversationScore(
        conversations=scored.cases,
        objective=scored.objective,
        components=dict(scored.components),
    )
