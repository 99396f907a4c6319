"""Browsers that have shown a key: a login is a random token in a cookie, stored as a hash.

A login is never more than its key: it ends with it, by revocation too. What changes something
must carry the login's proof as well, which another site's page cannot read.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from nlu_shared.kit.access.auth import Authenticator, Caller, hash_key
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import Forbidden, Unauthenticated
from nlu_shared.schemas.keys import KEY_PREFIX

LASTING = timedelta(hours=10)
"""One working day."""
LOGINS_DDL = """
CREATE TABLE logins (
    hash TEXT PRIMARY KEY,
    key_hash TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Login:
    token: str
    caller: Caller

    @property
    def proof(self) -> str:
        """What a page of ours sends along with each change."""
        return hashlib.sha256(f"proof of {self.token}".encode()).hexdigest()

    def check(self, shown: str | None) -> None:
        """Raises Forbidden for a change that does not come from a page of this login."""
        if not hmac.compare_digest((shown or "").encode(), self.proof.encode()):
            raise Forbidden("This does not come from your page; load it again.", code="no_proof")


async def log_in(authenticator: Authenticator, key: str) -> Login:
    """Raises Unauthenticated for what is not a valid key; expired logins go."""
    if not key.startswith(KEY_PREFIX):
        raise Unauthenticated
    caller = await authenticator.by_key_hash(hash_key(key))
    token = secrets.token_urlsafe(32)
    async with session_scope(authenticator.database, authenticator.identity) as session:
        await session.execute(text("DELETE FROM logins WHERE expires_at < now()"))
        await session.execute(
            text("INSERT INTO logins VALUES (:hash, :key_hash, now() + :lasting)"),
            {"hash": hash_key(token), "key_hash": hash_key(key), "lasting": LASTING},
        )
    return Login(token, caller)


async def find(authenticator: Authenticator, token: str | None) -> Login:
    """Raises Unauthenticated without a login that stands, and a key that does."""
    if token is None:
        raise Unauthenticated
    async with session_scope(authenticator.database, authenticator.identity) as session:
        result = await session.execute(
            text("SELECT key_hash FROM logins WHERE hash = :hash AND expires_at > now()"),
            {"hash": hash_key(token)},
        )
        key_hash: str | None = result.scalar_one_or_none()
    if key_hash is None:
        raise Unauthenticated
    return Login(token, await authenticator.by_key_hash(key_hash))


async def log_out(authenticator: Authenticator, token: str) -> None:
    async with session_scope(authenticator.database, authenticator.identity) as session:
        await session.execute(
            text("DELETE FROM logins WHERE hash = :hash"), {"hash": hash_key(token)}
        )


def cookie(name: str, token: str, *, path: str, secure: bool) -> str:
    """The Set-Cookie of a login, which no script reads and no other site's page sends."""
    seconds = int(LASTING.total_seconds()) if token else 0
    header = f"{name}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return header + "; Secure" if secure else header
