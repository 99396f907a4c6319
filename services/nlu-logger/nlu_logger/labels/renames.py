"""A label renamed over history: in the set, in approved cases, corrections, conflicts, findings.

Locks are taken in the order of `reviews.decisions`: corrections by id, then ground truth. Two cases
never become one by it, since a text has one truth; two that contradicted each other may agree.
"""

from collections.abc import Sequence
from typing import Any

from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.ground_truth import case_hash
from nlu_shared.schemas.labels import LabelRename, LabelRenamed, LabelSet, LabelSpec, spelling
from nlu_shared.schemas.reviews import CorrectionIn
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.label_sets import service as label_sets
from nlu_logger.label_sets.policy import renamed

ROWS_AT_ONCE = 1_000
CORRECTIONS = """
SELECT c.id, c.prediction_id, c.author, c.correction_notes, c.body_hash
FROM corrections c JOIN nlu_prompt_logs p ON p.id = c.prediction_id
WHERE p.task = :task AND label_of(to_jsonb(c.corrected_intent)) = :old
    AND c.corrected_intent <> :new
ORDER BY c.id FOR UPDATE OF c
"""
# In a proposal or on one side of a conflict, though in no approved truth.
PROPOSED = """
SELECT EXISTS (
    SELECT FROM corrections c JOIN nlu_prompt_logs p ON p.id = c.prediction_id
    WHERE p.task = :task AND label_of(to_jsonb(c.corrected_intent)) = :label
) OR EXISTS (
    SELECT FROM truth_conflicts f JOIN ground_truth g ON g.id = f.ground_truth_id
    WHERE g.task = :task AND label_of(f.truth) = :label
)
"""
SAID_ALREADY = """
SELECT prediction_id, author, body_hash FROM corrections
WHERE prediction_id = ANY(:predictions) AND body_hash = ANY(:hashes)
"""
CASES = """
SELECT id, text, context, case_group, may_quote FROM ground_truth
WHERE task = :task AND label_of(truth) = :old AND truth <> to_jsonb(CAST(:new AS text))
ORDER BY id LIMIT :limit
"""
RENAME_TRUTHS = "SELECT rename_truths(:task, :old, :new, :ids, :hashes)"
RENAME_CORRECTIONS = "SELECT rename_corrections(:task, :old, :new, :ids, :hashes)"
RENAME_DOUBTS = "SELECT rename_doubts(:task, :old, :new, :hash)"


async def rename(
    session: AsyncSession, task: str, label: str, body: LabelRename, *, caller: Caller
) -> LabelRenamed:
    """What it changed. To its own name a label is only spelled anew in history.

    Raises Forbidden, and NotFound for a label that neither the set nor a truth nor a proposal has.
    """
    own_task(caller, task)
    known = await label_sets.current(session, task, caller=caller)
    names = {"task": task, **await _names(session, known, label, body.to)}
    corrections = (await session.execute(text(CORRECTIONS), names)).all()
    await ground_truth.lock(session)
    known = await label_sets.current(session, task, caller=caller)
    if {"task": task, **await _names(session, known, label, body.to)} != names:
        raise Conflict("It changed meanwhile; look again.", code="changed_meanwhile")
    cases = await _cases(session, names)
    respelled = await _corrections(session, names, corrections)
    doubted = {**names, "hash": digest(names["new"])}
    ended = await _count(session, RENAME_DOUBTS, doubted)
    version = await _store(session, known, names["old"], names["new"], caller=caller)
    if cases:
        await ground_truth.changed(session, task)
    changed = LabelRenamed(
        version=version, cases=cases, corrections=respelled, conflicts_ended=ended
    )
    await audit.record(
        session,
        actor=caller.subject,
        action="labels.rename",
        subject=task,
        label=names["old"],
        to=names["new"],
        **changed.model_dump(),
    )
    return changed


async def _names(session: AsyncSession, known: LabelSet, label: str, to: str) -> dict[str, str]:
    """Both by name: an alias stands for its label, but one of its own may become its name."""
    old = known.spellings.get(spelling(label))
    if old is None:
        old = spelling(label)
        proposed = {"task": known.task, "label": old}
        if not (await session.execute(text(PROPOSED), proposed)).scalar_one():
            raise NotFound("There is no such label of this task; read its labels first.")
    new = known.spellings.get(to, to)
    return {"old": old, "new": to if new == old else new}


async def _cases(session: AsyncSession, names: dict[str, str]) -> int:
    """How many approved cases it changed; each has the hash of what it says now."""
    changed = 0
    while rows := (await session.execute(text(CASES), {**names, "limit": ROWS_AT_ONCE})).all():
        hashes = [_hash(row, names) for row in rows]
        new = {**names, "ids": [row.id for row in rows], "hashes": hashes}
        changed += await _count(session, RENAME_TRUTHS, new)
    return changed


def _hash(case: Any, names: dict[str, str]) -> str:
    return case_hash(
        task=names["task"],
        text=case.text,
        truth=names["new"],
        group=case.case_group,
        may_quote=case.may_quote,
        context=case.context,
    )


async def _corrections(session: AsyncSession, names: dict[str, str], rows: Sequence[Any]) -> int:
    """How many corrections it changed. One whose author has said the new label too keeps its own
    hash: both stay, and saying it again adds nothing."""
    new_hashes = [_body_hash(names["new"], row.correction_notes) for row in rows]
    places = {"predictions": [row.prediction_id for row in rows], "hashes": new_hashes}
    taken = {tuple(one) for one in await session.execute(text(SAID_ALREADY), places)}
    hashes = []
    for row, made in zip(rows, new_hashes, strict=True):
        place = (row.prediction_id, row.author, made)
        hashes.append(row.body_hash if place in taken else made)
        taken.add(place)
    new = {**names, "ids": [row.id for row in rows], "hashes": hashes}
    return await _count(session, RENAME_CORRECTIONS, new)


def _body_hash(label: str, notes: str | None) -> str:
    return digest(CorrectionIn(corrected_intent=label, correction_notes=notes).stored)


async def _store(
    session: AsyncSession, known: LabelSet, old: str, new: str, *, caller: Caller
) -> int:
    """The version of the set afterwards: a new one where the set is another. One that nobody
    defined stays open, and remembers the aliases."""
    labels: Sequence[LabelSpec] = renamed(known.labels, old, new)
    if known.version == 0:
        aliased = [one for one in labels if one.aliases]
        await label_sets.store(session, known.task, 0, aliased, caller=caller)
        return 0
    if labels == known.labels:
        return known.version
    await label_sets.store(session, known.task, known.version + 1, labels, caller=caller)
    return known.version + 1


async def _count(session: AsyncSession, statement: str, values: dict[str, Any]) -> int:
    counted: int = (await session.execute(text(statement), values)).scalar_one()
    return counted
