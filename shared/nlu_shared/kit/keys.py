"""API keys as rows: made, listed, rotated, revoked, each with its line in the audit log.

Each service owns its `api_keys` table in its own database. A key's text is shown once; its hash is
what is stored.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.ids import uuid7
from nlu_shared.kit import audit
from nlu_shared.kit.auth import KEY_PREFIX, hash_key
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.schemas.keys import KeyIn, KeyMade, KeyView

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


def new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


async def create(session: AsyncSession, asked: KeyIn, *, actor: str) -> KeyMade:
    """A new key; its text is in the answer and nowhere else, ever."""
    key = new_key()
    identifier = uuid7()
    await _insert(session, identifier, key, asked)
    await audit.record(session, actor=actor, action="keys.create", subject=identifier)
    return KeyMade(id=identifier, key=key, **asked.model_dump())


async def ensure(session: AsyncSession, key: str, *, name: str, scopes: Sequence[str]) -> None:
    """Stores the hash of a key made elsewhere; one that is known already stays as it is."""
    known = await session.execute(
        text("SELECT 1 FROM api_keys WHERE hash = :hash"), {"hash": hash_key(key)}
    )
    if known.one_or_none() is None:
        await _insert(session, uuid7(), key, KeyIn(name=name, scopes=list(scopes)))


async def every(session: AsyncSession) -> list[KeyView]:
    """Oldest first, revoked and expired ones too."""
    rows = await session.execute(
        text(
            "SELECT id, name, scopes, tasks, expires_at, revoked_at, created_at"
            " FROM api_keys ORDER BY id"
        )
    )
    return [KeyView.model_validate(dict(row._mapping)) for row in rows]


async def rotate(
    session: AsyncSession, identifier: UUID, *, grace: timedelta, actor: str
) -> KeyMade:
    """A new key that may do the same; the old one ends after `grace`, or when it would have.

    A key that was to expire is followed by one that is to live as long from now. Raises NotFound
    for a key that opens nothing any more.
    """
    old = (
        await session.execute(
            text(
                "SELECT name, scopes, tasks, now() + (expires_at - created_at) AS expires_at"
                " FROM api_keys WHERE id = :id AND revoked_at IS NULL"
                " AND (expires_at IS NULL OR expires_at > now()) FOR UPDATE"
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
    made = await create(session, KeyIn.model_validate(dict(old._mapping)), actor=actor)
    await audit.record(
        session, actor=actor, action="keys.rotate", subject=identifier, successor=str(made.id)
    )
    return made


async def revoke(session: AsyncSession, identifier: UUID, *, actor: str) -> None:
    """From now on (and a cache's few seconds) the key opens nothing; NotFound if unknown."""
    revoked = await session.execute(
        text(
            "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())"
            " WHERE id = :id RETURNING id"
        ),
        {"id": identifier},
    )
    if revoked.scalar_one_or_none() is None:
        raise NotFound("No key has this id.")
    await audit.record(session, actor=actor, action="keys.revoke", subject=identifier)


async def _insert(session: AsyncSession, identifier: UUID, key: str, asked: KeyIn) -> None:
    inserted = await session.execute(
        text(
            "INSERT INTO api_keys (id, name, hash, scopes, tasks, expires_at)"
            " VALUES (:id, :name, :hash, :scopes, :tasks, :expires_at)"
            " ON CONFLICT (hash) DO NOTHING RETURNING id"
        ),
        {
            "id": identifier,
            "name": asked.name,
            "hash": hash_key(key),
            "scopes": list(asked.scopes),
            "tasks": asked.tasks,
            "expires_at": asked.expires_at,
        },
    )
    if inserted.scalar_one_or_none() is None:
        raise Conflict("This key exists.")
