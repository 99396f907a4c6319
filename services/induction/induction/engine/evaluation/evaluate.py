"""A prompt put to the cases: what was answered, and what that scores.

Calls go out in fixed blocks, so that what is asked never depends on which answer came first: fold
by fold, since each is asked with another system text, which a provider caches, and in case order
within a fold. Results are in case order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.rendering import render_parts, rendered
from nlu_shared.schemas.evaluated import ConversationScore
from nlu_shared.schemas.events import EvaluationProgress, PromptEvaluated, Split
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.rendered import RenderedPrompt

from induction.engine.data.folds import NO_FOLDS, Folds, out_of_fold
from induction.engine.evaluation.usable import Unusable, objection
from induction.engine.plan import Plan
from induction.engine.runtime import Call, Purpose, RunContext
from induction.task_kinds.base import (
    BY_PROVIDER,
    Case,
    Mistake,
    ModelPrediction,
    Outcome,
    Score,
    Task,
)

NO_FOLD = -1
"""Of a case that is asked with the prompt as it is; before all folds."""
BLOCK = 64
"""Cases in one question; the inbox is read between blocks, while the next one is on its way. With
batches all are one question, but for the first block of what may fail by it."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a prompt answered to a case.

    case: as it was asked.
    prediction: the answer as it was read.
    score: 0 to 1; 1 is right.
    mistakes: in what ways it is wrong; none where it is right.
    """

    case: Case
    prediction: ModelPrediction
    score: float
    mistakes: tuple[Mistake, ...]

    @property
    def right(self) -> bool:
        return not self.mistakes


@dataclass(frozen=True, slots=True)
class EvalResults:
    """One result per case, by case id, in case order; none for the cases that are `lost`: the
    provider let no answer through. Those of them that are `too_long` do not fit into the model's
    window with the prompt."""

    by_case: Mapping[UUID, CaseResult]
    lost: frozenset[UUID] = frozenset()
    too_long: frozenset[UUID] = frozenset()

    @property
    def cases(self) -> list[Case]:
        return [result.case for result in self.by_case.values()]

    def of(self, cases: Iterable[Case]) -> "EvalResults":
        """The results of these cases, in their order, as far as there are such."""
        known = self.by_case
        return EvalResults({case.id: known[case.id] for case in cases if case.id in known})

    def __or__(self, other: "EvalResults") -> "EvalResults":
        """Both; of a case in both, the other's result."""
        return EvalResults({**self.by_case, **other.by_case})

    def updated(self, newer: "EvalResults") -> "EvalResults":
        """These cases, with the newer results where there are such."""
        return EvalResults({id: newer.by_case.get(id, old) for id, old in self.by_case.items()})

    def scored(self, task: Task) -> Score:
        results = self.by_case.values()
        return task.score([r.case.truth for r in results], [r.prediction for r in results])

    @property
    def wrong(self) -> list[CaseResult]:
        return [result for result in self.by_case.values() if not result.right]

    @property
    def faults(self) -> Counter[str]:
        """Answers that could not be used, by cause."""
        faults = (result.prediction.fault for result in self.by_case.values())
        return Counter(str(fault) for fault in faults if fault is not None)

    @property
    def lenient(self) -> Counter[str]:
        """Answers that count and are not what was asked for, by how; one can be so twice."""
        results = self.by_case.values()
        return Counter(str(how) for result in results for how in result.prediction.lenient)


def compare(before: EvalResults, after: EvalResults) -> tuple[list[UUID], list[UUID]]:
    """Of the cases in both: which score higher now, and which lower."""
    shared = [id for id in after.by_case if id in before.by_case]
    gains = {id: after.by_case[id].score - before.by_case[id].score for id in shared}
    return [id for id in shared if gains[id] > 0], [id for id in shared if gains[id] < 0]


async def evaluate(
    run: RunContext,
    content: PromptContent,
    cases: Iterable[Case],
    *,
    split: str,
    iteration: int,
    folds: Folds = NO_FOLDS,
    sample: int = 0,
    or_fail: bool = False,
    purpose: Purpose = "task",
) -> EvalResults:
    """One prompt on a list of cases, each asked without the examples of its fold, if it has one.

    Raises Stopped; what some of the cases were answered is then dropped. Where none of a block fits
    into the model's window the others are not asked, and are lost.

    run: who answers, and who is told of the progress.
    content: the prompt.
    cases: in the order of the results.
    split: as the progress names it.
    iteration: as the progress names it, from 0.
    folds: the fold of each training case, by id (see `folds`).
    sample: the same number is the same answer of the ledger; another one asks anew.
    or_fail: the run fails where nearly no answer is usable (see `usable`).
    purpose: of the calls.
    """
    plan, cases = run.plan, tuple(cases)
    questions = {fold: out_of_fold(content, fold, folds) for fold in sorted(set(folds.values()))}
    fold_of = {case.id: folds.get(case.id, NO_FOLD) for case in cases}
    forms = {
        fold: rendered(questions.get(fold, content), plan.task.answers)
        for fold in set(fold_of.values())
    }
    ordered = sorted(cases, key=lambda case: fold_of[case.id])
    results: dict[UUID, CaseResult] = {}
    lost: set[UUID] = set()
    too_long: set[UUID] = set()
    unusable: list[Unusable] = []

    async def tell_progress() -> None:
        done = len(results) + len(lost)
        await run.tell(
            EvaluationProgress(iteration=iteration, split=split, done=done, total=len(cases))
        )

    def calls_of(block: slice) -> list[Call]:
        return [
            call_for(plan, forms[fold_of[case.id]], case, sample, purpose)
            for case in ordered[block]
        ]

    if cases:
        await tell_progress()
    slices = blocks(plan, len(cases), careful=or_fail)
    calls = calls_of(slices[0]) if slices else []
    for number, of_block in enumerate(slices):
        block = ordered[of_block]
        await run.read_inbox(len(block))
        following = calls_of(slices[number + 1]) if number + 1 < len(slices) else []
        # What the first answers may end is not begun before they have come.
        answers = await run.ask(calls, () if or_fail and number == 0 else following)
        calls = following
        for case, answer in zip(block, answers, strict=True):
            if answer.outcome in BY_PROVIDER:
                lost.add(case.id)
                too_long |= {case.id} if answer.outcome is Outcome.TOO_LONG else set()
                continue
            prediction = plan.task.parse(answer)
            results[case.id] = judge(plan.task, case, prediction)
            if prediction.fault is not None:
                unusable.append(Unusable(prediction.fault, answer.text, case.transcript))
        await tell_progress()
        if or_fail and (reason := objection(unusable, answers=len(results))):
            run.fail(reason)
        if too_long.issuperset(case.id for case in block):
            lost |= {case.id for case in cases if case.id not in results}
            break
    results = {case.id: results[case.id] for case in cases if case.id in results}
    for fold, question in questions.items():
        of_fold = {id: r.prediction for id, r in results.items() if folds.get(id) == fold}
        run.answer_log.add(content, question, of_fold)
    return EvalResults(results, frozenset(lost), frozenset(too_long))


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


def judge(task: Task, case: Case, prediction: ModelPrediction) -> CaseResult:
    mistakes = tuple(task.mistakes(case.truth, prediction))
    return CaseResult(case, prediction, task.case_score(case.truth, prediction), mistakes)


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
