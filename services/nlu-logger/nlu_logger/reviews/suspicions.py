"""The suspicious-label queue: approved cases that may be wrong, and why; findings that say so.

Its items are ground-truth cases, since an imported one has no prediction. Three things raise a
doubt: a finding (induction posts them), another truth for the same words, and predictions of
several versions that are sure of something else. A case leaves the queue when its truth is
replaced or withdrawn, or when a reviewer clears it: then only younger doubts bring it back.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.kit import audit
from nlu_shared.kit.auth import Caller
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.queues import (
    Asked,
    ClaimIn,
    Doubt,
    FindingResult,
    FindingsIn,
    FindingsTaken,
    SuspiciousCase,
)
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth.models import GroundTruthRow
from nlu_logger.reviews import claims
from nlu_logger.reviews.doubts import Known, contradictions
from nlu_logger.settings import Settings

QUEUE = "suspicious-label"
SURE = 0.9
VERSIONS = 2
CASES_COMPARED = 20_000
COMPARED_CHARACTERS = 500
MINE = """
(cast(:tasks AS text[]) IS NULL OR g.task = ANY(:tasks))
    AND (cast(:task AS text) IS NULL OR g.task = :task)
"""
FOUND = f"""
SELECT f.case_id, f.kind, f.note, f.suggested
FROM findings f JOIN ground_truth g ON g.id = f.case_id
LEFT JOIN cleared_cases c ON c.case_id = f.case_id
WHERE {MINE} AND (c.cleared_at IS NULL OR f.created_at > c.cleared_at)
ORDER BY f.case_id, f.created_at, f.said_hash
"""  # noqa: S608 - no value is written into it
KNOWN = f"""
SELECT g.id, g.task, left(g.text, :characters) AS text, g.truth, g.created_at, c.cleared_at
FROM ground_truth g LEFT JOIN cleared_cases c ON c.case_id = g.id
WHERE {MINE} ORDER BY g.created_at DESC, g.id LIMIT :most
"""  # noqa: S608 - no value is written into it
DISAGREEING = f"""
SELECT g.id, count(DISTINCT (p.model_version, p.prompt_version)) AS versions,
    mode() WITHIN GROUP (ORDER BY p.predicted_intent) AS suggested
FROM ground_truth g
JOIN nlu_prompt_logs p ON p.task = g.task AND p.prompt = g.text
LEFT JOIN cleared_cases c ON c.case_id = g.id
WHERE {MINE} AND c.case_id IS NULL AND p.output IS NULL
    AND p.id >= first_id_of(now() - cast(:window AS interval))
    AND p.confidence >= :sure AND to_jsonb(p.predicted_intent) <> g.truth
GROUP BY g.id HAVING count(DISTINCT (p.model_version, p.prompt_version)) >= :versions
"""  # noqa: S608 - no value is written into it
SHOWN = """
SELECT g.id, g.task, g.text, g.truth, g.approved_by, (
    SELECT c.prediction_id FROM corrections c WHERE c.ground_truth_id = g.id ORDER BY c.id LIMIT 1
) AS prediction_id
FROM ground_truth g WHERE g.id = ANY(:ids)
"""
# A case that is not there, or not the caller's, takes no finding.
TAKE_FINDING = text("""
WITH known AS (
    SELECT id FROM ground_truth
    WHERE id = :case_id AND (cast(:tasks AS text[]) IS NULL OR task = ANY(:tasks))
), new AS (
    INSERT INTO findings (case_id, said_hash, kind, note, suggested, found_by)
    SELECT id, :said_hash, :kind, :note, :suggested, :found_by FROM known
    ON CONFLICT DO NOTHING RETURNING case_id
)
SELECT CASE WHEN EXISTS (SELECT FROM new) THEN 201
    WHEN EXISTS (SELECT FROM known) THEN 200 ELSE 404 END
""").bindparams(bindparam("suggested", type_=JSONB(none_as_null=True)))
CLEAR = """
INSERT INTO cleared_cases (case_id, cleared_by) VALUES (:case_id, :cleared_by)
ON CONFLICT (case_id) DO UPDATE SET cleared_by = excluded.cleared_by, cleared_at = now()
"""


async def look(
    session: AsyncSession, asked: Asked, settings: Settings, *, caller: Caller
) -> list[SuspiciousCase]:
    """The most doubted first, with who holds it."""
    doubts = await _doubts(session, asked, settings, caller=caller)
    ids = _most_doubted(doubts)[: asked.limit]
    held = await claims.of(session, ids)
    shown = await _shown(session, ids, doubts)
    return [case.model_copy(update={"claim": held.get(case.id)}) for case in shown]


async def claim(
    session: AsyncSession, asked: ClaimIn, settings: Settings, *, caller: Caller
) -> list[SuspiciousCase]:
    """The most doubted cases that nobody holds, now held by the caller."""
    await claims.take_turns(session)
    doubts = await _doubts(session, asked, settings, caller=caller)
    held = await claims.of(session, doubts)
    ids = [one for one in _most_doubted(doubts) if one not in held][: asked.limit]
    made = await claims.hold(
        session, ids, QUEUE, caller=caller, lasting=timedelta(minutes=asked.minutes)
    )
    shown = await _shown(session, ids, doubts)
    return [case.model_copy(update={"claim": made[case.id]}) for case in shown if case.id in made]


async def take(session: AsyncSession, said: FindingsIn, *, caller: Caller) -> FindingsTaken:
    """One result per finding, in order; the same finding again adds nothing."""
    tasks = _tasks(caller)
    results = []
    for index, finding in enumerate(said.findings):
        status = await session.scalar(
            TAKE_FINDING,
            {
                **finding.model_dump(),
                "said_hash": digest(finding),
                "found_by": caller.subject,
                "tasks": tasks,
            },
        )
        results.append(FindingResult(index=index, status=status))
    return FindingsTaken(items=results)


async def clear(session: AsyncSession, case_id: UUID, *, caller: Caller) -> None:
    """The truth stands: the doubts so far are answered. Raises NotFound."""
    case = await session.get(GroundTruthRow, case_id)
    if case is None or not caller.may_touch(case.task):
        raise NotFound("There is no such case.")
    said = {"case_id": case_id, "cleared_by": caller.subject}
    await session.execute(text(CLEAR), said)
    await claims.end(session, case_id, caller=caller)
    await audit.record(session, actor=caller.subject, action="reviews.clear", subject=case_id)


async def _doubts(
    session: AsyncSession, asked: Asked, settings: Settings, *, caller: Caller
) -> dict[UUID, list[Doubt]]:
    mine = {"tasks": _tasks(caller), "task": asked.task}
    doubts: dict[UUID, list[Doubt]] = defaultdict(list)
    for found in await session.execute(text(FOUND), mine):
        doubts[found.case_id].append(
            Doubt(kind=found.kind, note=found.note, suggested=found.suggested)
        )
    compared = {"characters": COMPARED_CHARACTERS, "most": CASES_COMPARED}
    known = [Known(*row) for row in await session.execute(text(KNOWN), mine | compared)]
    for case_id, doubt in contradictions(known).items():
        doubts[case_id].append(doubt)
    bounds = {
        "window": timedelta(days=settings.review_days),
        "sure": SURE,
        "versions": VERSIONS,
    }
    for row in await session.execute(text(DISAGREEING), mine | bounds):
        note = f"{row.versions} versions are sure of another answer."
        doubts[row.id].append(Doubt(kind="versions-disagree", note=note, suggested=row.suggested))
    return doubts


def _most_doubted(doubts: dict[UUID, list[Doubt]]) -> list[UUID]:
    return sorted(doubts, key=lambda case_id: (-len(doubts[case_id]), case_id))


async def _shown(
    session: AsyncSession, ids: Sequence[UUID], doubts: dict[UUID, list[Doubt]]
) -> list[SuspiciousCase]:
    rows: dict[UUID, Any] = {
        row.id: row._mapping for row in await session.execute(text(SHOWN), {"ids": list(ids)})
    }
    return [
        SuspiciousCase.model_validate({**rows[one], "why": doubts[one]})
        for one in ids
        if one in rows
    ]


def _tasks(caller: Caller) -> list[str] | None:
    return None if caller.tasks is None else sorted(caller.tasks)
