"""Error analysis: the winner's misses asked again, put to other versions, and attributed.

Only missed training cases are asked, so most runs spend little on it; what the limit of calls does
not leave room for is counted as not examined.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from nlu_shared.schemas.events import EvaluationProgress, MissesAttributed
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.chance import shuffled
from induction.engine.data.folds import out_of_fold
from induction.engine.data.groups import groups_of
from induction.engine.evaluation.evaluate import BLOCK, CaseResult, call_for
from induction.engine.search.state import Search
from induction.engine.verdict import attribution
from induction.engine.verdict.attribution import LEAST_AGREEING, REPEATS, Miss
from induction.task_kinds.base import BY_PROVIDER, Case, Prediction

MOST_EXAMINED = 200
"""Misses asked about at most; a draw of them where there are more."""
OTHERS = LEAST_AGREEING
"""Versions beside the winner that should have answered: one may answer something else."""
CALLS_PER_MISS = REPEATS + OTHERS
"""At most: other versions are asked only where too few of them have answered in the search."""
SPLIT = "misses"


async def analyse_errors(search: Search) -> None:
    """One `MissesAttributed`, of what the limits leave calls for; nothing where the run was
    cancelled. Raises Stopped."""
    if search.run.cancelled:
        return
    task, wrong = search.run.plan.task, search.train.wrong
    examined = _examined(search, wrong)
    misses = await _Inquiry(search, search.best.version_hash).misses_of(examined)
    about = attribution.known(task, search.train)
    unexamined = len(wrong) - len(examined)
    await search.run.tell(
        MissesAttributed(misses=attribution.attributed(task, misses, about, unexamined=unexamined))
    )


def _examined(search: Search, wrong: Sequence[CaseResult]) -> list[CaseResult]:
    """Those of the winner's own misses that the calls left can pay for, in case order; an answer
    that was none takes no question."""
    run, room = search.run, MOST_EXAMINED
    if run.stop_reason is not None:
        room = 0
    elif run.calls_left is not None:
        room = min(room, max(0, run.calls_left) // CALLS_PER_MISS)
    own = [result for result in wrong if result.case.id in search.fresh]
    unclear = [result for result in own if result.prediction.fault is None]
    drawn = shuffled(
        unclear, name=lambda result: result.case.id, seed=run.plan.seed, purpose="misses"
    )
    chosen = {result.case.id for result in drawn[:room]}
    return [r for r in own if r.prediction.fault is not None or r.case.id in chosen]


@dataclass(frozen=True, slots=True)
class _Question:
    """`content` is what is left of the version without the examples of the case's fold."""

    case: Case
    version: PromptContent
    content: PromptContent
    sample: int = 0


@dataclass(slots=True)
class _Inquiry:
    search: Search
    winner_hash: str
    _left: dict[tuple[str, int | None], tuple[str, PromptContent]] = field(default_factory=dict)

    async def misses_of(self, results: Sequence[CaseResult]) -> list[Miss]:
        """Each miss with its repeats and what other versions answered. Raises Stopped."""
        run = self.search.run
        questions = [question for result in results for question in self._questions(result)]
        repeats: dict[UUID, list[Prediction]] = defaultdict(list)
        await self._tell_progress(0, len(questions))
        for start in range(0, len(questions), BLOCK):
            block = questions[start : start + BLOCK]
            await run.read_inbox()
            answers = await run.ask(
                [call_for(run.plan, q.content, q.case, q.sample) for q in block]
            )
            for question, answer in zip(block, answers, strict=True):
                if answer.outcome in BY_PROVIDER:
                    continue
                case_id, prediction = question.case.id, run.plan.task.parse(answer)
                if question.sample:
                    repeats[case_id].append(prediction)
                else:
                    run.answer_log.add(question.version, question.content, {case_id: prediction})
            await self._tell_progress(start + len(block), len(questions))
        duplicates = _near_duplicates(self.search.splits.train)
        return [
            Miss(
                result=result,
                repeats=tuple(repeats[result.case.id]),
                versions=tuple(self._of_others(result.case).values()),
                duplicates=duplicates.get(result.case.id, ()),
            )
            for result in results
        ]

    async def _tell_progress(self, done: int, total: int) -> None:
        await self.search.run.tell(
            EvaluationProgress(
                iteration=self.search.progress.iterations, split=SPLIT, done=done, total=total
            )
        )

    def _questions(self, result: CaseResult) -> list[_Question]:
        """The winner again, then other versions where too few have answered, the newest first:
        they know most. What earlier runs asked of them costs nothing."""
        case, best = result.case, self.search.best
        if result.prediction.fault is not None:
            return []
        winner, own = self._out_of_fold(self.winner_hash, best, case)
        again = [_Question(case, best, own, sample) for sample in range(1, 1 + REPEATS)]
        others = self._of_others(case)
        fresh: dict[str, _Question] = {}
        for version_hash, version in reversed(self.search.run.answer_log.versions.items()):
            if len(fresh) >= OTHERS - len(others):
                break
            question, content = self._out_of_fold(version_hash, version, case)
            if question not in {winner, *others}:
                fresh.setdefault(question, _Question(case, version, content))
        return [*again, *fresh.values()]

    def _of_others(self, case: Case) -> dict[str, Prediction]:
        """What versions other than the winner answered, by what was asked."""
        answers = self.search.run.answer_log.for_case(case.id)
        winner, _ = self._out_of_fold(self.winner_hash, self.search.best, case)
        answers.pop(winner, None)
        return answers

    def _out_of_fold(
        self, version_hash: str, version: PromptContent, case: Case
    ) -> tuple[str, PromptContent]:
        """What is left of a version in a question about the case, and the hash of that. Kept, since
        long prompts take long to hash."""
        folds = self.search.folds
        fold = folds.get(case.id)
        if (version_hash, fold) not in self._left:
            left = version if fold is None else out_of_fold(version, fold, folds)
            self._left[version_hash, fold] = left.version_hash, left
        return self._left[version_hash, fold]


def _near_duplicates(cases: Sequence[Case]) -> dict[UUID, tuple[Case, ...]]:
    """For each case the others with nearly the same text, whatever conversation they are from."""
    alone = [replace(case, group=str(case.id)) for case in cases]
    return {
        case.id: tuple(other for other in group if other.id != case.id)
        for group in groups_of(alone)
        if len(group) > 1
        for case in group
    }
