"""Why a case is missed: the prompt, the label, the scorer, an answer that was none, or noise.

Decided in this order, each by what only that cause can show:

- schema: the answer could not be read; nothing was answered about the case at all.
- noise: asked the same again, the same prompt says something else.
- scorer: one rule of the scorer, relaxed, would let the answer pass.
- label: the versions agree on one other answer, every repeat too, and the case stands alone: what
  is in dispute is known well elsewhere. Near-duplicates count as witnesses of their own.
- prompt: the rest. A mistake made again and again is a rule the prompt does not tell, however many
  versions agree on it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu_shared.rendering.leniency import by_cause
from nlu_shared.schemas.verdicts import Cause, ErrorAnalysis, LabelFinding

from induction.engine.evaluation.results import CaseResult, EvalResults
from induction.task_kinds.base import Case, Mistake, ModelPrediction, Task, equivalent

LEAST_AGREEING = 3
"""Prompt versions that must agree against a label, the winner among them: two can share what the
one took over from the other. One less where a near-duplicate bears the other label."""
AGREEING = 3 / 4
"""The share of all versions heard that must agree: the first and weakest may still guess."""
REPEATS = 2
"""How often the winner is asked a missed case again. A model that wavers in one answer of five
agrees three times on the same wrong label of ten in about one case of ten thousand."""
ALIKE_AT_MOST = 1
"""Other cases that may show the very same mistake: three that agree are a pattern to work on."""


@dataclass(frozen=True, slots=True)
class MissedCase:
    """A case that the winner misses, and all that speaks about it.

    result: the winner's answer.
    repeats: its answers when asked the same again.
    versions: what other versions answered.
    duplicates: other approved cases with nearly the same text.
    """

    result: CaseResult
    repeats: tuple[ModelPrediction, ...] = ()
    versions: tuple[ModelPrediction, ...] = ()
    duplicates: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a winner's answers to all training cases say about how far to believe it."""

    alike: Mapping[Mistake, int]
    trusted: frozenset[str]
    """Names (labels, kinds of items) of which it gets more than half right, wherever they stand
    and wherever it says them."""
    sure: Mapping[str, float]
    """The mean confidence of its right answers, by the answer; absent where it gives none."""


def known(task: Task, evaluation: EvalResults) -> Known:
    """`evaluation`: the winner's answers to the training cases, the misses among them."""
    results = list(evaluation.by_case.values())
    alike = Counter(mistake for result in results for mistake in set(result.mistakes))
    right: dict[str, Counter[bool]] = {}
    sure: dict[str, list[float]] = {}
    for result in results:
        for names in (task.holds(result.case.truth), _answered(task, result)):
            for name in names:
                right.setdefault(name, Counter())[result.right] += 1
        if result.right and result.prediction.confidence is not None:
            for name in _answered(task, result):
                sure.setdefault(name, []).append(result.prediction.confidence)
    return Known(
        alike=alike,
        trusted=frozenset(name for name, seen in right.items() if seen[True] > seen[False]),
        sure={name: sum(values) / len(values) for name, values in sure.items()},
    )


def cause_of(task: Task, miss: MissedCase, about: Known) -> Cause:
    """Exactly one cause. Without repeats neither noise nor a label can be told."""
    result = miss.result
    if result.prediction.fault is not None:
        return Cause.SCHEMA
    if not all(equivalent(task, result.prediction, again) for again in miss.repeats):
        return Cause.NOISE
    if task.nearly(result.case.truth, result.prediction) is not None:
        return Cause.SCORER
    if miss.repeats and _against(task, miss) and _stands_alone(task, result, about):
        return Cause.LABEL
    return Cause.PROMPT


def is_clear(task: Task, miss: MissedCase, about: Known) -> bool:
    """Whether what is known already tells the cause, so that no call has to be spent on it: nothing
    was answered, a rule of the scorer forgives it, or so many other versions give the very same
    answer that no wavering explains it, where it cannot be the label either."""
    if miss.result.prediction.fault is not None:
        return True
    if task.nearly(miss.result.case.truth, miss.result.prediction) is not None:
        return True
    steady = agreeing(task, miss) > LEAST_AGREEING
    return steady and not may_be_label(task, miss, about)


def may_be_label(task: Task, miss: MissedCase, about: Known, *, more: int = 0) -> bool:
    """Whether the label would be doubted, were the answer repeated and more versions to agree.

    task: knows the scorer's rules.
    miss: with what is known of it.
    about: how far to believe the winner.
    more: versions that would agree.
    """
    return _against(task, miss, more=more) and _stands_alone(task, miss.result, about)


def agreeing(task: Task, miss: MissedCase) -> int:
    """Versions that give the winner's answer, itself among them."""
    return 1 + sum(equivalent(task, miss.result.prediction, other) for other in miss.versions)


def attributed(
    task: Task,
    misses: Sequence[MissedCase],
    about: Known,
    *,
    unexamined: int = 0,
    unknown: int = 0,
) -> ErrorAnalysis:
    """The causes of all misses, cases in the order given, and in a sentence what they mean.

    task: knows the scorer's rules.
    misses: in the order they are to be told.
    about: how far to believe the winner.
    unexamined: misses that were not looked into.
    unknown: training cases that were not asked.
    """
    causes = {miss.result.case.id: cause_of(task, miss, about) for miss in misses}
    by_cause = {cause: [id for id, one in causes.items() if one is cause] for cause in Cause}
    counts = {cause: len(ids) for cause, ids in by_cause.items()}
    return ErrorAnalysis(
        total=len(misses) + unexamined,
        counts=counts,
        case_ids=by_cause,
        labels=[
            _finding(task, miss) for miss in misses if causes[miss.result.case.id] is Cause.LABEL
        ],
        unexamined=unexamined,
        summary=sentence(
            counts,
            unexamined=unexamined,
            unknown=unknown,
            faults=Counter(
                miss.result.prediction.fault
                for miss in misses
                if miss.result.prediction.fault is not None
            ),
        ),
    )


def sentence(
    counts: Mapping[Cause, int],
    *,
    unexamined: int = 0,
    unknown: int = 0,
    faults: Mapping[str, int] | None = None,
) -> str:
    """What a person should do next; says so where most of all misses are not the prompt's. What it
    says is said of the examined ones.

    counts: of misses, by cause.
    unexamined: misses that were not looked into.
    unknown: training cases that were not asked, so that nobody knows whether they are missed.
    faults: why those without a valid answer have none.
    """
    total = sum(counts.values())
    rest = (
        f" {unknown} training {_by(unknown, 'case was', 'cases were')} not asked."
        if unknown
        else ""
    )
    if not total and unexamined:
        return f"{unexamined} {_by(unexamined, 'miss', 'misses')} could not be looked into.{rest}"
    if not total:
        return f"None of the training cases asked is missed.{rest}" if unknown else NOTHING_MISSED
    if unexamined:
        rest = f" {unexamined} more {_by(unexamined, 'was', 'were')} not examined.{rest}"
    misses = f"{'examined ' if unexamined else ''}{_by(total, 'miss', 'misses')}"
    reasons = by_cause(faults or {})
    words = {**_WORDS, **({Cause.SCHEMA: f"{_WORDS[Cause.SCHEMA]} ({reasons})"} if reasons else {})}
    listed = ", ".join(
        f"{counts[cause]} {words[cause]}"
        for cause in sorted(Cause, key=lambda one: -counts.get(one, 0))
        if counts.get(cause, 0) and cause is not Cause.PROMPT
    )
    others = total - counts.get(Cause.PROMPT, 0)
    if not others:
        all_of_them = f"All {total} {misses} are" if total > 1 else f"The one {misses} is"
        return f"{all_of_them} the prompt's.{rest}"
    if 2 * others > total + unexamined:
        return f"This is not a prompt problem: {others} of {total} {misses}, {listed}.{rest}"
    return (
        f"{others} of {total} {misses} {_by(others, 'is', 'are')} not the prompt's: {listed}.{rest}"
    )


def _by(number: int, one: str, more: str) -> str:
    return one if number == 1 else more


NOTHING_MISSED = "No training case is missed."


_WORDS = {
    Cause.LABEL: "with a doubtful label",
    Cause.SCORER: "by the scorer's strictness",
    Cause.SCHEMA: "without a valid answer",
    Cause.NOISE: "where the model wavers",
}


def _against(task: Task, miss: MissedCase, *, more: int = 0) -> bool:
    """Whether enough versions give the winner's answer, and no near-duplicate bears the label."""
    with_label, with_answer = _duplicates(task, miss)
    agreed, heard = more + agreeing(task, miss), more + 1 + len(miss.versions)
    return (
        with_label <= with_answer
        and agreed >= LEAST_AGREEING - (with_answer > 0)
        and agreed >= AGREEING * heard
    )


def _stands_alone(task: Task, result: CaseResult, about: Known) -> bool:
    truth, answered = task.holds(result.case.truth), _answered(task, result)
    if not (truth ^ answered) <= about.trusted:
        return False
    if any(about.alike[mistake] > 1 + ALIKE_AT_MOST for mistake in result.mistakes):
        return False
    confidence = result.prediction.confidence
    return confidence is None or all(confidence >= about.sure.get(name, 0) for name in answered)


def _duplicates(task: Task, miss: MissedCase) -> tuple[int, int]:
    """How many near-duplicates bear the label, and how many the answer instead."""
    as_labelled = ModelPrediction(output=miss.result.case.truth)
    return (
        sum(not task.mistakes(case.truth, as_labelled) for case in miss.duplicates),
        sum(not task.mistakes(case.truth, miss.result.prediction) for case in miss.duplicates),
    )


def _finding(task: Task, miss: MissedCase) -> LabelFinding:
    result = miss.result
    output = result.prediction.output
    return LabelFinding(
        case_id=result.case.id,
        predicted=output if isinstance(output, str) else None,
        differs=[_difference(mistake) for mistake in result.mistakes],
        agreeing=agreeing(task, miss),
        versions=1 + len(miss.versions),
        repeats=len(miss.repeats),
        duplicates=_duplicates(task, miss)[1],
    )


def _difference(mistake: Mistake) -> str:
    kind = mistake.kind.replace("_", " ")
    return f"{kind}: should be {mistake.truth or 'nothing'}, was {mistake.predicted or 'nothing'}"


def _answered(task: Task, result: CaseResult) -> frozenset[str]:
    if result.prediction.fault is not None:
        return frozenset()
    return task.holds(result.prediction.output)
