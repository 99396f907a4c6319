"""Tickets: what a browser opens a stream with, because EventSource sends no Authorization.

It stands below the runs that are watched with it: a process opens one place to redeem tickets, as
one of its resources. Of a ticket only the hash is stored, and the first stream it opens uses it up.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from nlu_shared.kit.auth import Caller, hash_key
from nlu_shared.kit.db import CONNECT_SECONDS, Database, Identity
from nlu_shared.kit.errors import Unauthenticated
from nlu_shared.kit.group_commit import Connection, GroupCommit
from nlu_shared.schemas.runs import StreamTicket
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

LIFETIME = timedelta(seconds=60)

_ISSUE = text(
    """
    INSERT INTO stream_tickets (hash, subject, scopes, tasks, expires_at)
    VALUES (:hash, :subject, :scopes, :tasks, now() + :lifetime) RETURNING expires_at
    """
)
_SWEEP = text(
    """
    DELETE FROM stream_tickets WHERE hash IN (SELECT hash FROM stream_tickets
    WHERE expires_at <= now() ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED)
    """
)
_REDEEM = """
DELETE FROM stream_tickets AS ticket WHERE hash = ANY($1) AND expires_at > now()
    AND NOT EXISTS (SELECT FROM api_keys AS key WHERE 'key:' || key.id = ticket.subject
    AND (key.revoked_at IS NOT NULL OR key.expires_at <= now()))
RETURNING hash, subject, scopes, tasks
"""
Redeeming = GroupCommit[str, Any]
"""By a ticket's hash its row, once; None where there is none."""


def redeeming(database: Database, identity: Identity) -> Redeeming:
    """Hundreds of pages that come back at once are a few commits on one connection."""
    return GroupCommit(database, identity, _redeemed, seconds=CONNECT_SECONDS)


async def _redeemed(connection: Connection, hashes: Sequence[str]) -> Sequence[Any]:
    left = {row["hash"]: row for row in await connection.fetch(_REDEEM, sorted(set(hashes)))}
    return [left.pop(hashed, None) for hashed in hashes]


async def issue(session: AsyncSession, caller: Caller) -> StreamTicket:
    """A ticket that may what its caller may. Sweeps away some that nobody used."""
    await session.execute(_SWEEP)
    ticket = secrets.token_urlsafe(32)
    values = {
        "hash": hash_key(ticket),
        "subject": caller.subject,
        "scopes": sorted(caller.scopes),
        "tasks": None if caller.tasks is None else sorted(caller.tasks),
        "lifetime": LIFETIME,
    }
    expires_at = (await session.execute(_ISSUE, values)).scalar_one()
    return StreamTicket(ticket=ticket, expires_at=expires_at)


async def redeem(redeeming: Redeeming, ticket: str) -> Caller:
    """Whose ticket it is; from here on it is used up, whatever becomes of the stream.

    Raises Unauthenticated for one that is unknown, used or too old, or whose key is no more.
    """
    row = await redeeming.submit(hash_key(ticket))
    if row is None:
        raise Unauthenticated
    return Caller(
        subject=row["subject"],
        scopes=frozenset(row["scopes"]),
        tasks=None if row["tasks"] is None else frozenset(row["tasks"]),
    )
