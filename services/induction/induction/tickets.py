"""Tickets: what a browser opens a stream with, because EventSource sends no Authorization.

It stands below the runs that are watched with it: a process opens one place to redeem tickets, as
one of its resources. Of a ticket only the hash is stored. The first stream it opens binds it to
that run, whose reconnects it serves from then on: an EventSource comes back with the same address.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller, hash_key
from nlu_shared.kit.data.db import CONNECT_SECONDS, Database, Identity
from nlu_shared.kit.data.group_commit import Connection, GroupCommit
from nlu_shared.kit.errors import Unauthenticated
from nlu_shared.schemas.runs import StreamTicket
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

LIFETIME = timedelta(seconds=60)
"""Until the first stream."""
BOUND = timedelta(hours=24)
"""From then on at most; a page that watches for longer takes a new ticket."""
AFTERWARDS = timedelta(hours=1)
"""After the run is over: the last reconnect is to hear that it is."""

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
UPDATE stream_tickets AS ticket SET run_id = wanted.run_id,
    expires_at = CASE WHEN ticket.run_id IS NULL THEN now() + $3::interval
        ELSE ticket.expires_at END
FROM unnest($1::text[], $2::uuid[]) AS wanted (hash, run_id)
LEFT JOIN runs AS run ON run.id = wanted.run_id
WHERE ticket.hash = wanted.hash AND ticket.expires_at > now()
    AND (ticket.run_id IS NULL OR ticket.run_id = wanted.run_id
        AND (run.completed_at IS NULL OR run.completed_at > now() - $4::interval))
    AND NOT EXISTS (SELECT FROM api_keys AS key WHERE 'key:' || key.id = ticket.subject
    AND (key.revoked_at IS NOT NULL OR key.expires_at <= now()))
RETURNING ticket.hash, ticket.run_id, ticket.subject, ticket.scopes, ticket.tasks
"""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A ticket, by its hash, shown for a stream of a run."""

    hash: str
    run_id: UUID


Redeeming = GroupCommit[Use, Any]
"""By a ticket's use its row; None where it does not open that."""


def redeeming(database: Database, identity: Identity) -> Redeeming:
    """Hundreds of pages that come back at once are a few commits on one connection."""
    return GroupCommit(database, identity, _redeemed, seconds=CONNECT_SECONDS)


async def _redeemed(connection: Connection, uses: Sequence[Use]) -> Sequence[Any]:
    """Sorted, so that no two groups wait for each other's rows."""
    wanted = sorted(set(uses))
    rows = await connection.fetch(
        _REDEEM, [one.hash for one in wanted], [one.run_id for one in wanted], BOUND, AFTERWARDS
    )
    opened = {Use(row["hash"], row["run_id"]): row for row in rows}
    return [opened.get(use) for use in uses]


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


async def redeem(redeeming: Redeeming, ticket: str, run_id: str) -> Caller:
    """Whose ticket it is; from here on it opens this run's stream alone.

    Raises Unauthenticated for one that is unknown, too old or another run's, or whose key is no
    more.
    """
    try:
        use = Use(hash_key(ticket), UUID(run_id))
    except ValueError:
        raise Unauthenticated from None
    row = await redeeming.submit(use)
    if row is None:
        raise Unauthenticated
    return Caller(
        subject=row["subject"],
        scopes=frozenset(row["scopes"]),
        tasks=None if row["tasks"] is None else frozenset(row["tasks"]),
    )
