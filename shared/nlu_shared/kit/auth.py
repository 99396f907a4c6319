"""Who is calling: API keys (hashed, scoped, expiring) and end users' tokens (JWT HS256).

Keys are 32 random bytes, so one SHA-256 is enough to store them safely. Each service owns its
`api_keys` table (`API_KEYS_DDL`) in its own database.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import jwt
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.ids import uuid7
from nlu_shared.kit.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict, NotFound, Unauthenticated
from nlu_shared.schemas.keys import KeyIn, KeyMade, KeyView

ADMIN = "admin"
"""The scope that holds all others."""
KEY_PREFIX = "nlk_"
CACHED_KEYS = 10_000

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


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven principal. `user_id` is set for end users only, `tasks` None means every task."""

    subject: str
    scopes: frozenset[str]
    user_id: UUID | None = None
    tasks: frozenset[str] | None = None

    def has(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN in self.scopes

    def may_touch(self, task: str) -> bool:
        return self.tasks is None or task in self.tasks


@dataclass(slots=True)
class Authenticator:
    """Turns a bearer credential into a Caller.

    `identity` is the role that may read `api_keys`; `user_scopes` is what end users may do.
    """

    database: Database
    identity: Identity
    jwt_secret: str | None = None
    user_scopes: frozenset[str] = frozenset()
    cache_seconds: float = 5.0
    _known: dict[str, tuple[float, Caller]] = field(default_factory=dict)

    async def authenticate(self, credential: str) -> Caller:
        """Raises Unauthenticated for anything that is not a valid key or token."""
        if credential.startswith(KEY_PREFIX):
            return await self.by_key_hash(hash_key(credential))
        return self._by_token(credential)

    async def by_key_hash(self, hashed: str) -> Caller:
        """Raises Unauthenticated where no key that stands has this hash."""
        cached = self._known.get(hashed)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        async with session_scope(self.database, self.identity) as session:
            row = (
                await session.execute(
                    text(
                        "SELECT id, scopes, tasks FROM api_keys WHERE hash = :hash"
                        " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
                    ),
                    {"hash": hashed},
                )
            ).one_or_none()
        if row is None:
            self._known.pop(hashed, None)
            raise Unauthenticated
        caller = Caller(
            subject=f"key:{row.id}",
            scopes=frozenset(row.scopes),
            tasks=frozenset(row.tasks) if row.tasks is not None else None,
        )
        if len(self._known) >= CACHED_KEYS:
            self._known.clear()
        self._known[hashed] = (time.monotonic() + self.cache_seconds, caller)
        return caller

    def _by_token(self, token: str) -> Caller:
        if self.jwt_secret is None:
            raise Unauthenticated
        try:
            claims = jwt.decode(
                token,
                self.jwt_secret,
                algorithms=["HS256"],
                audience="authenticated",
                options={"require": ["sub", "exp", "aud"]},
            )
            user_id = UUID(claims["sub"])
        except (jwt.PyJWTError, ValueError):
            raise Unauthenticated from None
        return Caller(subject=f"user:{user_id}", scopes=self.user_scopes, user_id=user_id)


def new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def create_key(session: AsyncSession, asked: KeyIn) -> KeyMade:
    """A new key; its text is in the answer and nowhere else, ever."""
    key = new_key()
    identifier = uuid7()
    await _insert(session, identifier, key, asked)
    return KeyMade(id=identifier, key=key, **asked.model_dump())


async def ensure_key(session: AsyncSession, key: str, *, name: str, scopes: Sequence[str]) -> None:
    """Stores the hash of a key made elsewhere; one that is known already stays as it is."""
    if await _find(session, hash_key(key)) is None:
        await _insert(session, uuid7(), key, KeyIn(name=name, scopes=list(scopes)))


async def list_keys(session: AsyncSession) -> list[KeyView]:
    rows = await session.execute(
        text(
            "SELECT id, name, scopes, tasks, expires_at, revoked_at, created_at"
            " FROM api_keys ORDER BY id"
        )
    )
    return [KeyView.model_validate(dict(row._mapping)) for row in rows]


async def revoke_key(session: AsyncSession, identifier: UUID) -> None:
    """From now on (and a cache's few seconds) the key opens nothing; NotFound if unknown."""
    revoked: datetime | None = (
        await session.execute(
            text(
                "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())"
                " WHERE id = :id RETURNING revoked_at"
            ),
            {"id": identifier},
        )
    ).scalar_one_or_none()
    if revoked is None:
        raise NotFound("No key has this id.")


async def _find(session: AsyncSession, hashed: str) -> UUID | None:
    found: UUID | None = (
        await session.execute(text("SELECT id FROM api_keys WHERE hash = :hash"), {"hash": hashed})
    ).scalar_one_or_none()
    return found


async def _insert(session: AsyncSession, identifier: UUID, key: str, asked: KeyIn) -> None:
    if await _find(session, hash_key(key)) is not None:
        raise Conflict("This key exists.")
    await session.execute(
        text(
            "INSERT INTO api_keys (id, name, hash, scopes, tasks, expires_at)"
            " VALUES (:id, :name, :hash, :scopes, :tasks, :expires_at)"
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
