"""Tickets: what a browser opens a stream with, because EventSource sends no Authorization.

It stands below the runs that are watched with it: a process opens one place to redeem tickets, as
one of its resources. Of a ticket only the hash is stored. The first stream it opens binds it to
the runs of that one, whose reconnects it serves from then on: an EventSource comes back with the
same address.
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
from nlu_shared.schemas.tickets import StreamTicket
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

LIFETIME = timedelta(seconds=60)
"""Until the first stream."""
BOUND = timedelta(hours=24)
"""From then on at most; a page that watches for longer takes a new ticket."""
AFTERWARDS = timedelta(hours=1)
"""After its runs are over: the last reconnect is to hear that they are."""

_ISSUE = text(
    """
    INSERT INTO stream_tickets (hash, subject, scopes, tasks, expires_at)
    VALUES (:hash, :subject, :scopes, :tasks, now() + :lifetime) RETURNING expires_at
    """
)
_SWEEP = text(
    """
    WITH over AS MATERIALIZED (
        SELECT hash FROM stream_tickets
        WHERE expires_at <= now() ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM stream_tickets WHERE hash IN (SELECT hash FROM over)
    """
)
_REDEEM = """
UPDATE stream_tickets AS ticket SET run_ids = wanted.run_ids,
    expires_at = CASE WHEN ticket.run_ids IS NULL THEN now() + $3::interval
        ELSE ticket.expires_at END
FROM (
    SELECT hash, string_to_array(run_ids, ',')::uuid[] AS run_ids
    FROM unnest($1::text[], $2::text[]) AS use (hash, run_ids)
) AS wanted
WHERE ticket.hash = wanted.hash AND ticket.expires_at > now()
    AND (ticket.run_ids IS NULL OR ticket.run_ids = wanted.run_ids AND NOT (
        SELECT coalesce(bool_and(coalesce(completed_at <= now() - $4::interval, false)), false)
        FROM runs WHERE id = ANY(wanted.run_ids)))
    AND NOT EXISTS (SELECT FROM api_keys AS key WHERE 'key:' || key.id = ticket.subject
    AND (key.revoked_at IS NOT NULL OR key.expires_at <= now()))
RETURNING ticket.hash, ticket.run_ids, ticket.subject, ticket.scopes, ticket.tasks
"""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A ticket, by its hash, shown for a stream of these runs, in their order by id."""

    hash: str
    run_ids: tuple[UUID, ...]


Redeeming = GroupCommit[Use, Any]
"""By a ticket's use its row; None where it does not open that."""


def redeeming(database: Database, identity: Identity) -> Redeeming:
    """Hundreds of pages that come back at once are a few commits on one connection."""
    return GroupCommit(database, identity, _redeemed, seconds=CONNECT_SECONDS)


async def _redeemed(connection: Connection, uses: Sequence[Use]) -> Sequence[Any]:
    """Sorted, so that no two groups wait for each other's rows."""
    ordered = sorted(set(uses))
    rows = await connection.fetch(
        _REDEEM,
        [one.hash for one in ordered],
        [",".join(map(str, one.run_ids)) for one in ordered],
        BOUND,
        AFTERWARDS,
    )
    opened = {Use(row["hash"], tuple(row["run_ids"])): row for row in rows}
    return [opened.get(use) for use in uses]


async def issue(session: AsyncSession, caller: Caller) -> StreamTicket:
    """A ticket that may what its caller may. Sweeps away some that nobody used."""
    await session.execute(_SWEEP)
    ticket = secrets.token_urlsafe(32)
    values = {
        "hash": hash_key(ticket),
        "subject": caller.subject,
        "scopes": sorted(caller.scopes),
        "tasks": caller.task_list,
        "lifetime": LIFETIME,
    }
    expires_at = (await session.execute(_ISSUE, values)).scalar_one()
    return StreamTicket(ticket=ticket, expires_at=expires_at)


async def redeem(redeeming: Redeeming, ticket: str, run_ids: Sequence[str]) -> Caller:
    """Whose ticket it is; from here on it opens the stream of these runs alone.

    Raises Unauthenticated for one that is unknown, too old or other runs', or whose key is no
    more.
    """
    try:
        use = Use(hash_key(ticket), tuple(sorted({UUID(run_id) for run_id in run_ids})))
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
