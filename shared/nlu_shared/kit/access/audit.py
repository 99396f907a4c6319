"""The audit log: who changed what, written in the transaction that changes it.

Append only: no role may update or delete a line. A line names things by their ids and never holds
a person's text.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, bindparam, column, select, table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.ids import uuid7
from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import NEWEST, Order
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
LINES = table(
    "audit_log",
    column("id", Uuid),
    column("at", DateTime(timezone=True)),
    column("actor", Text),
    column("action", Text),
    column("subject", Text),
    column("details", JSONB),
)
SORTS: Sorts = {
    "at": LINES.c.id,
    "actor": LINES.c.actor,
    "action": LINES.c.action,
    "subject": LINES.c.subject,
}
"""What the lines can be ordered by."""


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
    order: Order = NEWEST,
) -> Page[AuditLine]:
    """The newest first, or in an order; None filters nothing."""
    filters = {"actor": actor, "action": action, "subject": subject}
    bounds = [LINES.c[name] == value for name, value in filters.items() if value is not None]
    matching = select(LINES).where(*bounds)
    lines = await ordered(session, matching, SORTS, order, id=LINES.c.id, before=before)
    rows: Sequence[Any] = (await session.execute(lines.limit(limit + 1))).all()
    page, cursor = cut(rows, limit)
    return Page(
        items=[AuditLine.model_validate(dict(row._mapping)) for row in page],
        next_cursor=cursor,
    )
