"""The commands both services have: `keys create`, `list`, `rotate`, `revoke`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

from cyclopts import App
from pydantic import BaseModel, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.access import keys as rows
from nlu_shared.kit.access.keys import COMMAND_LINE
from nlu_shared.kit.options import field
from nlu_shared.kit.refusals import places
from nlu_shared.schemas.keys import GRACE_HOURS, KeyIn, KeyMade, KeyView, RotationIn

GRACE = field(RotationIn, "grace_hours")
Answer = TypeVar("Answer")
Request = TypeVar("Request", bound=BaseModel)


def key_commands(
    session_as_administrator: Callable[[], AbstractAsyncContextManager[AsyncSession]],
    known: Mapping[str, str],
) -> App:
    """`keys …`, on the database that the given sessions open; `known` are the service's scopes."""
    keys = App(name="keys", help="API keys of this service.")

    def done(act: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
        async def within() -> Answer:
            async with session_as_administrator() as session:
                return await act(session)

        return asyncio.run(within())

    @keys.command
    def create(
        *,
        name: str,
        scopes: list[str],
        tasks: list[str] | None = None,
        expires: datetime | None = None,
    ) -> None:
        """Makes a key and prints it, this once.

        Parameters
        ----------
        name
            What people call it.
        scopes
            What it may do, repeatable; `keys scopes` lists them.
        tasks
            The only tasks it is for; without it every task.
        expires
            A day or a moment to come, in UTC where no zone is given.
        """
        if expires is not None and expires.tzinfo is None:
            expires = expires.replace(tzinfo=UTC)
        request = _read(KeyIn, name=name, scopes=scopes, tasks=tasks, expires_at=expires)
        now = datetime.now(UTC)

        async def issued(session: AsyncSession) -> KeyMade:
            return await rows.issue(session, request, known=known, now=now, caller=COMMAND_LINE)

        print(done(issued).key)

    @keys.command(name="scopes")
    def list_scopes() -> None:
        """One line per scope: what a key with it may do."""
        for scope, allows in known.items():
            print(scope, allows, sep="\t")

    @keys.command(name="list")
    def list_keys() -> None:
        """One line per key: id, name, scopes, and until when it is valid."""
        for key in done(lambda session: rows.every(session, caller=COMMAND_LINE)):
            print(key.id, key.name, ",".join(key.scopes), _state(key), sep="\t")

    @keys.command
    def rotate(key_id: UUID, *, grace_hours: Annotated[float, GRACE] = GRACE_HOURS) -> None:
        """Makes a key that may do the same and prints it; the old one ends after the grace.

        Parameters
        ----------
        key_id
            The old key's id, as `keys list` prints it.
        """
        request = _read(RotationIn, grace_hours=grace_hours)
        grace = timedelta(hours=request.grace_hours)
        made = done(lambda session: rows.rotate(session, key_id, grace=grace, caller=COMMAND_LINE))
        print(made.key)

    @keys.command
    def revoke(key_id: UUID) -> None:
        """From now on the key opens nothing.

        Parameters
        ----------
        key_id
            The key's id, as `keys list` prints it.
        """
        done(lambda session: rows.revoke(session, key_id, caller=COMMAND_LINE))

    return keys


def _read(kind: type[Request], **fields: object) -> Request:
    """What was asked, or an exit that says what is wrong with it."""
    try:
        return kind.model_validate(fields)
    except ValidationError as wrong:
        sys.exit(places(wrong, kind))


def _state(key: KeyView) -> str:
    if key.revoked_at:
        return "revoked"
    return f"until {key.expires_at.isoformat()}" if key.expires_at else "valid"
