"""A prompt put to the cases: who answered what, and what that scores.

Questions go out in fixed blocks in case order, so that what is asked never depends on which
answer came first.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.events import EvaluationProgress
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.desk import Desk
from induction.engine.plan import Plan
from induction.engine.unseen import FOLDS, Folds, without
from induction.engine.world import Asked
from induction.tasks.base import BY_PROVIDER, Case, Mistake, Prediction, Score, Task

BLOCK = 64
"""Cases asked at once; the operator is heard between blocks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a prompt said about a case, its score from 0 to 1, and in what ways it was wrong."""

    case: Case
    prediction: Prediction
    score: float
    mistakes: tuple[Mistake, ...]

    @property
    def right(self) -> bool:
        return not self.mistakes


@dataclass(frozen=True, slots=True)
class CaseBook:
    """One entry per case, by case id, in case order; none where the provider let no answer
    through."""

    entries: Mapping[UUID, Entry]

    @property
    def cases(self) -> list[Case]:
        return [entry.case for entry in self.entries.values()]

    def of(self, cases: Iterable[Case]) -> "CaseBook":
        """What these cases were answered, in their order, as far as they were."""
        known = self.entries
        return CaseBook({case.id: known[case.id] for case in cases if case.id in known})

    def __or__(self, other: "CaseBook") -> "CaseBook":
        """Both; of a case in both, the other's entry."""
        return CaseBook({**self.entries, **other.entries})

    def updated(self, newer: "CaseBook") -> "CaseBook":
        """These cases, with the newer entries where there are such."""
        return CaseBook({id: newer.entries.get(id, old) for id, old in self.entries.items()})

    def scored(self, task: Task) -> Score:
        entries = self.entries.values()
        return task.score([e.case.truth for e in entries], [e.prediction for e in entries])

    @property
    def unanswered(self) -> int:
        return sum(entry.prediction.fault is not None for entry in self.entries.values())


def compare(before: CaseBook, after: CaseBook) -> tuple[list[UUID], list[UUID]]:
    """Of the cases in both books: which score higher now, and which lower."""
    shared = [id for id in after.entries if id in before.entries]
    gains = {id: after.entries[id].score - before.entries[id].score for id in shared}
    return [id for id in shared if gains[id] > 0], [id for id in shared if gains[id] < 0]


class Exam:
    """One prompt on one list of cases, each without the examples of its fold, if it has one.
    `book` stays None where it was cut short; `lost` are the cases that the provider let no model
    answer: they have no entry."""

    def __init__(
        self,
        plan: Plan,
        content: PromptContent,
        cases: Iterable[Case],
        *,
        part: str,
        iteration: int,
        folds: Folds | None = None,
        sample: int = 0,
    ) -> None:
        self._plan, self._content = plan, content
        self._cases = tuple(cases)
        self._part, self._iteration = part, iteration
        self._folds, self._sample = folds or {}, sample
        self._unseen = {fold: without(content, fold, self._folds) for fold in range(FOLDS)}
        self.book: CaseBook | None = None
        self.lost: set[UUID] = set()

    async def sit(self, desk: Desk) -> AsyncIterator[EvaluationProgress]:
        entries: dict[UUID, Entry] = {}
        for start in range(0, len(self._cases), BLOCK):
            block = self._cases[start : start + BLOCK]
            await desk.read()
            answers = await desk.ask([self._question(case) for case in block])
            if answers is None:
                return
            for case, answer in zip(block, answers, strict=True):
                if answer.outcome in BY_PROVIDER:
                    self.lost.add(case.id)
                    continue
                entries[case.id] = judged(self._plan.task, case, self._plan.task.parse(answer))
            yield EvaluationProgress(
                iteration=self._iteration,
                part=self._part,
                done=len(entries) + len(self.lost),
                total=len(self._cases),
            )
        self.book = CaseBook(entries)
        for fold, asked in self._unseen.items():
            of_fold = [id for id in entries if self._folds.get(id) == fold]
            said = {id: entries[id].prediction for id in of_fold}
            desk.witnesses.hear(self._content, asked, said)

    def _question(self, case: Case) -> Asked:
        plan, fold = self._plan, self._folds.get(case.id)
        content = self._content if fold is None else self._unseen[fold]
        return asked_of(plan, content, case, self._sample)


def asked_of(plan: Plan, content: PromptContent, case: Case, sample: int = 0) -> Asked:
    """What a prompt is asked about a case."""
    request = plan.task.request(content, case.text, model=plan.task_model, context=case.context)
    return Asked(request, sample)


def judged(task: Task, case: Case, prediction: Prediction) -> Entry:
    mistakes = tuple(task.mistakes(case.truth, prediction))
    return Entry(case, prediction, task.case_score(case.truth, prediction), mistakes)
