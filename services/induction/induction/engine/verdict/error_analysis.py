"""Error analysis: each of the winner's misses attributed, the cheapest evidence first.

What is known already costs nothing: an answer that was none, a rule of the scorer that would
forgive it, near-duplicates, what other versions answered in the search. What that leaves open is
asked about as far as the limit of calls goes: whose label is nearly in doubt first, then whether
the others' answers repeat, then whose label might be doubted if versions were asked. The rest is
counted as not examined.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from nlu_shared.rendering import rendered
from nlu_shared.schemas.events import ErrorsAnalysed, EvaluationProgress
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.verdicts import Cause

from induction.engine.data.chance import shuffled
from induction.engine.data.folds import out_of_fold
from induction.engine.data.groups import near_duplicates
from induction.engine.evaluation.evaluate import blocks, call_for
from induction.engine.evaluation.results import CaseResult
from induction.engine.search.state import Search
from induction.engine.verdict import attribution
from induction.engine.verdict.attribution import (
    LEAST_AGREEING,
    REPEATS,
    Known,
    MissedCase,
    is_clear,
)
from induction.task_kinds.base import BY_PROVIDER, Case, ModelPrediction

MOST_CALLS = 1_000
"""Asked about misses at most."""
OTHERS = LEAST_AGREEING
"""Versions beside the winner that should have answered: one may answer something else."""
CALLS_PER_MISS = REPEATS + OTHERS
"""At most: a label is doubted only after repeats, and other versions are asked only where too few
of them have answered in the search. Any other answer is asked for once more."""
SPLIT = "error_analysis"


async def analyse_errors(search: Search) -> None:
    """One `ErrorsAnalysed`, of what the limits leave calls for; nothing where the run was
    cancelled. Raises Stopped."""
    if search.run.cancelled:
        return
    task, wrong = search.run.plan.task, search.train.wrong
    about = attribution.known(task, search.train)
    inquiry = _Inquiry(search, search.best.version_hash, about)
    own = [result for result in wrong if result.case.id in search.fresh]
    examined = {result.case.id for result in own if is_clear(task, inquiry.miss_of(result), about)}
    waiting = inquiry.by_worth([result for result in own if result.case.id not in examined])
    while chosen := inquiry.affordable(waiting):
        await inquiry.examine(chosen)
        examined |= {result.case.id for result in chosen}
        waiting = [result for result in waiting if result.case.id not in examined]
    misses = [inquiry.miss_of(result) for result in own if result.case.id in examined]
    unexamined = len(wrong) - len(examined)
    analysis = attribution.attributed(
        task, misses, about, unexamined=unexamined, unknown=search.unknown
    )
    await search.run.tell(ErrorsAnalysed(error_analysis=analysis))


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
    about: Known
    calls: int = 0
    _repeats: dict[UUID, list[ModelPrediction]] = field(default_factory=lambda: defaultdict(list))
    _left: dict[tuple[str, int | None], tuple[str, PromptContent]] = field(default_factory=dict)
    _duplicates: dict[UUID, tuple[Case, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._duplicates = _near_duplicates(self.search.splits.train)

    def miss_of(self, result: CaseResult) -> MissedCase:
        """The miss with all that is known about it by now."""
        return MissedCase(
            result=result,
            repeats=tuple(self._repeats.get(result.case.id, ())),
            versions=tuple(self._of_others(result.case).values()),
            duplicates=self._duplicates.get(result.case.id, ()),
        )

    def by_worth(self, results: Sequence[CaseResult]) -> list[CaseResult]:
        """Those first whose answer would tell most; within a class a draw."""
        run = self.search.run
        drawn = shuffled(
            results, name=lambda result: result.case.id, seed=run.plan.seed, purpose="misses"
        )
        return sorted(drawn, key=self._class)

    def affordable(self, waiting: Sequence[CaseResult]) -> list[CaseResult]:
        """As many of these as the calls left pay for, at their most."""
        run, room = self.search.run, MOST_CALLS - self.calls
        if run.stop_reason is not None:
            return []
        if run.calls_left is not None:
            room = min(room, run.calls_left)
        chosen = []
        for result in waiting:
            price = len(self._repeated(result)) + len(self._put_to_others(result))
            if price <= room:
                chosen.append(result)
                room -= price
        return chosen

    async def examine(self, results: Sequence[CaseResult]) -> None:
        """Asks the winner again, and about labels that may be wrong other versions, those left out
        that the winner's wavering explains. Raises Stopped."""
        first = [self._repeated(result)[:1] for result in results]
        await self._ask([question for one in first for question in one])
        task = self.search.run.plan.task
        steady = [
            result
            for result in results
            if attribution.cause_of(task, self.miss_of(result), self.about) is not Cause.NOISE
        ]
        rest = [[*self._repeated(one)[1:], *self._put_to_others(one)] for one in steady]
        await self._ask([question for one in rest for question in one])

    async def _ask(self, questions: Sequence[_Question]) -> None:
        run = self.search.run
        await self._tell_progress(0, len(questions))
        answers = run.plan.task.answers
        forms = [rendered(one.content, answers) for one in questions]
        calls = [
            call_for(run.plan, form, one.case, one.sample)
            for form, one in zip(forms, questions, strict=True)
        ]
        slices = blocks(run.plan, len(questions))
        for of_block, next_block in pairwise([*slices, slice(0)]):
            block = questions[of_block]
            await run.read_inbox(len(block))
            replies = await run.ask(calls[of_block], calls[next_block])
            self.calls += len(block)
            for question, answer in zip(block, replies, strict=True):
                if answer.outcome in BY_PROVIDER:
                    continue
                case_id, prediction = question.case.id, run.plan.task.parse(answer)
                if question.sample:
                    self._repeats[case_id].append(prediction)
                else:
                    run.answer_log.add(question.version, question.content, {case_id: prediction})
            await self._tell_progress(of_block.start + len(block), len(questions))

    async def _tell_progress(self, done: int, total: int) -> None:
        await self.search.run.tell(
            EvaluationProgress(
                iteration=self.search.progress.iterations, split=SPLIT, done=done, total=total
            )
        )

    def _class(self, result: CaseResult) -> int:
        task, miss = self.search.run.plan.task, self.miss_of(result)
        if not self._is_suspect(result):
            return 1
        return 0 if attribution.agreeing(task, miss) >= LEAST_AGREEING - 1 else 2

    def _is_suspect(self, result: CaseResult) -> bool:
        """Whether its label would be doubted if all who can still be asked agreed."""
        miss = self.miss_of(result)
        more = len(self._others_to_ask(result))
        return attribution.may_be_label(self.search.run.plan.task, miss, self.about, more=more)

    def _repeated(self, result: CaseResult) -> list[_Question]:
        """The winner again: as often as a doubted label takes, else once."""
        case, best = result.case, self.search.best
        _, own = self._out_of_fold(self.winner_hash, best, case)
        times = REPEATS if self._is_suspect(result) else 1
        return [_Question(case, best, own, sample) for sample in range(1, 1 + times)]

    def _put_to_others(self, result: CaseResult) -> list[_Question]:
        return self._others_to_ask(result) if self._is_suspect(result) else []

    def _others_to_ask(self, result: CaseResult) -> list[_Question]:
        """Other versions where too few have answered, the newest first: they know most."""
        case, others = result.case, self._of_others(result.case)
        winner, _ = self._out_of_fold(self.winner_hash, self.search.best, case)
        fresh: dict[str, _Question] = {}
        for version_hash, version in reversed(self.search.run.answer_log.versions.items()):
            if len(fresh) >= OTHERS - len(others):
                break
            question, content = self._out_of_fold(version_hash, version, case)
            if question not in {winner, *others}:
                fresh.setdefault(question, _Question(case, version, content))
        return list(fresh.values())

    def _of_others(self, case: Case) -> dict[str, ModelPrediction]:
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
    """For each case the others with nearly the same text."""
    return {
        case.id: tuple(other for other in group if other.id != case.id)
        for group in near_duplicates(cases)
        for case in group
    }
