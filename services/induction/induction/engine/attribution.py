"""Why a case is missed: the prompt, the label, the ruler, an answer that was none, or noise.

Decided in this order, each by what only that cause can show:

- schema: the answer could not be read; nothing was said about the case at all.
- noise: asked the same again, the same prompt says something else.
- ruler: one rule of the ruler, relaxed, would let the answer pass.
- label: every version and every repeat gives one other answer, and the case stands alone: what
  is in dispute is known well elsewhere. Near-duplicates count as witnesses of their own.
- prompt: the rest. A mistake made again and again is a rule the prompt does not tell, however many
  versions agree on it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.runs import Cause, LabelFinding, Misses

from induction.engine.evaluate import CaseBook, Entry
from induction.tasks.base import Case, Mistake, Prediction, Task

LEAST_VERSIONS = 3
"""Prompt versions that must agree against a label, the winner among them: two can share what the
one took over from the other. One less where a near-duplicate bears the other label."""
REPEATS = 2
"""How often the winner is asked a missed case again. A model that wavers in one answer of five
agrees three times on the same wrong label of ten in about one case of ten thousand."""
ALIKE_AT_MOST = 1
"""Other cases that may show the very same mistake: three that agree are a pattern to work on."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A missed case: the winner's answer, its repeats, what other versions said, and other
    approved cases with nearly the same text."""

    entry: Entry
    repeats: tuple[Prediction, ...] = ()
    versions: tuple[Prediction, ...] = ()
    duplicates: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a winner's answers to all training cases say about how far to believe it."""

    alike: Mapping[Mistake, int]
    trusted: frozenset[str]
    """Names (labels, kinds of items) of which it gets more than half right, wherever they stand
    and wherever it says them."""
    wary: Mapping[str, float]
    """The mean confidence of its right answers, by what was said; absent where it tells none."""


def known(task: Task, book: CaseBook) -> Known:
    """`book`: the winner's answers to the training cases, the misses among them."""
    entries = list(book.entries.values())
    alike = Counter(mistake for entry in entries for mistake in set(entry.mistakes))
    right: dict[str, Counter[bool]] = {}
    sure: dict[str, list[float]] = {}
    for entry in entries:
        for names in (task.holds(entry.case.truth), _said(task, entry)):
            for name in names:
                right.setdefault(name, Counter())[entry.right] += 1
        if entry.right and entry.prediction.confidence is not None:
            for name in _said(task, entry):
                sure.setdefault(name, []).append(entry.prediction.confidence)
    return Known(
        alike=alike,
        trusted=frozenset(name for name, seen in right.items() if seen[True] > seen[False]),
        wary={name: sum(told) / len(told) for name, told in sure.items()},
    )


def cause_of(task: Task, miss: Miss, about: Known) -> Cause:
    """Exactly one cause. Without repeats neither noise nor a label can be told."""
    entry = miss.entry
    if entry.prediction.fault is not None:
        return Cause.SCHEMA
    if not all(_same(task, entry.prediction, again) for again in miss.repeats):
        return Cause.NOISE
    if task.nearly(entry.case.truth, entry.prediction) is not None:
        return Cause.RULER
    if miss.repeats and _all_against(task, miss) and _stands_alone(task, entry, about):
        return Cause.LABEL
    return Cause.PROMPT


def attributed(task: Task, misses: Sequence[Miss], about: Known, *, unexamined: int = 0) -> Misses:
    """The causes of all misses, cases in the order given, and in a sentence what they mean."""
    causes = {miss.entry.case.id: cause_of(task, miss, about) for miss in misses}
    by_cause = {cause: [id for id, one in causes.items() if one is cause] for cause in Cause}
    counts = {cause: len(ids) for cause, ids in by_cause.items()}
    return Misses(
        total=len(misses) + unexamined,
        counts=counts,
        case_ids=by_cause,
        labels=[
            _finding(task, miss) for miss in misses if causes[miss.entry.case.id] is Cause.LABEL
        ],
        unexamined=unexamined,
        says=sentence(counts, unexamined=unexamined),
    )


def sentence(counts: Mapping[Cause, int], *, unexamined: int = 0) -> str:
    """What a person should do next; says so where most misses are not the prompt's."""
    total = sum(counts.values())
    rest = f" {unexamined} more could not be looked into." if unexamined else ""
    if not total:
        return (
            "No training case is missed." if not unexamined else "No miss was looked into."
        ) + rest
    told = [
        f"{counts[cause]} {_WORDS[cause]}"
        for cause in sorted(Cause, key=lambda one: -counts.get(one, 0))
        if counts.get(cause, 0) and cause is not Cause.PROMPT
    ]
    others = total - counts.get(Cause.PROMPT, 0)
    if 2 * others > total:
        return (
            f"This is not a prompt problem: {others} of {total} misses, {', '.join(told)}." + rest
        )
    if others:
        return f"{others} of {total} misses are not the prompt's: {', '.join(told)}." + rest
    return f"All {total} misses are the prompt's." + rest


_WORDS = {
    Cause.LABEL: "with a doubtful label",
    Cause.RULER: "by the ruler's strictness",
    Cause.SCHEMA: "without a valid answer",
    Cause.NOISE: "where the model wavers",
}


def _all_against(task: Task, miss: Miss) -> bool:
    """Whether enough versions agree with the winner's answer, all of those that were heard, and no
    near-duplicate speaks for the label."""
    said = miss.entry.prediction
    if not all(_same(task, said, other) for other in miss.versions):
        return False
    with_label, with_answer = _duplicates(task, miss)
    if with_label > with_answer:
        return False
    return 1 + len(miss.versions) >= LEAST_VERSIONS - (with_answer > 0)


def _stands_alone(task: Task, entry: Entry, about: Known) -> bool:
    truth, said = task.holds(entry.case.truth), _said(task, entry)
    if not (truth ^ said) <= about.trusted:
        return False
    if any(about.alike[mistake] > 1 + ALIKE_AT_MOST for mistake in entry.mistakes):
        return False
    confidence = entry.prediction.confidence
    return confidence is None or all(confidence >= about.wary.get(name, 0) for name in said)


def _duplicates(task: Task, miss: Miss) -> tuple[int, int]:
    """How many near-duplicates bear the label, and how many the answer instead."""
    as_labelled = Prediction(output=miss.entry.case.truth)
    return (
        sum(not task.mistakes(case.truth, as_labelled) for case in miss.duplicates),
        sum(not task.mistakes(case.truth, miss.entry.prediction) for case in miss.duplicates),
    )


def _finding(task: Task, miss: Miss) -> LabelFinding:
    entry = miss.entry
    said = entry.prediction.output
    return LabelFinding(
        case_id=entry.case.id,
        said=said if isinstance(said, str) else None,
        differs=[_told(mistake) for mistake in entry.mistakes],
        versions=1 + len(miss.versions),
        answers=1 + len(miss.versions) + len(miss.repeats),
        duplicates=_duplicates(task, miss)[1],
    )


def _told(mistake: Mistake) -> str:
    kind = mistake.kind.replace("_", " ")
    return f"{kind}: should be {mistake.truth or 'nothing'}, was {mistake.predicted or 'nothing'}"


def _same(task: Task, one: Prediction, other: Prediction) -> bool:
    """Whether the ruler would call one right if the other were the truth."""
    if one.fault is not None or other.fault is not None:
        return one.fault == other.fault
    return not task.mistakes(one.output, other)


def _said(task: Task, entry: Entry) -> frozenset[str]:
    if entry.prediction.fault is not None:
        return frozenset()
    return task.holds(entry.prediction.output)
