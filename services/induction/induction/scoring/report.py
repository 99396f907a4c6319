"""From cases with truths and predictions to what the scorer says of them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from nlu_shared.measure import f1
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.labels import LabelSpec, alike
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.scores import (
    CaseCounts,
    ExplainedCase,
    MatchedItem,
    MissedItem,
    ScoreReport,
    Tally,
)

from induction.scoring.files import MISSING, UNUSABLE, Scored, Unscorable
from induction.task_kinds.base import ModelPrediction, Task
from induction.task_kinds.extraction import ExtractionTask, explain
from induction.task_kinds.extraction.discussion import Statement, discussions, whole
from induction.task_kinds.extraction.match import match
from induction.task_kinds.extraction.sides import Side
from induction.task_kinds.extraction.wording import extracted
from induction.task_kinds.intent import IntentTask

OBJECTIVE = {TaskKind.INTENT: "macro_f1", TaskKind.EXTRACTION: "aggregate"}
"""The name of the objective among the scores."""


def report(
    kind: TaskKind, read: Sequence[Scored], *, left_out: int, cumulative: bool, explained: bool
) -> ScoreReport:
    """Scores by the scorer of the kind. Raises Unscorable where `cumulative` finds no discussion.

    `cumulative` scores what each discussion adds up to, in place of each statement; `explained`
    tells what matched and what did not. Both are for extractions.
    """
    cases = added_up(read) if cumulative else read
    task = task_for(kind, cases)
    truths = [case.truth for case in cases]
    score = task.score(truths, [case.prediction for case in cases])
    counted = [CaseCounts(id=case.id, counts=_counts(kind, case)) for case in cases]
    return ScoreReport(
        kind=kind,
        scorer=task.scorer,
        objective=score.objective,
        scores={OBJECTIVE[kind]: score.objective, **score.components},
        pooled=_pooled(task.counted(truths), (one.counts for one in counted)),
        support=dict(score.support),
        unanswered=sum(case.prediction.fault == UNUSABLE for case in read),
        missing=sum(case.prediction.fault == MISSING for case in read),
        left_out=left_out + (sum(case.context is None for case in read) if cumulative else 0),
        cases=counted,
        explained=[_explained(case) for case in cases] if explained else [],
        alike=alike(str(one) for one in truths if one) if kind is TaskKind.INTENT else [],
    )


def task_for(kind: TaskKind, cases: Iterable[Scored]) -> Task:
    """The task that these cases are of; its labels are all that occur in them."""
    if kind is TaskKind.EXTRACTION:
        return ExtractionTask()
    labels = (output for case in cases for output in (case.truth, case.prediction.output))
    return IntentTask([LabelSpec(name=one) for one in sorted({str(one) for one in labels if one})])


def _counts(kind: TaskKind, case: Scored) -> dict[str, Tally]:
    task = task_for(kind, [case])
    (table,) = task.counts([case.truth], [case.prediction])
    return dict(zip(task.counted([case.truth]), map(_tally, table), strict=True))


def _pooled(names: Iterable[str], counted: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    total = {name: np.zeros(3, dtype=np.int64) for name in names}
    for counts in counted:
        for name, one in counts.items():
            total[name] += (one.tp, one.fp, one.fn)
    return {name: _tally(sums) for name, sums in total.items()}


def _tally(counts: f1.Counts) -> Tally:
    tp, fp, fn = counts.tolist()
    return Tally(tp=tp, fp=fp, fn=fn)


def added_up(cases: Iterable[Scored]) -> list[Scored]:
    """What each discussion adds up to. Raises Unscorable where there is none."""
    statements = [
        Statement(
            case.group or str(case.id),
            case.context,
            Extraction.model_validate(case.truth),
            extracted(case.prediction),
        )
        for case in cases
    ]
    added_up = [
        Scored(
            group, truth.model_dump(mode="json"), ModelPrediction(predicted.model_dump(mode="json"))
        )
        for group, (truth, predicted) in zip(
            discussions(statements), whole(statements), strict=True
        )
    ]
    if not added_up:
        raise Unscorable("no truth has a context, so there is no discussion to add up")
    return added_up


def _explained(case: Scored) -> ExplainedCase:
    truth, predicted = Extraction.model_validate(case.truth), extracted(case.prediction)
    matched = match(Side(truth), Side(predicted))
    pairs = [
        MatchedItem(
            entity=pair.entity,
            truth=pair.truth.id,
            predicted=pair.predicted.id,
            similarity=round(pair.similarity, 3),
        )
        for pair in explain.pairs(matched)
    ]
    misses = [
        MissedItem(
            entity=miss.entity,
            side="predicted" if miss.is_extra else "truth",
            id=miss.item.id,
            nearest=None if miss.nearest is None else miss.nearest.id,
            failed=[*miss.failed],
        )
        for miss in explain.misses(matched)
    ]
    return ExplainedCase(id=case.id, pairs=pairs, misses=misses)
