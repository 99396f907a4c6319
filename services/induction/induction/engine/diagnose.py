"""Mistakes clustered into error patterns: what goes wrong more than once, and where.

Mistakes of one kind on one truth are a pattern, whatever was said instead: with many labels the
single confusions are too rare to learn from. Where the truth is nothing (something was claimed
that is not there) the prediction names the pattern.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from uuid import UUID

from nlu_shared.schemas.events import ErrorPattern

from induction.engine.evaluate import CaseBook
from induction.tasks.base import Mistake

Key = tuple[str, str]


def key_of(pattern: ErrorPattern | Mistake) -> Key:
    return pattern.kind, pattern.truth or pattern.predicted or ""


def patterns_of(book: CaseBook) -> list[ErrorPattern]:
    """All patterns of a case book, the most frequent first, case ids in case order."""
    clusters: dict[Key, list[tuple[UUID, Mistake]]] = defaultdict(list)
    for id, entry in book.entries.items():
        for mistake in entry.mistakes:
            clusters[key_of(mistake)].append((id, mistake))
    patterns = [_pattern(cluster) for cluster in clusters.values()]
    return sorted(patterns, key=lambda pattern: (-pattern.count, key_of(pattern)))


def worth_trying(
    patterns: list[ErrorPattern], failures: Mapping[Key, int], focus: str | None
) -> list[ErrorPattern]:
    """The patterns in the order to work on them: those the operator's focus names first, then
    those on which the fewest changes have failed, then the most frequent."""

    def urgency(pattern: ErrorPattern) -> tuple[bool, int, int, Key]:
        named = any(one and one in (focus or "") for one in (pattern.truth, pattern.predicted))
        return not named, failures.get(key_of(pattern), 0), -pattern.count, key_of(pattern)

    return sorted(patterns, key=urgency)


def _pattern(cluster: list[tuple[UUID, Mistake]]) -> ErrorPattern:
    first = cluster[0][1]
    said = Counter(mistake.predicted for _, mistake in cluster)
    ids = list(dict.fromkeys(id for id, _ in cluster))
    return ErrorPattern(
        kind=first.kind,
        summary=_summary(first, said),
        truth=first.truth,
        predicted=first.predicted if len(said) == 1 else None,
        count=len(ids),
        case_ids=ids,
    )


def _summary(mistake: Mistake, said: Counter[str | None]) -> str:
    ordered = sorted(said.items(), key=lambda item: (-item[1], item[0] or ""))
    answers = ", ".join(f"{name or 'nothing'} ({times})" for name, times in ordered[:5])
    kind = mistake.kind.replace("_", " ")
    return f"{kind}: should be {mistake.truth or 'nothing'}, was {answers}"
