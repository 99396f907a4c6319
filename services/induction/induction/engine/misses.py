"""The winner's misses, looked into at the end: asked again, put to other versions, attributed.

Only missed training cases are asked, so most runs spend little on it; what the limit of calls does
not leave room for is counted as not examined.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from nlu_shared.schemas.events import EvaluationProgress, MissesAttributed, StoredEvent
from nlu_shared.schemas.prompts import PromptContent

from induction.engine import attribution
from induction.engine.attribution import LEAST_AGREEING, REPEATS, Miss
from induction.engine.chance import shuffled
from induction.engine.desk import Desk
from induction.engine.evaluate import BLOCK, Entry, asked_of
from induction.engine.groups import groups_of
from induction.engine.search import Search
from induction.engine.unseen import without
from induction.tasks.base import Case, Prediction

Step = StoredEvent | EvaluationProgress
MOST_EXAMINED = 200
"""Misses asked about at most; a draw of them where there are more."""
OTHERS = LEAST_AGREEING
"""Versions beside the winner that should have answered: one may say something else."""
CALLS_PER_MISS = REPEATS + OTHERS
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
    """`asked`: what is left of the version without the examples of the case's fold."""

    case: Case
    version: PromptContent
    asked: PromptContent
    sample: int = 0


class _Inquiry:
    """`misses` stays None where it was cut short."""

    def __init__(self, search: Search, entries: Sequence[Entry]) -> None:
        self._search, self._entries = search, entries
        self.misses: list[Miss] | None = None

    async def events(self, desk: Desk) -> AsyncIterator[EvaluationProgress]:
        plan = self._search.plan
        questions = [question for entry in self._entries for question in self._about(entry, desk)]
        repeats: dict[UUID, list[Prediction]] = defaultdict(list)
        for start in range(0, len(questions), BLOCK):
            block = questions[start : start + BLOCK]
            await desk.read()
            answers = await desk.ask([asked_of(plan, q.asked, q.case, q.sample) for q in block])
            if answers is None:
                return
            for question, answer in zip(block, answers, strict=True):
                case_id, said = question.case.id, plan.task.parse(answer)
                if question.sample:
                    repeats[case_id].append(said)
                else:
                    desk.witnesses.hear(question.version, question.asked, {case_id: said})
            yield EvaluationProgress(
                iteration=self._search.progress.iterations,
                part=PART,
                done=start + len(block),
                total=len(questions),
            )
        duplicates = _near_duplicates(self._search.parts.train)
        self.misses = [
            Miss(
                entry=entry,
                repeats=tuple(repeats[entry.case.id]),
                versions=tuple(self._heard(entry.case, desk).values()),
                duplicates=duplicates.get(entry.case.id, ()),
            )
            for entry in self._entries
        ]

    def _about(self, entry: Entry, desk: Desk) -> list[_Question]:
        """The winner again, then other versions where too few have answered, the newest first:
        they know most. What earlier runs asked of them costs nothing."""
        case, best = entry.case, self._search.best
        if entry.prediction.fault is not None:
            return []
        own = self._unseen(best, case)
        again = [_Question(case, best, own, sample) for sample in range(1, 1 + REPEATS)]
        heard = self._heard(case, desk)
        fresh: dict[str, _Question] = {}
        for version in reversed(desk.witnesses.versions()):
            asked = self._unseen(version, case)
            if asked.version_hash not in {own.version_hash, *heard}:
                fresh.setdefault(asked.version_hash, _Question(case, version, asked))
        missing = max(0, OTHERS - len(heard))
        return again + list(fresh.values())[:missing]

    def _heard(self, case: Case, desk: Desk) -> dict[str, Prediction]:
        """What versions other than the winner said, by what was asked."""
        heard = desk.witnesses.about(case.id)
        heard.pop(self._unseen(self._search.best, case).version_hash, None)
        return heard

    def _unseen(self, version: PromptContent, case: Case) -> PromptContent:
        folds = self._search.folds
        return without(version, folds[case.id], folds) if case.id in folds else version


def _near_duplicates(cases: Sequence[Case]) -> dict[UUID, tuple[Case, ...]]:
    """For each case the others with nearly the same text, whatever conversation they are from."""
    alone = [replace(case, group=str(case.id)) for case in cases]
    return {
        case.id: tuple(other for other in group if other.id != case.id)
        for group in groups_of(alone)
        if len(group) > 1
        for case in group
    }
