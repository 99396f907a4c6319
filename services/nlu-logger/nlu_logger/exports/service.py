"""Reading what is exported, block by block, from one snapshot of predictions and corrections."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from importlib import import_module
from itertools import islice
from typing import Any
from uuid import UUID

from nlu_shared.ids import time_of
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.data.group_commit import Connection
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.exports import (
    ExportedRow,
    ExportFormat,
    LabelledText,
    Pair,
    ReviewRow,
)

from nlu_logger.exports.formats import LineWriter, Row, TextWriter, Writer, form_of
from nlu_logger.exports.pairs import make_pairs
from nlu_logger.predictions.service import first_id

Redactor = Callable[[Any], Any]
"""What a text, or a structured output, looks like when it leaves."""

ROWS_AT_ONCE = 500
SOURCE = "production"
LONGEST_PAIRED = 2_000
MOST_DAYS = 36_500
"""Characters; sentence encoders read less than this, and it bounds what pairs hold in memory."""

# A correction stands as the prediction shows it: the approved one, else the newest.
# While one is undecided, nobody knows the label: such a row is not high-confidence either.
RETRAINING = """
WITH standing AS (
    SELECT DISTINCT ON (prediction_id)
        prediction_id, status, corrected_intent, corrected_output
    FROM corrections
    WHERE prediction_id >= $1 AND status <> 'rejected' AND NOT is_confirmation
    ORDER BY prediction_id, status = 'approved' DESC, id DESC
)
SELECT p.id, p.prompt, p.confidence, s.prediction_id IS NOT NULL AS corrected,
    CASE WHEN s.prediction_id IS NULL THEN coalesce(l.label, p.predicted_intent)
        ELSE s.corrected_intent END AS label,
    CASE WHEN s.prediction_id IS NULL THEN p.output
        WHEN s.corrected_intent IS NULL THEN s.corrected_output END AS output
FROM nlu_prompt_logs p LEFT JOIN standing s ON s.prediction_id = p.id
LEFT JOIN label_spellings l ON l.task = p.task AND l.spelling = p.predicted_intent
WHERE p.id >= $1 AND ($2::text[] IS NULL OR p.task = ANY($2))
    AND CASE WHEN s.prediction_id IS NULL THEN p.confidence >= $3
        ELSE NOT $4 OR s.status = 'approved' END
"""
# What outlived its raw rows; see privacy.jobs.
KEPT = """
SELECT k.id, k.text AS prompt, k.confidence, k.corrected, coalesce(l.label, k.label) AS label,
    k.output
FROM kept_training_rows k
LEFT JOIN label_spellings l ON l.task = k.task AND l.spelling = k.label
WHERE k.predicted_on >= $1 AND ($2::text[] IS NULL OR k.task = ANY($2))
    AND (k.corrected OR k.confidence >= $3)
"""
# The texts come spelled as JSON: PostgreSQL escapes text as Python does, and faster.
SPELLED = """
SELECT to_json(prompt)::text, coalesce(output::text, to_json(label)::text), confidence, corrected
FROM
"""
LABELLED = f"""
SELECT prompt, label, corrected FROM (
    SELECT id::text, prompt, label, output, corrected FROM ({RETRAINING}) AS live
    UNION ALL
    SELECT k.id::text, k.text, coalesce(l.label, k.label), k.output, k.corrected
    FROM kept_training_rows k
    LEFT JOIN label_spellings l ON l.task = k.task AND l.spelling = k.label
    WHERE k.predicted_on >= $8 AND ($2::text[] IS NULL OR k.task = ANY($2))
        AND (k.corrected OR k.confidence >= $3)
) AS rows
WHERE output IS NULL AND length(prompt) <= $5
ORDER BY hashtextextended(id, $6), id LIMIT $7
"""  # noqa: S608 - no value is written into it
REVIEW = """
SELECT p.id, p.prompt, p.predicted_intent, p.confidence, p.created_at
FROM nlu_prompt_logs p
WHERE p.id >= $1 AND ($2::text[] IS NULL OR p.task = ANY($2)) AND p.confidence < $3
    AND NOT EXISTS (
        SELECT FROM corrections c WHERE c.prediction_id = p.id AND c.status <> 'rejected'
    )
ORDER BY p.confidence, p.id
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Which predictions an export may hold: those from this id on, of these tasks (None: all)."""

    first: UUID
    tasks: list[str] | None

    @property
    def since(self) -> date:
        """The day of the first id, by which rows that outlived their ids are found."""
        return time_of(self.first).date()

    def filters(self) -> dict[str, Any]:
        """As JSON, for the line that says what was handed out."""
        return {"first": str(self.first), "tasks": self.tasks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """High-confidence means `min_confidence` and above and nobody's correction standing.

    `approved_only` leaves out corrections that nobody approved yet.
    """

    min_confidence: float
    approved_only: bool


@dataclass(slots=True)
class Export:
    """A file that is read once, piece by piece; `rows` counts what has gone into it."""

    blocks: AsyncGenerator[list[Row], None]
    writer: Writer
    rows: int = 0

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.blocks) as blocks:
            async for rows in blocks:
                self.rows += len(rows)
                if piece := self.writer.add(rows):
                    yield piece
        yield self.writer.close()


def unchanged(value: Any) -> Any:
    return value


def window(caller: Caller, *, task: str | None, days: int | None, now: datetime) -> Window:
    """The last `days` (None: all) of a task, or of every task the key is for; or Forbidden."""
    if task is not None:
        own_task(caller, task)
    allowed = caller.task_list
    return Window(
        first=UUID(int=0) if days is None else first_id(now - timedelta(days=days)),
        tasks=allowed if task is None else [task],
    )


def retraining(
    snapshot: Connection,
    seen: Window,
    selection: Selection,
    form: ExportFormat,
    redact: Redactor = unchanged,
) -> Export:
    """Corrected predictions and high-confidence ones, oldest first.

    Those that the retention has dropped are there too, anonymised.
    """
    plain = form is ExportFormat.JSONL and redact is unchanged
    head, tail = (SPELLED + "(", ") AS rows ORDER BY id") if plain else ("", " ORDER BY id")
    as_row = None if plain else partial(_retraining_row, redact=redact)
    writer = LineWriter() if plain else _writer(form, list(ExportedRow.model_fields))
    kept = (seen.since, seen.tasks, selection.min_confidence)
    live = (seen.first, seen.tasks, selection.min_confidence, selection.approved_only)
    rows = _chained(
        _blocks(snapshot, f"{head}{KEPT}{tail}", kept, as_row),
        _blocks(snapshot, f"{head}{RETRAINING}{tail}", live, as_row),
    )
    return Export(rows, writer)


def review(
    snapshot: Connection,
    seen: Window,
    threshold: float,
    form: ExportFormat,
    redact: Redactor = unchanged,
) -> Export:
    """What is below the threshold and nobody has spoken on, the least certain first."""
    as_row = partial(_review_row, redact=redact)
    rows = _blocks(snapshot, REVIEW, (seen.first, seen.tasks, threshold), as_row)
    return Export(rows, _writer(form, list(ReviewRow.model_fields), marked=True))


async def labelled(
    snapshot: Connection,
    seen: Window,
    selection: Selection,
    *,
    seed: int,
    limit: int,
    redact: Redactor,
) -> list[LabelledText]:
    """At most `limit` of the retraining rows with a plain label, drawn by the seed."""
    rows = await snapshot.fetch(
        LABELLED,
        seen.first,
        seen.tasks,
        selection.min_confidence,
        selection.approved_only,
        LONGEST_PAIRED,
        seed,
        limit,
        seen.since,
    )
    return [
        LabelledText.model_construct(
            text=redact(row["prompt"]), label=row["label"], corrected=row["corrected"]
        )
        for row in rows
    ]


def pairs(texts: Iterable[LabelledText], *, seed: int, per_text: int) -> Iterator[str]:
    """The pairs of these texts as JSONL, block by block."""
    form = form_of(ExportFormat.JSONL, list(Pair.model_fields))
    made = make_pairs(texts, seed=seed, per_text=per_text)
    while block := [(one.text_a, one.text_b, one.label) for one in islice(made, ROWS_AT_ONCE)]:
        yield form.block(block)


async def _blocks(
    snapshot: Connection,
    query: str,
    arguments: tuple[Any, ...],
    as_row: Callable[[Any], Row] | None,
) -> AsyncGenerator[list[Row], None]:
    """The database works on the next block while this one is written; None: a record is a row."""
    cursor = await snapshot.cursor(query, *arguments)
    ahead = asyncio.create_task(cursor.fetch(ROWS_AT_ONCE))
    try:
        while records := await ahead:
            ahead = asyncio.create_task(cursor.fetch(ROWS_AT_ONCE))
            await asyncio.sleep(0)  # lets the task ask before the block is written
            # Not on the event loop: anonymising long texts takes its time.
            yield records if as_row is None else await asyncio.to_thread(_rows, as_row, records)
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)


def _rows(as_row: Callable[[Any], Row], records: list[Any]) -> list[Row]:
    return [as_row(record) for record in records]


async def _chained(
    *parts: AsyncGenerator[list[Row], None],
) -> AsyncGenerator[list[Row], None]:
    for part in parts:
        async with aclosing(part) as blocks:
            async for rows in blocks:
                yield rows


def _writer(format: ExportFormat, columns: Sequence[str], *, marked: bool = False) -> Writer:
    """`marked` is for tables that a person opens."""
    if format is not ExportFormat.PARQUET:
        return TextWriter(form_of(format, columns, marked=marked))
    try:
        made: Writer = import_module("nlu_logger.exports.parquet").ParquetWriter(columns)
    except ModuleNotFoundError:
        raise Invalid("Parquet needs the extra `parquet`.", code="no_parquet") from None
    return made


def _retraining_row(record: Any, *, redact: Redactor) -> Row:
    _, text, confidence, corrected, label, output = record
    truth = label if output is None else redact(json.loads(output))
    return redact(text), truth, confidence, SOURCE, corrected


def _review_row(record: Any, *, redact: Redactor) -> Row:
    identifier, prompt, predicted, confidence, created_at = record
    return str(identifier), redact(prompt), predicted, confidence, created_at.isoformat(), "", ""
