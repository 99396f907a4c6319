"""What the inbox shows beside an item: what was said before it, what waits, what was done last."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.reviews import Correction, CorrectionStatus
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, exists, func, literal, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth.models import ConflictRow
from nlu_logger.predictions import service as predictions
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews import claims
from nlu_logger.reviews.models import CorrectionRow
from nlu_logger.reviews.queues import MOST_COUNTED

P, C = PredictionRow, CorrectionRow
TURNS_BEFORE = 6
PROPOSALS_COMPARED = 500
# Written into both counts, so that each stops where nobody counts on.
WAITING = f"""
WITH waiting AS NOT MATERIALIZED (
    SELECT c.author FROM corrections c JOIN nlu_prompt_logs p ON p.id = c.prediction_id
    WHERE c.status = 'proposed'
        AND NOT EXISTS (SELECT FROM truth_conflicts f WHERE f.correction_id = c.id)
        AND (cast(:tasks AS text[]) IS NULL OR p.task = ANY(:tasks))
        AND (cast(:task AS text) IS NULL OR p.task = :task)
)
SELECT (
    SELECT count(*) FROM (
        SELECT FROM waiting WHERE author <> :me OR :own LIMIT {MOST_COUNTED}
    ) proposals
) AS proposed, (
    SELECT count(*) FROM (SELECT FROM waiting WHERE author = :me LIMIT {MOST_COUNTED}) mine
) AS own, (
    SELECT count(*) FROM truth_conflicts f JOIN ground_truth g ON g.id = f.ground_truth_id
    WHERE (cast(:tasks AS text[]) IS NULL OR g.task = ANY(:tasks))
        AND (cast(:task AS text) IS NULL OR g.task = :task)
) AS conflicts
"""  # noqa: S608 - a number of ours
LATEST = """
SELECT c.id, c.prediction_id, c.author, c.status, c.is_confirmation, c.corrected_intent,
    c.corrected_output IS NOT NULL AS is_structured, c.created_at, c.decided_by, c.decided_at,
    p.task, left(p.prompt, 160) AS prompt, p.predicted_intent, p.confidence,
    f.id IS NOT NULL AS is_disputed
FROM corrections c JOIN nlu_prompt_logs p ON p.id = c.prediction_id
LEFT JOIN truth_conflicts f ON f.correction_id = c.id
WHERE c.id = :id LIMIT 1
"""
# One press of a key is one transaction, and a transaction has one time.
LABELLED_TOGETHER = """
SELECT id FROM corrections
WHERE id >= :id AND author = :me AND created_at = :at ORDER BY id LIMIT 100
"""
DECIDED_TOGETHER = """
SELECT id FROM corrections
WHERE decided_by = :me AND decided_at = :at AND author <> :me ORDER BY id LIMIT 100
"""
# A case keeps its id whatever its truth; where none is left, a correction of it knows the text.
SETTLED_TEXT = """
SELECT g.task, left(g.text, 160) AS text, g.truth FROM ground_truth g WHERE g.id = :id
UNION ALL
SELECT p.task, left(p.prompt, 160), NULL
FROM corrections c JOIN nlu_prompt_logs p ON p.id = c.prediction_id WHERE c.id = :id
LIMIT 1
"""
ADDED = """
SELECT s.version FROM label_sets s
WHERE s.task = :task AND s.made_by = :me AND s.made_at IN (:created, :decided) AND s.version > 1
    AND s.labels @> jsonb_build_array(jsonb_build_object('name', cast(:label AS text)))
    AND NOT EXISTS (
        SELECT FROM label_sets b WHERE b.task = s.task AND b.version = s.version - 1
            AND b.labels @> jsonb_build_array(jsonb_build_object('name', cast(:label AS text)))
    )
ORDER BY s.version LIMIT 1
"""
LABELLED_BY_OTHERS = """
SELECT id FROM corrections
WHERE prediction_id = :id AND status <> 'rejected' AND author <> :me AND author NOT LIKE 'user:%'
ORDER BY id DESC LIMIT 1
"""
# What a model answers often enough to be one of the task's words.
ANSWERED = """
SELECT predicted_intent FROM (
    SELECT predicted_intent FROM nlu_prompt_logs
    WHERE task = :task AND id >= first_id_of(now() - interval '30 days')
    ORDER BY id DESC LIMIT 1000
) newest
GROUP BY predicted_intent ORDER BY count(*) DESC, predicted_intent LIMIT 30
"""
TASKS = """
WITH RECURSIVE seen AS (
    SELECT min(task) AS task FROM nlu_prompt_logs
    UNION ALL
    SELECT (SELECT min(p.task) FROM nlu_prompt_logs p WHERE p.task > seen.task)
    FROM seen WHERE seen.task IS NOT NULL
)
SELECT task FROM seen WHERE task IS NOT NULL LIMIT 500
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many corrections and conflicts wait, the reviewer's own apart."""

    proposed: int
    own: int
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A label or a decision of this session, and what it was about."""

    id: UUID
    prediction_id: UUID
    author: str
    status: str
    is_confirmation: bool
    corrected_intent: str | None
    is_structured: bool
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    task: str
    prompt: str
    predicted_intent: str
    confidence: float | None
    is_disputed: bool

    @property
    def truth(self) -> str:
        """In a word."""
        if self.is_confirmation:
            return self.predicted_intent
        return "another output" if self.is_structured else self.corrected_intent or ""


@dataclass(frozen=True, slots=True)
class SettledText:
    """What a conflict or a doubt was about, and the truth that is left, None where none is."""

    task: str
    text: str
    truth: Any

    @property
    def left(self) -> str | None:
        """The truth in a word."""
        return self.truth if self.truth is None or isinstance(self.truth, str) else "an output"


@dataclass(frozen=True, slots=True)
class Turn:
    """A prediction is the `place`th of so many `turns` of its conversation."""

    place: int
    turns: int


@dataclass(frozen=True, slots=True)
class PendingCorrection:
    """A correction that waits for a decision, and what it is about."""

    correction: Correction
    prediction: Prediction

    @property
    def label(self) -> str | None:
        """None where the truth is a structure."""
        if self.correction.is_confirmation:
            return self.prediction.predicted_intent if self.prediction.output is None else None
        return self.correction.corrected_intent


async def before(
    session: AsyncSession, prediction: Prediction, *, caller: Caller
) -> Sequence[Prediction]:
    """The turns of the same conversation before it, the oldest first, at most TURNS_BEFORE."""
    if prediction.conversation_id is None:
        return []
    same = (*_talk(prediction, caller), col(P.id) < prediction.id)
    newest = select(P).where(*same).order_by(col(P.id).desc()).limit(TURNS_BEFORE)
    return [predictions.view(row) for row in reversed((await session.exec(newest)).all())]


async def turn(session: AsyncSession, prediction: Prediction, *, caller: Caller) -> Turn | None:
    """None for what stands alone."""
    if prediction.conversation_id is None:
        return None
    counts = select(func.count().filter(col(P.id) <= prediction.id), func.count())
    return Turn(*(await session.exec(counts.where(*_talk(prediction, caller)))).one())


def _talk(prediction: Prediction, caller: Caller) -> tuple[Any, ...]:
    return (P.conversation_id == prediction.conversation_id, predictions.visible(caller))


async def waiting(session: AsyncSession, task: str | None, *, own: bool, caller: Caller) -> Waiting:
    tasks = caller.task_list
    params = {"me": caller.subject, "own": own, "tasks": tasks, "task": task}
    return Waiting(*(await session.execute(text(WAITING), params)).one())


async def proposals(
    session: AsyncSession,
    task: str | None,
    *,
    skipped: Collection[UUID],
    own: bool,
    caller: Caller,
    limit: int,
) -> Sequence[PendingCorrection]:
    """What waits for a decision and no colleague holds, what the caller holds before the oldest;
    what contradicts an approved truth waits among the conflicts.

    What they proposed themselves is left out, unless they ask for it (`own`)."""
    kept: list[ColumnElement[bool]] = [
        col(C.status) == CorrectionStatus.PROPOSED.value,
        ~exists().where(col(ConflictRow.correction_id) == col(C.id)),
        predictions.visible(caller),
    ]
    if task is not None:
        kept.append(col(P.task) == task)
    if not own:
        kept.append(col(C.author) != caller.subject)
    if skipped:
        kept.append(~_among(skipped))
    mine = await claims.own(session, caller=caller)
    both: Any = select(C, P).join(P, col(P.id) == col(C.prediction_id))
    held = both.where(*kept, _among(mine)).order_by(col(C.id)).limit(limit)
    rows = list(await session.exec(held)) if mine else []
    if len(rows) < limit:
        free = both.where(*kept, ~claims.held(col(C.id))).order_by(col(C.id))
        rows += await session.exec(free.limit(limit - len(rows)))
    return [PendingCorrection(row.view(), predictions.view(about)) for row, about in rows]


async def labelled_by_others(session: AsyncSession, prediction_id: UUID, *, caller: Caller) -> bool:
    params = {"id": prediction_id, "me": caller.subject}
    rows = await session.execute(text(LABELLED_BY_OTHERS), params)
    return rows.first() is not None


async def latest(session: AsyncSession, correction_id: UUID) -> Act | None:
    """None where it is gone."""
    row = (await session.execute(text(LATEST), {"id": correction_id})).one_or_none()
    return None if row is None else Act(**row._mapping)


async def together(session: AsyncSession, act: Act, *, caller: Caller) -> Sequence[UUID]:
    """The corrections that were labelled, or decided on, in the same press of a key."""
    params = {"id": act.id, "me": caller.subject}
    if act.author == caller.subject:
        rows = await session.execute(text(LABELLED_TOGETHER), params | {"at": act.created_at})
    else:
        rows = await session.execute(text(DECIDED_TOGETHER), params | {"at": act.decided_at})
    return rows.scalars().all()


async def settled_text(
    session: AsyncSession, settled: UUID, *, caller: Caller
) -> SettledText | None:
    """By the id of the case, or of a correction of it; None where both are gone."""
    row = (await session.execute(text(SETTLED_TEXT), {"id": settled})).one_or_none()
    return None if row is None or not caller.may_touch(row.task) else SettledText(*row)


async def added(session: AsyncSession, act: Act, *, caller: Caller) -> bool:
    """Whether the same press added the label to the task's set."""
    params = {
        "task": act.task,
        "me": caller.subject,
        "created": act.created_at,
        "decided": act.decided_at,
        "label": act.truth,
    }
    return (await session.execute(text(ADDED), params)).first() is not None


async def tasks(session: AsyncSession, *, caller: Caller) -> Sequence[str]:
    """Those that have predictions and are the caller's, by name."""
    if caller.tasks is not None:
        return sorted(caller.tasks)
    return (await session.execute(text(TASKS))).scalars().all()


async def answered(session: AsyncSession, task: str) -> Sequence[str]:
    """What the model has answered of a task lately, the most frequent first."""
    return (await session.execute(text(ANSWERED), {"task": task})).scalars().all()


def _among(ids: Collection[UUID]) -> ColumnElement[bool]:
    return col(C.id) == any_(literal(list(ids), ARRAY(Uuid)))
