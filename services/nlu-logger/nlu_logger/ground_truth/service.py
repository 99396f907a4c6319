"""Promoting cases, taking them back, and reading all of them from one snapshot."""

import json
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.ids import uuid8
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.kit.group_commit import Connection
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.ground_truth import (
    GroundTruthCase,
    GroundTruthIn,
    StreamEnd,
    case_hash,
    dataset_hash,
)
from pydantic import JsonValue
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth.models import GroundTruthRow

ROWS_AT_ONCE = 500


class ConflictingTruth(Conflict):
    code = "conflicting_truth"
    title = "Another truth is approved for this text"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    task: str
    text: str
    truth: JsonValue
    group: str | None
    may_quote: bool
    correction_id: UUID | None = None

    @property
    def hash(self) -> str:
        return case_hash(
            task=self.task,
            text=self.text,
            truth=self.truth,
            group=self.group,
            may_quote=self.may_quote,
        )


def text_key(text: str) -> str:
    """Texts that differ in case, spaces or Unicode form only are one text. Hex SHA-256."""
    return digest(" ".join(unicodedata.normalize("NFKC", text).casefold().split()))


async def promote(session: AsyncSession, case: NewCase, *, approved_by: str) -> UUID:
    """The id of the approved case; the same truth for the same text is one case.

    The id is made of task and text: the same cases have the same ids and the same data-set hash
    in every database, so a run on them is the same run.

    Raises ConflictingTruth where another truth stands for this text: somebody must settle it.
    """
    key = text_key(case.text)
    made: UUID | None = (
        await session.execute(
            insert(GroundTruthRow)
            .values(
                id=uuid8(case.task, key),
                task=case.task,
                text=case.text,
                text_key=key,
                truth=case.truth,
                case_group=case.group,
                may_quote=case.may_quote,
                hash=case.hash,
                correction_id=case.correction_id,
                approved_by=approved_by,
            )
            .on_conflict_do_nothing()
            .returning(col(GroundTruthRow.id))
        )
    ).scalar_one_or_none()
    if made is not None:
        return made
    standing = (
        await session.exec(
            select(GroundTruthRow).where(
                GroundTruthRow.task == case.task, GroundTruthRow.text_key == key
            )
        )
    ).one()
    if standing.truth != case.truth:
        raise ConflictingTruth
    return standing.id


async def add(session: AsyncSession, said: GroundTruthIn, *, approved_by: str) -> UUID:
    """A case that never was a prediction."""
    return await promote(session, NewCase(**said.model_dump()), approved_by=approved_by)


async def withdraw(session: AsyncSession, correction_id: UUID) -> None:
    """Forgets the case that rests on this correction, if one does."""
    await session.exec(
        delete(GroundTruthRow).where(col(GroundTruthRow.correction_id) == correction_id)
    )


async def remove(session: AsyncSession, case_id: UUID) -> None:
    gone = await session.exec(
        delete(GroundTruthRow)
        .where(col(GroundTruthRow.id) == case_id)
        .returning(col(GroundTruthRow.id))
    )
    if gone.first() is None:
        raise NotFound("There is no such case.")


async def hash_of_all(snapshot: Connection, task: str) -> StreamEnd:
    """How many cases the task has in this snapshot, and the hash of the data set they are."""
    rows = await snapshot.fetch("SELECT hash FROM ground_truth WHERE task = $1 ORDER BY id", task)
    return StreamEnd(count=len(rows), sha256=dataset_hash(row["hash"] for row in rows))


async def lines(snapshot: Connection, task: str, end: StreamEnd) -> AsyncIterator[str]:
    """The cases in id order as NDJSON, then `end`, by which a cut stream is known."""
    cursor = snapshot.cursor(
        "SELECT id, task, text, truth, case_group, may_quote, hash"
        " FROM ground_truth WHERE task = $1 ORDER BY id",
        task,
        prefetch=ROWS_AT_ONCE,
    )
    async for row in cursor:
        case = GroundTruthCase(
            id=row["id"],
            task=row["task"],
            text=row["text"],
            truth=json.loads(row["truth"]),
            group=row["case_group"],
            may_quote=row["may_quote"],
            hash=row["hash"],
        )
        yield case.model_dump_json() + "\n"
    yield end.model_dump_json() + "\n"
