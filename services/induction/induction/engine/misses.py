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
from induction.tasks.base import BY_PROVIDER, Case, Prediction

Step = StoredEvent | EvaluationProgress
MOST_EXAMINED = 200
"""Misses asked about at most; a draw of them where there are more."""
OTHERS = LEAST_AGREEING
"""Versions beside the winner that should have answered: one may say something else."""
CALLS_PER_MISS = REPEATS + OTHERS
"""At most: other versions are asked only where too few of them have answered in the search."""
PART = "misses"


async def attribute_misses(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """One `MissesAttributed`, of what the limits leave calls for; nothing where the run was
    cancelled or the world allowed no more before the end."""
    if desk.cancelled:
        return
    wrong = [entry for entry in search.train.entries.values() if not entry.right]
    examined = _examined(search, desk, wrong)
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


def _examined(search: Search, desk: Desk, wrong: Sequence[Entry]) -> list[Entry]:
    """Those of the winner's own misses that the calls left can pay for, in case order; an answer
    that was none takes no question."""
    room = MOST_EXAMINED
    if desk.stop is not None:
        room = 0
    elif desk.left is not None:
        room = min(room, max(0, desk.left) // CALLS_PER_MISS)
    own = [entry for entry in wrong if entry.case.id in search.fresh]
    unclear = [entry for entry in own if entry.prediction.fault is None]
    seed = search.plan.seed
    drawn = shuffled(unclear, name=lambda entry: entry.case.id, seed=seed, purpose="misses")
    chosen = {entry.case.id for entry in drawn[:room]}
    return [e for e in own if e.prediction.fault is not None or e.case.id in chosen]


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
        self._best = search.best.version_hash
        self._left: dict[tuple[str, int | None], tuple[str, PromptContent]] = {}
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
                if answer.outcome in BY_PROVIDER:
                    continue
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
        known, own = self._unseen(self._best, best, case)
        again = [_Question(case, best, own, sample) for sample in range(1, 1 + REPEATS)]
        heard = self._heard(case, desk)
        missing = OTHERS - len(heard)
        fresh: dict[str, _Question] = {}
        for name, version in reversed(desk.witnesses.versions.items()):
            if len(fresh) >= missing:
                break
            question, asked = self._unseen(name, version, case)
            if question not in {known, *heard}:
                fresh.setdefault(question, _Question(case, version, asked))
        return [*again, *fresh.values()]

    def _heard(self, case: Case, desk: Desk) -> dict[str, Prediction]:
        """What versions other than the winner said, by what was asked."""
        heard = desk.witnesses.about(case.id)
        known, _ = self._unseen(self._best, self._search.best, case)
        heard.pop(known, None)
        return heard

    def _unseen(self, name: str, version: PromptContent, case: Case) -> tuple[str, PromptContent]:
        """What is left of a version in a question about the case, and the hash of that; `name` is
        the version's own. Kept, since long prompts take long to hash."""
        folds = self._search.folds
        fold = folds.get(case.id)
        if (name, fold) not in self._left:
            left = version if fold is None else without(version, fold, folds)
            self._left[name, fold] = left.version_hash, left
        return self._left[name, fold]


def _near_duplicates(cases: Sequence[Case]) -> dict[UUID, tuple[Case, ...]]:
    """For each case the others with nearly the same text, whatever conversation they are from."""
    alone = [replace(case, group=str(case.id)) for case in cases]
    return {
        case.id: tuple(other for other in group if other.id != case.id)
        for group in groups_of(alone)
        if len(group) > 1
        for case in group
    }
