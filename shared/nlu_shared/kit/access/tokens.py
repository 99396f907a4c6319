"""End users' tokens: HS256 under a shared secret, or signed by a key that the issuer publishes.

Which algorithm is right is said by the key and never by the token: a published key signs by its
own algorithm, the secret by HS256, and neither is ever tried as the other.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import jwt
import structlog

from nlu_shared.certificates import trusted
from nlu_shared.kit.errors import Unauthenticated, Unavailable

log = structlog.get_logger(__name__)
PUBLISHED = ("RS256", "ES256", "EdDSA")
ROLE = "authenticated"
"""What Supabase calls the role, and the audience, of somebody who is signed in."""
FRESH_SECONDS = 600.0
"""A key that is no longer published opens nothing after this."""
AGAIN_SECONDS = 10.0
"""The issuer is asked no more often than this, however many unknown keys are named."""
ANSWER_SECONDS = 1.5
"""A caller gets its 503 within 2 s, so the issuer may take no longer than this."""


@dataclass(slots=True)
class KeySet:
    """The keys published at `url` (RFC 7517), remembered.

    An issuer that is away takes nothing away: keys that are known stay good.
    """

    url: str
    http: httpx2.AsyncClient
    again_seconds: float = AGAIN_SECONDS
    fresh_seconds: float = FRESH_SECONDS
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _read_at: float = -math.inf
    _asked_at: float = -math.inf
    _is_away: bool = False
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, key_id: str) -> jwt.PyJWK:
        """Raises Unauthenticated for a key that is not published, and Unavailable for one that
        may well be: the issuer could not be asked, and the same token may be good in a while."""
        known = self._keys.get(key_id)
        is_fresh = time.monotonic() - self._read_at <= self.fresh_seconds
        if known and (is_fresh or self._asking.locked()):
            return known
        await self._ask()
        known = self._keys.get(key_id)
        if known is not None:
            return known
        if self._is_away:
            raise Unavailable("The keys of the tokens' issuer cannot be read.")
        raise Unauthenticated

    async def is_published(self) -> bool:
        """Whether the issuer answers now with a key that can sign tokens."""
        await self._ask()
        return not self._is_away and bool(self._keys)

    async def _ask(self) -> None:
        async with self._asking:
            if time.monotonic() - self._asked_at < self.again_seconds:
                return
            self._asked_at = time.monotonic()
            try:
                answer = await self.http.get(self.url)
                published = jwt.PyJWKSet(answer.raise_for_status().json()["keys"])
            except (httpx2.HTTPError, jwt.PyJWTError, ValueError, KeyError, TypeError) as failed:
                self._is_away = True
                log.warning("keys of the issuer not read", reason=type(failed).__name__)
                return
            self._is_away = False
            self._read_at = time.monotonic()
            self._keys = {
                key.key_id: key
                for key in published
                if key.key_id is not None and key.algorithm_name in PUBLISHED
            }


@dataclass(frozen=True, slots=True)
class Tokens:
    """What proves an end user. Without a secret and without published keys nothing does."""

    secret: str | None = None
    published: KeySet | None = None
    audience: str = ROLE
    issuer: str | None = None

    async def user(self, token: str) -> UUID:
        """Whose token it is, by its `sub`.

        A `role`, where one is named, must be that of somebody who is signed in. Raises
        Unauthenticated, and Unavailable where the issuer cannot be asked about its key.
        """
        try:
            key, algorithm = await self._key(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self.audience,
                issuer=self.issuer,
                # An issuer whose clock is a second ahead of ours makes good tokens.
                options={"require": ["sub", "exp", "aud"], "verify_iat": False},
            )
            user_id = UUID(claims["sub"])
        except (jwt.PyJWTError, ValueError):
            raise Unauthenticated from None
        if claims.get("role", ROLE) != ROLE:
            raise Unauthenticated
        return user_id

    async def _key(self, header: dict[str, Any]) -> tuple[jwt.PyJWK | str, str]:
        """The key that must have signed, and the one algorithm it signs by."""
        match header:
            case {"alg": "HS256"} if self.secret is not None:
                return self.secret, "HS256"
            case {"alg": str(named), "kid": str(key_id)} if self.published and named in PUBLISHED:
                key = await self.published.find(key_id)
                return key, key.algorithm_name
            case _:
                raise Unauthenticated


@asynccontextmanager
async def open_tokens(
    *, secret: str | None, jwks_url: str | None, audience: str, issuer: str | None
) -> AsyncIterator[Tokens]:
    """Connects to nothing: the issuer is asked when the first of its tokens comes."""
    async with httpx2.AsyncClient(timeout=ANSWER_SECONDS, verify=trusted()) as http:
        published = KeySet(jwks_url, http) if jwks_url is not None else None
        yield Tokens(secret, published, audience, issuer)
