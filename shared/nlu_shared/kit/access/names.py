"""What people call the keys that did something, for pages whose readers need not be allowed to read
keys: asked as whoever looks keys up."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import text

from nlu_shared.kit.access.auth import Authenticator
from nlu_shared.kit.data.db import session_scope

KEY, USER = "key:", "user:"
NAMES = text("SELECT id, name FROM api_keys WHERE id = ANY(:ids)")


async def of(authenticator: Authenticator, subjects: Iterable[str]) -> Mapping[str, str]:
    """A name for each subject: a key's is its own, an end user has none to show."""
    named = dict.fromkeys(subjects, "")
    ids = [UUID(one.removeprefix(KEY)) for one in named if one.startswith(KEY)]
    if ids:
        async with session_scope(authenticator.database, authenticator.identity) as session:
            for row in await session.execute(NAMES, {"ids": ids}):
                named[f"{KEY}{row.id}"] = row.name
    return {one: name or _unnamed(one) for one, name in named.items()}


def _unnamed(subject: str) -> str:
    if subject.startswith(USER):
        return "an end user"
    return "a key that is gone" if subject.startswith(KEY) else subject.replace("-", " ")
