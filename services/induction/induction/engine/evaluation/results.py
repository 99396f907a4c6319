"""What cases were answered, and what that scores. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from induction.task_kinds.base import Case, Mistake, ModelPrediction, Score, Task


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
    """What a prompt was answered.

    by_case: one result per case, by case id, in case order; none for the cases that are lost.
    lost: the provider let no answer through.
    too_long: those of them that do not fit into the model's window with the prompt.
    window: the tokens of that, where the prompt alone is longer: then none of them was asked.
    """

    by_case: Mapping[UUID, CaseResult]
    lost: frozenset[UUID] = frozenset()
    too_long: frozenset[UUID] = frozenset()
    window: int | None = None

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


def judge(task: Task, case: Case, prediction: ModelPrediction) -> CaseResult:
    mistakes = tuple(task.mistakes(case.truth, prediction))
    return CaseResult(case, prediction, task.case_score(case.truth, prediction), mistakes)
