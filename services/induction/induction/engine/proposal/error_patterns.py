"""Mistakes clustered into error patterns: what goes wrong more than once, and where.

A pattern is what several mistakes have in common: a truth that is missed, whatever was said
instead, or an answer that is given too often, whatever the truth. With many labels the single
confusions are too rare to learn from. The largest such family is taken first and its mistakes
set aside, so that no mistake counts twice (greedy set cover).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from nlu_shared.schemas.evaluated import ErrorPattern
from nlu_shared.schemas.events import PatternsFound
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.evaluation.results import EvalResults
from induction.task_kinds.base import Component, Mistake

LEAST_AT_ONCE, MOST_AT_ONCE, SHARE_AT_ONCE = 2, 6, 0.25
PATTERNS_REPORTED = 10
PatternKey = tuple[str, str, str]
"""Kind, truth and prediction of a pattern; an empty string where they vary."""
Seen = tuple[UUID, Mistake]


def key_of(pattern: ErrorPattern) -> PatternKey:
    return pattern.kind, pattern.truth or "", pattern.predicted or ""


def patterns_of(results: EvalResults) -> list[ErrorPattern]:
    """All patterns of a case results, the most frequent first, case ids in case order."""
    left = [(id, mistake) for id, result in results.by_case.items() for mistake in result.mistakes]
    patterns = []
    while left:
        family = _largest_family(left)
        patterns.append(_pattern(family))
        gone = set(family)
        left = [seen for seen in left if seen not in gone]
    return patterns


def patterns_event(
    content: PromptContent, patterns: Sequence[ErrorPattern], iteration: int
) -> PatternsFound:
    """The prompt's most frequent ones; a long tail of single mistakes would bury them."""
    return PatternsFound(
        iteration=iteration,
        version_hash=content.version_hash,
        patterns=list(patterns[:PATTERNS_REPORTED]),
    )


def worked_on(ordered: list[ErrorPattern]) -> tuple[ErrorPattern, ...]:
    """The patterns one change is aimed at: the top two. Where mistakes are spread over many
    labels, more of them until they hold a quarter of all, six at most: two patterns would then be
    too few cases to learn from and too small a gain to be seen on validation."""
    total, covered = sum(pattern.count for pattern in ordered), 0
    chosen: list[ErrorPattern] = []
    for pattern in ordered[:MOST_AT_ONCE]:
        if len(chosen) >= LEAST_AT_ONCE and covered >= total * SHARE_AT_ONCE:
            break
        chosen.append(pattern)
        covered += pattern.count
    return tuple(chosen)


def _largest_family(left: list[Seen]) -> list[Seen]:
    families: dict[PatternKey, list[Seen]] = defaultdict(list)
    for id, mistake in left:
        if mistake.truth is not None:
            families[mistake.kind, mistake.truth, ""].append((id, mistake))
        if mistake.predicted is not None:
            families[mistake.kind, "", mistake.predicted].append((id, mistake))
    return min(families.items(), key=lambda item: (-len(item[1]), item[0]))[1]


def worth_trying(
    patterns: list[ErrorPattern],
    failures: Mapping[PatternKey, int],
    near: Callable[[ErrorPattern], int] = lambda _: 0,
) -> list[ErrorPattern]:
    """The patterns in the order to work on them: those with the most mistakes `near` what is in
    focus, then the most frequent; each failed change on a pattern halves, thirds, … its count."""

    def urgency(pattern: ErrorPattern) -> tuple[float, float, PatternKey]:
        tries = 1 + failures.get(key_of(pattern), 0)
        return -near(pattern) / tries, -pattern.count / tries, key_of(pattern)

    return sorted(patterns, key=urgency)


def concerning(component: Component, pattern: ErrorPattern, results: EvalResults) -> int:
    """How many of the pattern's mistakes concern the component."""
    return sum(
        component.concerns(mistake)
        for id in pattern.case_ids
        for mistake in results.by_case[id].mistakes
        if mistake.kind == pattern.kind
        and pattern.truth in (None, mistake.truth)
        and pattern.predicted in (None, mistake.predicted)
    )


def _pattern(family: list[Seen]) -> ErrorPattern:
    kind = family[0][1].kind
    truths = Counter(mistake.truth for _, mistake in family)
    predictions = Counter(mistake.predicted for _, mistake in family)
    ids = list(dict.fromkeys(id for id, _ in family))
    return ErrorPattern(
        kind=kind,
        summary=f"{kind.replace('_', ' ')}: should be {_counted(truths)},"
        f" was {_counted(predictions)}",
        truth=next(iter(truths)) if len(truths) == 1 else None,
        predicted=next(iter(predictions)) if len(predictions) == 1 else None,
        count=len(ids),
        case_ids=ids,
    )


def _counted(names: Counter[str | None]) -> str:
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0] or ""))
    listed = [f"{name or 'nothing'} ({times})" for name, times in ordered[:5]]
    return ", ".join(listed) + (", …" if len(ordered) > 5 else "")
