"""The hot path: a validated prediction joins the next commit. No ORM here.

Rows of one commit are sorted by id, so that overlapping commits cannot deadlock. The writer's role
may insert and see only what tells a repeat from a conflict.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal, Protocol
from uuid import UUID

from nlu_shared.ids import time_of, uuid7
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.data.group_commit import Connection, GroupCommit
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.predictions import PredictionIn

from nlu_logger.settings import Settings


class Written(Enum):
    CREATED = auto()
    REPEATED = auto()
    CONFLICT = auto()


STATUS: dict[Written, Literal[200, 201]] = {Written.CREATED: 201, Written.REPEATED: 200}


class IdConflict(Conflict):
    code = "id_conflict"
    title = "Another prediction has this id"


class IdOutOfRange(Invalid):
    code = "id_out_of_range"
    title = "The id's time is outside what is kept; send it under a new id"


@dataclass(frozen=True, slots=True)
class Entry:
    """A prediction ready to be written, bound to its owner."""

    id: UUID
    user_id: UUID | None
    body: PredictionIn
    body_hash: str


Ingest = GroupCommit[Entry, Written]


class IngestResources(Protocol):
    """What the routes need of the resources that are opened above them."""

    @property
    def ingest(self) -> Ingest: ...

    @property
    def settings(self) -> Settings: ...


def admit(prediction: PredictionIn, caller: Caller, settings: Settings, *, now: datetime) -> Entry:
    """Binds a prediction to its caller and checks the time in its id.

    Raises Forbidden (another user's, or a task outside the key) and IdOutOfRange.
    """
    own_task(caller, prediction.task)
    user_id = prediction.user_id
    if caller.user_id is not None:
        if user_id not in (None, caller.user_id):
            raise Forbidden("A user logs for themselves only.")
        user_id = caller.user_id
    identifier = prediction.id or uuid7()
    at = time_of(identifier)
    oldest = now - timedelta(days=settings.retention_days)
    newest = now + timedelta(hours=settings.ahead_hours)
    if not oldest <= at <= newest:
        raise IdOutOfRange
    body = prediction.model_dump(mode="json", exclude={"id", "user_id"}, exclude_defaults=True)
    return Entry(identifier, user_id, prediction, digest([str(user_id), body]))


async def log(ingest: Ingest, entry: Entry) -> Written:
    """Returns after the commit; CREATED or REPEATED. Raises IdConflict, Unavailable."""
    written = await ingest.submit(entry)
    if written is Written.CONFLICT:
        raise IdConflict
    return written


async def write(connection: Connection, entries: Sequence[Entry]) -> list[Written]:
    """One statement for all new rows, which is its own commit; one look at ids that were taken."""
    first: dict[UUID, Entry] = {}
    for entry in entries:
        first.setdefault(entry.id, entry)
    rows = [first[identifier] for identifier in sorted(first)]
    made = {row["id"] for row in await connection.fetch(INSERT, *_columns(rows))}
    if len(made) == len(entries):
        return [Written.CREATED] * len(entries)
    taken = [row.id for row in rows if row.id not in made]
    stored = {row.id: (row.user_id, row.body_hash) for row in rows if row.id in made}
    if taken:
        for row in await connection.fetch(LOOK, taken):
            stored[row["id"]] = (row["user_id"], row["body_hash"])
    return [
        _result(entry, is_new=entry.id in made and first[entry.id] is entry, stored=stored)
        for entry in entries
    ]


def _result(entry: Entry, *, is_new: bool, stored: dict[UUID, tuple[UUID | None, str]]) -> Written:
    if is_new:
        return Written.CREATED
    same = stored.get(entry.id) == (entry.user_id, entry.body_hash)
    return Written.REPEATED if same else Written.CONFLICT


INSERT = """
INSERT INTO nlu_prompt_logs (id, user_id, task, prompt, predicted_intent, confidence,
    secondary_intents, output, conversation_id, message_index, model_version, prompt_version,
    latency_ms, created_at, body_hash)
SELECT id, user_id, task, prompt, predicted_intent, confidence,
    secondary_intents::jsonb, output::jsonb, conversation_id, message_index, model_version,
    prompt_version, latency_ms, created_at, body_hash
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::float8[],
    $7::text[], $8::text[], $9::uuid[], $10::int[], $11::text[], $12::text[],
    $13::float8[], $14::timestamptz[], $15::text[])
    AS new (id, user_id, task, prompt, predicted_intent, confidence, secondary_intents, output,
        conversation_id, message_index, model_version, prompt_version, latency_ms, created_at,
        body_hash)
ON CONFLICT (id) DO NOTHING
RETURNING id
"""
LOOK = "SELECT id, user_id, body_hash FROM nlu_prompt_logs WHERE id = ANY($1::uuid[])"


def _columns(rows: Sequence[Entry]) -> list[list[object]]:
    predictions = [row.body for row in rows]
    return [
        [row.id for row in rows],
        [row.user_id for row in rows],
        [one.task for one in predictions],
        [one.prompt for one in predictions],
        [one.predicted_intent for one in predictions],
        [one.confidence for one in predictions],
        [
            json.dumps([second.model_dump() for second in one.secondary_intents])
            if one.secondary_intents
            else "[]"
            for one in predictions
        ],
        [None if one.output is None else json.dumps(one.output) for one in predictions],
        [one.conversation_id for one in predictions],
        [one.message_index for one in predictions],
        [one.model_version for one in predictions],
        [one.prompt_version for one in predictions],
        [one.latency_ms for one in predictions],
        [time_of(row.id) for row in rows],
        [row.body_hash for row in rows],
    ]
