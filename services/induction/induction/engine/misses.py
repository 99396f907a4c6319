"""The winner's misses, looked into at the end: asked again, put to other versions, attributed.

Only missed training cases are asked, so most runs spend little on it; what the limit of calls does
not leave room for is counted as not examined.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from nlu_shared.schemas.events import EvaluationProgress, MissesAttributed, StoredEvent
from nlu_shared.schemas.prompts import PromptContent

from induction.engine import attribution
from induction.engine.attribution import LEAST_VERSIONS, REPEATS, Miss
from induction.engine.chance import shuffled
from induction.engine.desk import Desk
from induction.engine.evaluate import BLOCK, Entry, asked_of
from induction.engine.groups import groups_of
from induction.engine.search import Search
from induction.engine.witnesses import may_witness
from induction.tasks.base import Case, Prediction

Step = StoredEvent | EvaluationProgress
MOST_EXAMINED = 100
"""Misses asked about at most; a draw of them where there are more."""
CALLS_PER_MISS = REPEATS + LEAST_VERSIONS - 1
"""At most: other versions are asked only where too few of them have answered in the search."""
PART = "misses"


async def attribute_misses(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """One `MissesAttributed`; nothing where the world allowed no more before the end."""
    if desk.stop is not None or desk.cancelled:
        return
    wrong = [entry for entry in search.train.entries.values() if not entry.right]
    examined = _drawn(search, desk, wrong)
    inquiry = _Inquiry(search, examined)
    async for progress in inquiry.events(desk):
        yield progress
    if inquiry.misses is None:
        return
    about = attribution.known(search.plan.task, search.train)
    yield MissesAttributed(
        misses=attribution.attributed(
            search.plan.task, inquiry.misses, about, unexamined=len(wrong) - len(examined)
        )
    )


def _drawn(search: Search, desk: Desk, wrong: Sequence[Entry]) -> list[Entry]:
    """As many misses as the calls that are left can pay for, in case order."""
    room = MOST_EXAMINED
    if desk.left is not None:
        room = min(room, max(0, desk.left) // CALLS_PER_MISS)
    seed = search.plan.seed
    drawn = shuffled(wrong, name=lambda entry: entry.case.id, seed=seed, purpose="misses")
    chosen = {entry.case.id for entry in drawn[:room]}
    return [entry for entry in wrong if entry.case.id in chosen]


@dataclass(frozen=True, slots=True)
class _Question:
    case: Case
    content: PromptContent
    sample: int


class _Inquiry:
    """`misses` stays None where it was cut short."""

    def __init__(self, search: Search, entries: Sequence[Entry]) -> None:
        self._search, self._entries = search, entries
        self.misses: list[Miss] | None = None

    async def events(self, desk: Desk) -> AsyncIterator[EvaluationProgress]:
        plan, best = self._search.plan, self._search.best
        asked = [
            _Question(entry.case, best, sample)
            for entry in self._entries
            if entry.prediction.fault is None
            for sample in range(1, 1 + REPEATS)
        ]
        asked += self._others(desk)
        repeats: dict[UUID, list[Prediction]] = {}
        for start in range(0, len(asked), BLOCK):
            block = asked[start : start + BLOCK]
            await desk.read()
            answers = await desk.ask([asked_of(plan, q.content, q.case, q.sample) for q in block])
            if answers is None:
                return
            for question, answer in zip(block, answers, strict=True):
                said = plan.task.parse(answer)
                if question.sample:
                    repeats.setdefault(question.case.id, []).append(said)
                else:
                    desk.witnesses.hear(question.content, {question.case.id: said})
            yield EvaluationProgress(
                iteration=self._search.progress.iterations,
                part=PART,
                done=start + len(block),
                total=len(asked),
            )
        duplicates = _near_duplicates(self._search.parts.train)
        self.misses = [
            Miss(
                entry=entry,
                repeats=tuple(repeats.get(entry.case.id, ())),
                versions=self._versions(desk, entry),
                duplicates=duplicates.get(entry.case.id, ()),
            )
            for entry in self._entries
        ]

    def _others(self, desk: Desk) -> list[_Question]:
        """Versions to ask about the misses that too few have answered, the oldest first: they
        share least with the winner. What earlier runs asked of them costs nothing."""
        best = self._search.best.version_hash
        found = []
        for entry in self._entries:
            if entry.prediction.fault is not None:
                continue
            heard = desk.witnesses.about(entry.case.id).keys() - {best}
            fresh = [
                content
                for content in desk.witnesses.versions()
                if content.version_hash not in {best, *heard}
                and may_witness(content, entry.case.id)
            ]
            missing = max(0, LEAST_VERSIONS - 1 - len(heard))
            found += [_Question(entry.case, content, 0) for content in fresh[:missing]]
        return found

    def _versions(self, desk: Desk, entry: Entry) -> tuple[Prediction, ...]:
        best = self._search.best.version_hash
        heard = desk.witnesses.about(entry.case.id)
        return tuple(said for version, said in heard.items() if version != best)


def _near_duplicates(cases: Sequence[Case]) -> dict[UUID, tuple[Case, ...]]:
    """For each case the others with nearly the same text, whatever conversation they are from."""
    alone = [replace(case, group=str(case.id)) for case in cases]
    return {
        case.id: tuple(other for other in group if other.id != case.id)
        for group in groups_of(alone)
        if len(group) > 1
        for case in group
    }
