"""Who is calling: a key (hashed, scoped, expiring) or an end user's token (`kit.access.tokens`).

Keys are 32 random bytes, so one SHA-256 is enough to store them safely; how they are made and
kept is in `kit.access.keys`.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import text

from nlu_shared.kit.access.tokens import Tokens
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Forbidden, Unauthenticated
from nlu_shared.schemas.keys import KEY_PREFIX

log = structlog.get_logger(__name__)
ADMIN = "admin"
"""The scope that holds all others."""
CACHED_KEYS = 10_000
LOOK_SECONDS = 1.0
"""How often the key behind a stream is looked at where keys are trusted for a shorter time."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven principal. `user_id` is set for end users only, `tasks` None means every task,
    `expires_at` None that the key has no end."""

    subject: str
    scopes: frozenset[str]
    user_id: UUID | None = None
    tasks: frozenset[str] | None = None
    expires_at: datetime | None = None

    @property
    def task_list(self) -> list[str] | None:
        """As a statement takes them: sorted, or None for every task."""
        return None if self.tasks is None else sorted(self.tasks)

    def has(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN in self.scopes

    def may_touch(self, task: str) -> bool:
        return self.tasks is None or task in self.tasks

    def covers(self, tasks: Iterable[str] | None) -> bool:
        """Whether all of these tasks (None: every task there is) are the caller's."""
        return self.tasks is None or (tasks is not None and self.tasks >= set(tasks))

    def may_give(
        self, scopes: Iterable[str], tasks: Iterable[str] | None, expires_at: datetime | None
    ) -> bool:
        """Whether a key like this may do no more than the caller, and not for longer."""
        is_over_in_time = self.expires_at is None or (
            expires_at is not None and expires_at <= self.expires_at
        )
        return is_over_in_time and self.covers(tasks) and all(map(self.has, scopes))


def own_task(caller: Caller, task: str) -> None:
    """Raises Forbidden for a task outside the caller's key."""
    if not caller.may_touch(task):
        raise Forbidden("This key is not for that task.")


@dataclass(slots=True)
class Authenticator:
    """Turns a bearer credential into a Caller.

    `identity` is the role that may read `api_keys`; `user_scopes` is what end users may do.
    """

    database: Database
    identity: Identity
    tokens: Tokens = field(default_factory=Tokens)
    user_scopes: frozenset[str] = frozenset()
    cache_seconds: float = 5.0
    _known: dict[str, tuple[float, Caller]] = field(default_factory=dict)
    _lookups: "dict[str, asyncio.Task[Caller]]" = field(default_factory=dict)
    _checks: "dict[str, asyncio.Task[bool]]" = field(default_factory=dict)

    async def authenticate(self, credential: str) -> Caller:
        """Raises Unauthenticated for anything that is not a valid key or token, and Unavailable
        where that cannot be known now."""
        if credential.startswith(KEY_PREFIX):
            return await self.by_key_hash(hash_key(credential))
        return await self._by_token(credential)

    def knows(self, credential: str) -> bool:
        """Whether looking at it costs nothing shared: a key that was good here, or a token."""
        return not credential.startswith(KEY_PREFIX) or hash_key(credential) in self._known

    async def by_key_hash(self, hashed: str) -> Caller:
        """Raises Unauthenticated where no key that stands has this hash."""
        cached = self._known.get(hashed)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        if not self.cache_seconds:
            return await self._look_up(hashed)
        # A hundred who come at once with one key are one transaction, not a hundred.
        lookup = self._lookups.get(hashed)
        if lookup is None:
            lookup = self._lookups[hashed] = asyncio.create_task(self._look_up(hashed))
            lookup.add_done_callback(lambda _: self._lookups.pop(hashed, None))
        return await asyncio.shield(lookup)

    async def is_valid(self, caller: Caller) -> bool:
        """Whether a caller's key still opens anything; a token's user is who they were."""
        if caller.user_id is not None:
            return True
        async with session_scope(self.database, self.identity) as session:
            result = await session.execute(
                text(
                    """
                    SELECT 1 FROM api_keys WHERE 'key:' || id = :subject AND revoked_at IS NULL
                        AND (expires_at IS NULL OR expires_at > now())
                    """
                ),
                {"subject": caller.subject},
            )
        return result.one_or_none() is not None

    async def while_standing(
        self,
        caller: Caller,
        items: AsyncIterator[Item],
        *,
        until: Coroutine[Any, Any, object] | None = None,
    ) -> AsyncIterator[Item]:
        """The items as they come, and no more once `until` has returned. Raises Unauthenticated in
        their place once the caller's key is no more, as late as a key is trusted elsewhere. While
        that cannot be known it goes on."""
        invalid = asyncio.create_task(self._until_invalid(caller))
        ended = asyncio.ensure_future(until or asyncio.Event().wait())
        coming = asyncio.ensure_future(anext(items, None))
        try:
            while True:
                await asyncio.wait({coming, invalid, ended}, return_when=asyncio.FIRST_COMPLETED)
                if invalid.done():
                    raise Unauthenticated
                if ended.done() or (item := coming.result()) is None:
                    return
                yield item
                coming = asyncio.ensure_future(anext(items, None))
        finally:
            for one in (invalid, ended, coming):
                one.cancel()
            await asyncio.gather(invalid, ended, coming, return_exceptions=True)
            if isinstance(items, AsyncGenerator):
                await items.aclose()

    async def _until_invalid(self, caller: Caller) -> None:
        """Beside the items, which no look-up may hold up. One that goes wrong says nothing."""
        while True:
            await asyncio.sleep(max(self.cache_seconds, LOOK_SECONDS))
            # Hundreds of streams of one key are one look-up, not hundreds.
            check = self._checks.get(caller.subject)
            if check is None:
                check = self._checks[caller.subject] = asyncio.create_task(self.is_valid(caller))
                check.add_done_callback(partial(self._checked, caller.subject))
            with suppress(Exception):
                if not await asyncio.shield(check):
                    return

    def _checked(self, subject: str, check: "asyncio.Task[bool]") -> None:
        self._checks.pop(subject, None)
        if not check.cancelled() and (error := check.exception()):
            log.warning("key not looked at", subject=subject, reason=type(error).__name__)

    async def _look_up(self, hashed: str) -> Caller:
        async with session_scope(self.database, self.identity) as session:
            row = (
                await session.execute(
                    text(
                        """
                        SELECT id, scopes, tasks, expires_at FROM api_keys WHERE hash = :hash
                            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
                        """
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
            expires_at=row.expires_at,
        )
        if len(self._known) >= CACHED_KEYS:
            self._known.clear()
        self._known[hashed] = (time.monotonic() + self.cache_seconds, caller)
        return caller

    async def _by_token(self, token: str) -> Caller:
        user_id = await self.tokens.user(token)
        return Caller(subject=f"user:{user_id}", scopes=self.user_scopes, user_id=user_id)


def hash_key(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
