"""The suspicious-label queue: approved cases that may be wrong, and why; findings that say so.

Its items are ground-truth cases, since an imported one has no prediction. Three things raise a
label issue: a finding (induction posts them), another truth for the same words, and predictions of
several versions that are sure of something else. A case leaves the queue when its truth is
replaced or withdrawn, or when a reviewer clears it: then only younger issues bring it back.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.queues import (
    ClaimIn,
    FindingResult,
    FindingsIn,
    FindingsTaken,
    LabelIssue,
    QueueFilters,
    SuspiciousCase,
)
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth.models import GroundTruthRow
from nlu_logger.reviews import claims
from nlu_logger.reviews.contradictions import Known, contradictions
from nlu_logger.reviews.queues import COMPARED_CHARACTERS
from nlu_logger.settings import Settings

QUEUE = "suspicious-label"
SURE = 0.9
VERSIONS = 2
CASES_COMPARED = 20_000
MINE = """
(cast(:tasks AS text[]) IS NULL OR g.task = ANY(:tasks))
    AND (cast(:task AS text) IS NULL OR g.task = :task)
"""
FINDINGS = f"""
SELECT f.case_id, f.kind, f.note, f.suggested
FROM findings f JOIN ground_truth g ON g.id = f.case_id
LEFT JOIN cleared_cases c ON c.case_id = f.case_id
WHERE {MINE} AND (c.cleared_at IS NULL OR f.created_at > c.cleared_at)
ORDER BY f.case_id, f.created_at, f.body_hash
"""  # noqa: S608 - no value is written into it
KNOWN = f"""
SELECT g.id, g.task, left(g.text, :characters) AS text, g.truth, g.created_at, c.cleared_at
FROM ground_truth g LEFT JOIN cleared_cases c ON c.case_id = g.id
WHERE {MINE} ORDER BY g.created_at DESC, g.id LIMIT :most
"""  # noqa: S608 - no value is written into it
DISAGREEING = f"""
SELECT g.id, count(DISTINCT (p.model_version, p.prompt_version)) AS versions,
    mode() WITHIN GROUP (ORDER BY coalesce(l.label, p.predicted_intent)) AS suggested
FROM ground_truth g
JOIN nlu_prompt_logs p ON p.task = g.task AND p.prompt = g.text
LEFT JOIN label_spellings l ON l.task = p.task AND l.spelling = p.predicted_intent
LEFT JOIN cleared_cases c ON c.case_id = g.id
WHERE {MINE} AND c.case_id IS NULL AND p.output IS NULL
    AND p.id >= first_id_of(now() - cast(:window AS interval))
    AND p.confidence >= :sure AND to_jsonb(coalesce(l.label, p.predicted_intent)) <> g.truth
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
    INSERT INTO findings (case_id, body_hash, kind, note, suggested, found_by)
    SELECT id, :body_hash, :kind, :note, :suggested, :found_by FROM known
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
    session: AsyncSession, filters: QueueFilters, settings: Settings, *, caller: Caller
) -> list[SuspiciousCase]:
    """The most doubted first, with who holds it."""
    issues = await _label_issues(session, filters, settings, caller=caller)
    ids = _most_issues(issues)[: filters.limit]
    held = await claims.of(session, ids)
    shown = await _shown(session, ids, issues)
    return [case.model_copy(update={"claim": held.get(case.id)}) for case in shown]


async def count(
    session: AsyncSession, filters: QueueFilters, settings: Settings, *, caller: Caller
) -> int:
    """How many cases are doubted, whoever holds them."""
    return len(await _label_issues(session, filters, settings, caller=caller))


async def claim(
    session: AsyncSession, filters: ClaimIn, settings: Settings, *, caller: Caller
) -> list[SuspiciousCase]:
    """The most doubted cases that nobody holds, now held by the caller."""
    await claims.take_turns(session)
    issues = await _label_issues(session, filters, settings, caller=caller)
    held = await claims.of(session, issues)
    ids = [one for one in _most_issues(issues) if one not in held][: filters.limit]
    made = await claims.hold(
        session, ids, QUEUE, caller=caller, lasting=timedelta(minutes=filters.minutes)
    )
    shown = await _shown(session, ids, issues)
    return [case.model_copy(update={"claim": made[case.id]}) for case in shown if case.id in made]


async def take(session: AsyncSession, body: FindingsIn, *, caller: Caller) -> FindingsTaken:
    """One result per finding, in order; the same finding again adds nothing."""
    tasks = caller.task_list
    results = []
    for index, finding in enumerate(body.findings):
        status = await session.scalar(
            TAKE_FINDING,
            {
                **finding.model_dump(),
                "body_hash": digest(finding),
                "found_by": caller.subject,
                "tasks": tasks,
            },
        )
        results.append(FindingResult(index=index, status=status))
    return FindingsTaken(items=results)


async def clear(session: AsyncSession, case_id: UUID, *, caller: Caller) -> None:
    """The truth stands: the issues so far are answered. Raises NotFound, and Held."""
    case = await session.get(GroundTruthRow, case_id)
    if case is None or not caller.may_touch(case.task):
        raise NotFound("There is no such case.")
    await claims.guard(session, [case_id], caller=caller)
    cleared = {"case_id": case_id, "cleared_by": caller.subject}
    await session.execute(text(CLEAR), cleared)
    await claims.end(session, case_id, caller=caller)
    await audit.record(session, actor=caller.subject, action="reviews.clear", subject=case_id)


async def _label_issues(
    session: AsyncSession, filters: QueueFilters, settings: Settings, *, caller: Caller
) -> dict[UUID, list[LabelIssue]]:
    mine = {"tasks": caller.task_list, "task": filters.task}
    issues: dict[UUID, list[LabelIssue]] = defaultdict(list)
    for finding in await session.execute(text(FINDINGS), mine):
        issues[finding.case_id].append(
            LabelIssue(kind=finding.kind, note=finding.note, suggested=finding.suggested)
        )
    compared = {"characters": COMPARED_CHARACTERS, "most": CASES_COMPARED}
    known = [Known(*row) for row in await session.execute(text(KNOWN), mine | compared)]
    for case_id, issue in (await asyncio.to_thread(contradictions, known)).items():
        issues[case_id].append(issue)
    bounds = {
        "window": timedelta(days=settings.review_days),
        "sure": SURE,
        "versions": VERSIONS,
    }
    for row in await session.execute(text(DISAGREEING), mine | bounds):
        note = f"{row.versions} versions are sure of another answer."
        issues[row.id].append(
            LabelIssue(kind="versions-disagree", note=note, suggested=row.suggested)
        )
    return issues


def _most_issues(issues: dict[UUID, list[LabelIssue]]) -> list[UUID]:
    return sorted(issues, key=lambda case_id: (-len(issues[case_id]), case_id))


async def _shown(
    session: AsyncSession, ids: Sequence[UUID], issues: dict[UUID, list[LabelIssue]]
) -> list[SuspiciousCase]:
    rows: dict[UUID, Any] = {
        row.id: row._mapping for row in await session.execute(text(SHOWN), {"ids": list(ids)})
    }
    return [
        SuspiciousCase.model_validate({**rows[one], "label_issues": issues[one]})
        for one in ids
        if one in rows
    ]
