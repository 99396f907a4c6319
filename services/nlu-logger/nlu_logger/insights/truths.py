"""The SQL door to what is right and wrong: predictions against approved truth.

The truth of a prediction is its approved correction, or its own answer where that was confirmed;
an alias of a label is that label. A line of `selections` with the queue "audit" says with which
probability it was drawn.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nlu_shared.schemas.insights import Every, Sample, Version
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.insights.calibration import BINS, Part
from nlu_logger.insights.compare import Pairs
from nlu_logger.insights.estimate import Cell
from nlu_logger.insights.queries import KEPT, MOST_ROWS, VERSION, WORDS, Kept, pairs, rows

EXACT, OTHER = "exact", "other"
"""How a structured output's cell is written: wholly right, or not."""
TRUTHS = """
SELECT DISTINCT ON (prediction_id) prediction_id, is_confirmation, corrected_intent,
    corrected_output
FROM corrections
WHERE status = 'approved' AND prediction_id >= :first AND prediction_id < :past
ORDER BY prediction_id, decided_at DESC, id DESC
"""
# A structured answer is right or not as a whole; a plain one has its label.
ANSWERED = f"""
SELECT p.id, p.task, p.model_version, p.prompt_version, p.confidence, p.prompt,
    p.created_at,
    p.output IS NOT NULL AS structured, p.was_successful, s.probability,
    s.prediction_id IS NOT NULL AS drawn, t.prediction_id IS NOT NULL AS judged,
    CASE WHEN p.output IS NULL THEN coalesce(l.label, p.predicted_intent)
        WHEN t.is_confirmation OR t.corrected_output = p.output THEN '{EXACT}'
        ELSE '{OTHER}' END AS predicted,
    CASE WHEN p.output IS NOT NULL THEN '{EXACT}'
        WHEN t.is_confirmation THEN coalesce(l.label, p.predicted_intent)
        ELSE coalesce(t.corrected_intent, t.corrected_output::text) END AS truth
FROM (SELECT p.* {KEPT}) p
LEFT JOIN label_spellings l ON l.task = p.task AND l.spelling = p.predicted_intent
LEFT JOIN truths t ON t.prediction_id = p.id
LEFT JOIN selections s ON s.prediction_id = p.id AND s.queue = 'audit'
"""
WITH_ANSWERS = f"WITH truths AS ({TRUTHS}), answered AS ({ANSWERED}) "
# What was drawn under another seed or share keeps its line once it was reviewed.
DRAWN = "audit_draw(p.id, :seed) < :share"
SERIES = """
    task, structured, model_version, prompt_version,
    date_trunc(CAST(:every AS text), p.created_at, 'UTC') AS period
"""


async def drawn(session: AsyncSession, kept: Kept) -> int:
    """Cases that belong to the audit, reviewed or not."""
    counted = await rows(
        session,
        f"""
        SELECT COUNT(*) AS count {KEPT} AND ({DRAWN} OR EXISTS (SELECT FROM selections s
        WHERE s.prediction_id = p.id AND s.queue = 'audit'))
        """,
        kept.bound(seed=kept.audit_seed, share=kept.audit_share),
    )
    return int(counted[0]["count"])


async def cells(session: AsyncSession, kept: Kept, sample: Sample) -> list[Cell]:
    """Predicted against true, by the probability they were drawn with."""
    counted = await rows(
        session,
        f"""
        {WITH_ANSWERS}
            SELECT truth, predicted, CASE WHEN :audit THEN probability ELSE 1 END
            AS probability, COUNT(*) AS count FROM answered
            WHERE judged AND (drawn OR NOT :audit) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """,
        kept.bound(audit=sample is Sample.AUDIT),
    )
    return [Cell(**row) for row in counted]


async def parts(session: AsyncSession, kept: Kept, sample: Sample) -> list[Part]:
    """What reliability is summed from: bins of confidence by the probability of being drawn."""
    counted = await rows(
        session,
        f"""
        {WITH_ANSWERS}
            SELECT LEAST(FLOOR(confidence * {BINS}), {BINS - 1})::int AS bin,
            CASE WHEN :audit THEN probability ELSE 1 END AS probability, COUNT(*) AS count,
            COUNT(*) FILTER (WHERE truth = predicted) AS right, SUM(confidence) AS confidence
            FROM answered WHERE judged AND (drawn OR NOT :audit) AND confidence IS NOT NULL
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
        kept.bound(audit=sample is Sample.AUDIT),
    )
    return [Part(**row) for row in counted]


@dataclass(frozen=True, slots=True)
class Series:
    """What a live score is about."""

    task: str
    structured: bool
    model_version: str | None
    prompt_version: str | None
    period: datetime | None


async def traffic(
    session: AsyncSession, kept: Kept, every: Every | None
) -> list[tuple[Series, int, int]]:
    """(series, predictions, of them in the audit), the newest first."""
    counted = await rows(
        session,
        f"""
        SELECT {SERIES}, COUNT(*) AS count,
        COUNT(*) FILTER (WHERE {DRAWN} OR s.prediction_id IS NOT NULL) AS drawn FROM
        (SELECT p.*, output IS NOT NULL AS structured {KEPT}) p
        LEFT JOIN selections s ON s.prediction_id = p.id AND s.queue = 'audit'
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 5 DESC, 1, MAX(p.created_at) DESC LIMIT {MOST_ROWS}
        """,
        kept.bound(every=every, seed=kept.audit_seed, share=kept.audit_share),
    )
    return [(_series(row), row["count"], row["drawn"]) for row in counted]


async def live_cells(
    session: AsyncSession, kept: Kept, every: Every | None
) -> list[tuple[Series, Cell, bool]]:
    """(series, cell, whether it was drawn for the audit) of every prediction with a truth."""
    counted = await rows(
        session,
        f"""
        {WITH_ANSWERS}
            SELECT {SERIES}, truth, predicted, drawn,
            COALESCE(probability, 1) AS probability, COUNT(*) AS count
            FROM answered p WHERE judged GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
            """,
        kept.bound(every=every),
    )
    return [
        (
            _series(row),
            Cell(row["truth"], row["predicted"], row["count"], row["probability"]),
            row["drawn"],
        )
        for row in counted
    ]


async def paired_answers(
    session: AsyncSession, kept: Kept, version: Version, a: str, b: str
) -> Pairs:
    """Texts labelled by both versions, whose truth is approved for either, by the first answer."""
    labelled = f"""
    SELECT DISTINCT ON (p.task, {WORDS}, p.{VERSION[version]})
        p.task, {WORDS} AS words, p.{VERSION[version]} AS version,
        coalesce(l.label, p.predicted_intent) = k.truth AS ok
    FROM (SELECT p.* {KEPT} AND p.output IS NULL AND p.{VERSION[version]} IN (:a, :b)) p
    JOIN (
        {WITH_ANSWERS} SELECT DISTINCT ON (task, prompt) task, prompt, truth
        FROM answered WHERE judged AND NOT structured ORDER BY task, prompt, id
    ) k ON k.task = p.task AND k.prompt = p.prompt
    LEFT JOIN label_spellings l ON l.task = p.task AND l.spelling = p.predicted_intent
    ORDER BY p.task, {WORDS}, p.{VERSION[version]}, p.id
    """
    return await pairs(session, labelled, kept.bound(a=a, b=b))


def _series(row: dict[str, Any]) -> Series:
    names = ("task", "structured", "model_version", "prompt_version", "period")
    return Series(**{name: row[name] for name in names})
