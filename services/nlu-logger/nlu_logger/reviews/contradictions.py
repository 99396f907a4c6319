"""Which approved truths contradict each other, and which issues of a case are still open."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.queues import LabelIssue
from pydantic import JsonValue

from nlu_logger.reviews.priority import words

CONTRADICTION = "near-duplicate"


@dataclass(frozen=True, slots=True)
class Known:
    """An approved case; `cleared_at` is when somebody last looked and let its truth stand."""

    id: UUID
    task: str
    text: str
    truth: JsonValue
    created_at: datetime
    cleared_at: datetime | None


def contradictions(cases: Sequence[Known]) -> dict[UUID, LabelIssue]:
    """Cases whose words also stand under another truth; order, case and punctuation aside.

    A cleared case is doubted again only for a contradiction younger than its clearing.
    """
    alike: dict[tuple[str, frozenset[str]], list[Known]] = defaultdict(list)
    for case in cases:
        alike[case.task, words(case.text)].append(case)
    return {
        case.id: LabelIssue(kind=CONTRADICTION, cases=[other.id for other in others])
        for group in alike.values()
        if len(group) > 1
        for case in group
        if (others := list(_against(case, group)))
    }


def _against(case: Known, group: Iterable[Known]) -> Iterable[Known]:
    truth = canonical(case.truth)
    for other in group:
        is_news = case.cleared_at is None or other.created_at > case.cleared_at
        if is_news and canonical(other.truth) != truth:
            yield other
