"""The audit log: who changed what, written in the transaction that changes it.

Append only: no role may update or delete a line. A line names things by their ids and never holds
a person's text.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.ids import uuid7
from nlu_shared.kit.data.pages import cut
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page

AUDIT_DDL = """
CREATE TABLE audit_log (
    id UUID PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL DEFAULT now(),
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details JSONB NOT NULL DEFAULT '{}'
)
"""
RECORD = text(
    """
    INSERT INTO audit_log (id, actor, action, subject, details)
    VALUES (:id, :actor, :action, :subject, :details)
    """
).bindparams(bindparam("details", type_=JSONB))
PAGE = text(
    """
    SELECT id, at, actor, action, subject, details FROM audit_log
    WHERE actor = coalesce(:actor, actor) AND action = coalesce(:action, action)
        AND subject = coalesce(:subject, subject) AND id < coalesce(:before, :past_all_ids)
    ORDER BY id DESC LIMIT :limit
    """
).bindparams(past_all_ids=UUID(int=2**128 - 1))


async def record(
    session: AsyncSession, *, actor: str, action: str, subject: object, **details: Any
) -> None:
    """One line: `actor` is a caller's subject, `action` is `room.verb` ("corrections.approve")."""
    await session.execute(
        RECORD,
        {
            "id": uuid7(),
            "actor": actor,
            "action": action,
            "subject": str(subject),
            "details": details,
        },
    )


async def page(
    session: AsyncSession,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Page[AuditLine]:
    """The newest first; None filters nothing."""
    result = await session.execute(
        PAGE,
        {
            "actor": actor,
            "action": action,
            "subject": subject,
            "before": before,
            "limit": limit + 1,
        },
    )
    rows: Sequence[Any] = result.all()
    page, cursor = cut(rows, limit)
    return Page(
        items=[AuditLine.model_validate(dict(row._mapping)) for row in page],
        next_cursor=cursor,
    )
