"""What people call the keys that did something, for whoever need not be allowed to read keys: asked
as whoever looks keys up."""

from collections.abc import Iterable, Mapping

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.access.auth import Authenticator
from nlu_shared.kit.data.db import session_scope

KEY, USER = "key:", "user:"
NAMES = text("SELECT id, name FROM api_keys WHERE CAST(id AS text) = ANY(:ids)")


async def of(authenticator: Authenticator, subjects: Iterable[str]) -> Mapping[str, str]:
    """A name for each subject: a key's is its own, an end user has none to show."""
    subjects = set(subjects)
    if not any(one.startswith(KEY) for one in subjects):
        return {one: _unnamed(one) for one in subjects}
    async with session_scope(authenticator.database, authenticator.identity) as session:
        return await within(session, subjects)


async def within(session: AsyncSession, subjects: Iterable[str]) -> Mapping[str, str]:
    """The same by a session that may read keys, as every one of induction's may."""
    named = dict.fromkeys(subjects, "")
    ids = [one.removeprefix(KEY) for one in named if one.startswith(KEY)]
    if ids:
        for row in await session.execute(NAMES, {"ids": ids}):
            named[f"{KEY}{row.id}"] = row.name
    return {one: name or _unnamed(one) for one, name in named.items()}


def _unnamed(subject: str) -> str:
    if subject.startswith(USER):
        return "an end user"
    return "a key that is gone" if subject.startswith(KEY) else subject.replace("-", " ")
