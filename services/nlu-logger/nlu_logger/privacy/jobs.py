"""Retention: raw rows are dropped after their time, what training may keep is kept anonymised.

A month goes whole, in one transaction with the copy of what is kept of it; so does each block of
rows that fell into the default partition. How old is old enough, the database decides.
"""

import asyncio
import json
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.access import audit
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.process.clock import by_clock
from nlu_shared.schemas.ground_truth import case_hash
from nlu_shared.schemas.privacy import Why
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.anonymise.text import Anonymiser
from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.settings import Settings

log = structlog.get_logger(__name__)
ACTOR = "retention"
ROWS_AT_ONCE = 1_000
STRAYS_AT_ONCE = 10_000
"""Rows of the default partition in one transaction; a month goes whole, however long it is."""
SURE = 0.8
"""Confidence from which an uncorrected prediction is training data, as in the export."""

# What the retraining export would hold of these rows at its stricter setting.
KEPT = """
SELECT p.id, p.task, p.prompt, p.confidence, s.prediction_id IS NOT NULL AS corrected,
    CASE WHEN s.prediction_id IS NULL THEN p.predicted_intent ELSE s.corrected_intent END AS label,
    CASE WHEN s.prediction_id IS NULL THEN p.output
        WHEN s.corrected_intent IS NULL THEN s.corrected_output END AS output,
    p.created_at::date AS predicted_on
FROM nlu_prompt_logs p LEFT JOIN LATERAL (
    SELECT * FROM corrections c
    WHERE c.prediction_id = p.id AND c.status <> 'rejected' AND NOT c.is_confirmation
    ORDER BY c.status = 'approved' DESC, c.id DESC LIMIT 1
) s ON true
WHERE p.tableoid = to_regclass(:place) AND p.id > :after AND p.id < :past
    AND CASE WHEN s.prediction_id IS NULL THEN p.confidence >= :sure
        ELSE s.status = 'approved' END
ORDER BY p.id LIMIT :limit
"""
KEEP = """
INSERT INTO kept_training_rows (task, text, label, output, confidence, corrected, predicted_on)
VALUES (:task, :text, :label, CAST(:output AS jsonb), :confidence, :corrected, :predicted_on)
"""
# Nobody's prediction stands behind these any more.
ALONE = """
SELECT id, task, text, context, truth, case_group, may_quote FROM ground_truth g
WHERE correction_id IS NOT NULL AND NOT anonymised
    AND NOT EXISTS (SELECT FROM corrections c WHERE c.ground_truth_id = g.id)
ORDER BY id LIMIT :limit
"""
ANONYMISE = """
UPDATE ground_truth SET text = :text, context = CAST(:context AS jsonb),
    truth = CAST(:truth AS jsonb), hash = :hash, anonymised = true
WHERE id = :id
"""


async def enforce_retention(
    database: Database, identity: Identity, settings: Settings, rules: Anonymiser
) -> None:
    """Drops what is old and tidies up behind it, every `retention_seconds`, until cancelled."""
    # A lock that could not be had in time: nothing is done by halves, the next look does.
    await by_clock(
        lambda: enforce_once(database, identity, settings.retention_days, rules),
        seconds=settings.retention_seconds,
        what="retention",
    )


async def enforce_once(
    database: Database, identity: Identity, retention_days: int, rules: Anonymiser
) -> None:
    """Until nothing is older than the retention, and nothing speaks of what is gone.

    Nothing is dropped while the clock is not trusted: a person has to confirm what day it is.
    """
    async with session_scope(database, identity) as session:
        more = await trusts_clock(session)
    while more:
        async with session_scope(database, identity) as session:
            more = await drop_oldest(session, retention_days, rules)
    async with session_scope(database, identity) as session:
        await sweep(session)
    looked = ROWS_AT_ONCE
    while looked == ROWS_AT_ONCE:
        async with session_scope(database, identity) as session:
            looked = await anonymise_cases(session, rules)


async def trusts_clock(session: AsyncSession) -> bool:
    """Notes a look at the database's clock, unless it went ahead by more than a week since the
    last one and no predictions vouch for the time between."""
    look = (await session.execute(text("SELECT * FROM look_at_retention_clock()"))).one()
    if not look.trusted:
        log.error(
            "retention stopped: the clock went ahead; `nlu-logger confirm-clock` if it is right",
            clock=look.clock.isoformat(),
            looked_at=look.looked_at.isoformat(),
        )
    return bool(look.trusted)


async def waits_for_a_person(session: AsyncSession) -> bool:
    """Whether retention stands still until somebody confirms the clock."""
    result = await session.execute(text("SELECT NOT retention_trusts_clock()"))
    return bool(result.scalar_one())


async def confirm_clock(session: AsyncSession, today: date) -> bool:
    """False where the database's clock says another day, give or take one for the time zone."""
    agreed = await session.execute(text("SELECT confirm_retention_clock(:today)"), {"today": today})
    return bool(agreed.scalar_one())


async def drop_oldest(session: AsyncSession, retention_days: int, rules: Anonymiser) -> bool:
    """Drops one month that is over, or one block of strays; False where nothing is that old.

    Raises DBAPIError where readers or writers did not make room within half a second.
    """
    held = (
        await session.execute(
            text("SELECT place, past FROM hold_old_predictions(:days, :limit)"),
            {"days": retention_days, "limit": STRAYS_AT_ONCE},
        )
    ).one()
    if held.place is None:
        return False
    kept = await _keep(session, held.place, held.past, rules)
    dropped: int = (
        await session.execute(
            text("SELECT drop_old_predictions(:days, :past, :sure)"),
            {"days": retention_days, "past": held.past, "sure": SURE},
        )
    ).scalar_one()
    await audit.record(
        session,
        actor=ACTOR,
        action="privacy.drop",
        subject=held.place,
        dropped=dropped,
        kept=kept,
    )
    log.info("predictions dropped", place=held.place, dropped=dropped, kept=kept)
    return True


async def _keep(session: AsyncSession, place: str, past: UUID, rules: Anonymiser) -> int:
    """Copies what training may keep, with neither person nor conversation nor error; how many."""
    kept, after = 0, UUID(int=0)
    while True:
        rows = (
            await session.execute(
                text(KEPT),
                {
                    "place": place,
                    "after": after,
                    "past": past,
                    "sure": SURE,
                    "limit": ROWS_AT_ONCE,
                },
            )
        ).all()
        if not rows:
            return kept
        cleaned = await asyncio.to_thread(list, map(partial(_kept, rules=rules), rows))
        await session.execute(text(KEEP), cleaned)
        kept, after = kept + len(rows), rows[-1].id


def _kept(row: Any, *, rules: Anonymiser) -> dict[str, Any]:
    return {
        "task": row.task,
        "text": rules.text(row.prompt),
        "label": row.label,
        "output": None if row.output is None else json.dumps(rules.value(row.output)),
        "confidence": row.confidence,
        "corrected": row.corrected,
        "predicted_on": row.predicted_on,
    }


async def sweep(session: AsyncSession) -> None:
    """Removes what speaks of predictions that are gone."""
    swept: dict[str, int] = (
        await session.execute(text("SELECT sweep_after_predictions()"))
    ).scalar_one()
    if any(swept.values()):
        await audit.record(
            session, actor=ACTOR, action="privacy.sweep", subject="predictions", **swept
        )


async def anonymise_cases(session: AsyncSession, rules: Anonymiser) -> int:
    """Ground truth lives as long as it is useful, and raw only as long as its predictions.

    Copies of a text that changed are to be forgotten. Returns how many cases were looked at.
    """
    await ground_truth.lock(session)
    rows = (await session.execute(text(ALONE), {"limit": ROWS_AT_ONCE})).all()
    changed = sum([await _anonymise(session, row, rules) for row in rows])
    if changed:
        await audit.record(
            session, actor=ACTOR, action="privacy.anonymise", subject="ground_truth", cases=changed
        )
    return len(rows)


async def _anonymise(session: AsyncSession, row: Any, rules: Anonymiser) -> bool:
    """Whether the case says anything else now."""
    anonymised, truth = rules.text(row.text), rules.truth(row.truth)
    context = None if row.context is None else rules.value(row.context)
    await session.execute(
        text(ANONYMISE),
        {
            "id": row.id,
            "text": anonymised,
            "context": None if context is None else json.dumps(context),
            "truth": json.dumps(truth),
            "hash": case_hash(
                task=row.task,
                text=anonymised,
                truth=truth,
                group=row.case_group,
                may_quote=row.may_quote,
                context=context,
            ),
        },
    )
    if (anonymised, context, truth) == (row.text, row.context, row.truth):
        return False
    await ground_truth.publish(session, row.id, task=row.task, why=Why.ANONYMISED)
    await ground_truth.changed(session, row.task)
    return True
