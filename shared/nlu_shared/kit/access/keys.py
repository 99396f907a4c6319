"""API keys as rows: made, listed, rotated, revoked, each with its line in the audit log.

Each service owns its `api_keys` table in its own database. A key's text is shown once; its hash is
what is stored. Who makes, rotates or ends a key can do to it no more than their own key can do.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import ADMIN, Caller, hash_key
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid, NotFound
from nlu_shared.schemas.keys import KEY_PREFIX, KeyIn, KeyMade, KeyView

API_KEYS_DDL = """
CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT[] NOT NULL,
    tasks TEXT[],
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
"""
HELD_IN_SETTINGS = (
    "ALTER TABLE api_keys ADD COLUMN setting TEXT",
    # Those made by HTTP or by command have a line; those from the settings had none.
    """
    UPDATE api_keys SET setting = name WHERE name IN ('bootstrap', 'induction') AND NOT EXISTS
        (SELECT FROM audit_log WHERE action = 'keys.create' AND subject = api_keys.id::text)
    """,
)
"""Which keys the settings hold, so that a new one there ends the old one."""

COMMAND_LINE = Caller(subject="command-line", scopes=frozenset({ADMIN}))
"""Whoever has the database's address is an administrator."""


def new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


async def create(session: AsyncSession, request: KeyIn, *, caller: Caller) -> KeyMade:
    """A new key; its text is in the answer and nowhere else, ever. Raises Forbidden for one that
    could do more than the caller, or for longer."""
    if not caller.may_give(request.scopes, request.tasks, request.expires_at):
        raise Forbidden("A key gives no more than it has: scopes, tasks, time.", code="too_much")
    key = new_key()
    identifier = uuid7()
    await _insert(session, identifier, key, request)
    await audit.record(session, actor=caller.subject, action="keys.create", subject=identifier)
    return KeyMade(id=identifier, key=key, **request.model_dump())


async def issue(
    session: AsyncSession,
    request: KeyIn,
    *,
    known: Collection[str],
    now: datetime,
    caller: Caller,
) -> KeyMade:
    """The same for a person, who may mistype: raises Invalid for a scope that is not one of the
    `known`, and for a key that would open nothing from the start."""
    if set(request.scopes) - set(known):
        raise Invalid(f"A scope is one of {', '.join(sorted(known))}.", code="unknown_scope")
    if request.expires_at is not None and request.expires_at <= now:
        raise Invalid("expires_at is past: a moment to come is expected.", code="expiry_is_past")
    return await create(session, request, caller=caller)


async def ensure(session: AsyncSession, key: str, *, name: str, scopes: Sequence[str]) -> None:
    """Stores the hash of the key that the settings hold under this name, and ends the one they
    held before. One that is known already stays as it is, also where it was ended."""
    known = await session.execute(
        text("SELECT 1 FROM api_keys WHERE hash = :hash"), {"hash": hash_key(key)}
    )
    if known.one_or_none() is not None:
        return
    ended = await session.execute(
        text(
            """
            UPDATE api_keys SET revoked_at = now()
            WHERE setting = :name AND revoked_at IS NULL RETURNING id
            """
        ),
        {"name": name},
    )
    for identifier in ended.scalars().all():
        await audit.record(
            session, actor=COMMAND_LINE.subject, action="keys.revoke", subject=identifier
        )
    await _insert(session, uuid7(), key, KeyIn(name=name, scopes=list(scopes)), setting=name)


async def every(session: AsyncSession, *, caller: Caller) -> list[KeyView]:
    """Those that are for none but the caller's tasks, oldest first, ended ones too."""
    rows = await session.execute(
        text(
            """
            SELECT id, name, scopes, tasks, expires_at, revoked_at, created_at
            FROM api_keys ORDER BY id
            """
        )
    )
    views = [KeyView.model_validate(dict(row._mapping)) for row in rows]
    return [key for key in views if caller.covers(key.tasks)]


async def rotate(
    session: AsyncSession, identifier: UUID, *, grace: timedelta, caller: Caller
) -> KeyMade:
    """A new key that may do the same; the old one ends after `grace`, or when it would have.

    A key that was to expire is followed by one that is to live as long from now. Raises NotFound
    for a key that opens nothing any more, and Forbidden where `create` does.
    """
    old = (
        await session.execute(
            text(
                """
                SELECT name, scopes, tasks, now() + (expires_at - created_at) AS expires_at
                FROM api_keys WHERE id = :id AND revoked_at IS NULL
                    AND (expires_at IS NULL OR expires_at > now()) FOR UPDATE
                """
            ),
            {"id": identifier},
        )
    ).one_or_none()
    if old is None:
        raise NotFound("No valid key has this id.")
    await session.execute(
        text("UPDATE api_keys SET expires_at = least(expires_at, now() + :grace) WHERE id = :id"),
        {"id": identifier, "grace": grace},
    )
    made = await create(session, KeyIn.model_validate(dict(old._mapping)), caller=caller)
    await audit.record(
        session,
        actor=caller.subject,
        action="keys.rotate",
        subject=identifier,
        successor=str(made.id),
    )
    return made


async def revoke(session: AsyncSession, identifier: UUID, *, caller: Caller) -> None:
    """From now on (and a cache's few seconds) the key opens nothing; NotFound if unknown.

    Raises Forbidden for a key that is for tasks which are not the caller's.
    """
    revoked = await session.execute(
        text(
            """
            UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
            WHERE id = :id RETURNING tasks
            """
        ),
        {"id": identifier},
    )
    row = revoked.one_or_none()
    if row is None:
        raise NotFound("No key has this id.")
    if not caller.covers(row.tasks):
        raise Forbidden("This key is for tasks that are not yours.")
    await audit.record(session, actor=caller.subject, action="keys.revoke", subject=identifier)


async def _insert(
    session: AsyncSession,
    identifier: UUID,
    key: str,
    request: KeyIn,
    *,
    setting: str | None = None,
) -> None:
    inserted = await session.execute(
        text(
            """
            INSERT INTO api_keys (id, name, hash, scopes, tasks, expires_at, setting)
            VALUES (:id, :name, :hash, :scopes, :tasks, :expires_at, :setting)
            ON CONFLICT (hash) DO NOTHING RETURNING id
            """
        ),
        {
            "id": identifier,
            "name": request.name,
            "hash": hash_key(key),
            "scopes": list(request.scopes),
            "tasks": request.tasks,
            "expires_at": request.expires_at,
            "setting": setting,
        },
    )
    if inserted.scalar_one_or_none() is None:
        raise Conflict("This key exists.")
