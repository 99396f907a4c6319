"""A line for every export that leaves, so that an erasure can say who may hold the rows."""

from typing import Any

from nlu_shared.ids import uuid7
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

RECORD = text(
    """
    INSERT INTO disclosures (id, kind, filters, recipient, destination)
    VALUES (:id, :kind, :filters, :recipient, :destination)
    """
).bindparams(bindparam("filters", type_=JSONB))


async def record(
    session: AsyncSession,
    kind: str,
    *,
    to: str,
    filters: dict[str, Any],
    destination: str | None = None,
) -> None:
    """To be committed before the first byte leaves: a stream that is cut was handed out too."""
    await session.execute(
        RECORD,
        {
            "id": uuid7(),
            "kind": kind,
            "filters": filters,
            "recipient": to,
            "destination": destination,
        },
    )
