"""Whom a token names, and what is no token: by secret, and by published key."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.ids import uuid7
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.kit.access.tokens import KeySet, Tokens
from nlu_shared.kit.data.db import Database, Identity
from nlu_shared.kit.errors import Unauthenticated, Unavailable

from tests.fixtures.issuer import KINDS, Issuer, SigningKey, issuing

SECRET = "a-secret-of-the-tests-32-bytes-long"
USER = uuid7()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as made:
        yield made


@asynccontextmanager
async def reading(
    issuer: Issuer, *, secret: str | None = None, **bounds: float
) -> AsyncIterator[Tokens]:
    """What believes the issuer's published keys."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        yield Tokens(secret, KeySet(issuer.url, http, **bounds))


def token(secret: str = SECRET, algorithm: str = "HS256", **changed: Any) -> str:
    claims = {
        "sub": str(USER),
        "aud": "authenticated",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
        **changed,
    }
    payload = {name: claim for name, claim in claims.items() if claim is not None}
    return jwt.encode(payload, secret, algorithm=algorithm)


async def test_a_token_names_its_user_and_nothing_more(database: Database, app: Identity) -> None:
    scopes = frozenset({"predictions:write"})
    door = Authenticator(database, app, tokens=Tokens(SECRET), user_scopes=scopes)
    bearer = token(role="authenticated", scopes=["admin"], app_metadata={"admin": True})
    expected = Caller(subject=f"user:{USER}", scopes=scopes, user_id=USER)
    assert await door.authenticate(bearer) == expected


@pytest.mark.parametrize(
    "forged",
    [
        token(exp=datetime.now(UTC) - timedelta(seconds=1)),
        token(exp=None),
        token(aud="anon"),
        token(aud=None),
        token(sub=None),
        token(sub="not-a-user"),
        token(role="anon"),
        token(role="service_role"),
        token(role=["authenticated"]),
        token(nbf=datetime.now(UTC) + timedelta(hours=1)),
        token(secret="another-secret-of-the-tests-32-bytes"),
        token(algorithm="HS512"),
        token(secret="", algorithm="none"),
        token()[:-2],
        token().rpartition(".")[0] + ".",
        "",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
    ],
    ids=[
        "expired", "no expiry", "wrong audience", "no audience", "no user", "no uuid",
        "not signed in", "the service itself", "role of another shape",
        "not yet", "wrong secret", "wrong algorithm", "algorithm none", "cut", "unsigned",
        "empty", "junk", "not ascii",
    ],
)  # fmt: skip
async def test_a_token_that_is_not_whole_opens_nothing(forged: str) -> None:
    with pytest.raises(Unauthenticated):
        await Tokens(SECRET).user(forged)


words = st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text(), max_size=2))
headers = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk"]), words)


@given(st.text(), st.one_of(headers, words), st.one_of(st.dictionaries(st.text(), words), words))
async def test_nothing_a_stranger_writes_is_more_than_refused(
    text: str, header: Any, claims: Any
) -> None:
    for forged in (text, unchecked(claims, header, SECRET.encode())):
        with pytest.raises(Unauthenticated):
            await Tokens(SECRET).user(forged)


async def test_without_a_secret_or_published_keys_no_token_opens() -> None:
    with pytest.raises(Unauthenticated):
        await Tokens().user(token())


async def test_a_clock_that_is_a_little_ahead_makes_good_tokens() -> None:
    assert await Tokens(SECRET).user(token(iat=time.time() + 30)) == USER


async def test_the_issuer_and_the_audience_can_be_asked_for() -> None:
    tokens = Tokens(SECRET, audience="us", issuer="https://issuer.example")
    assert await tokens.user(token(aud="us", iss="https://issuer.example")) == USER
    for wrong in (token(iss="https://issuer.example"), token(aud="us"), token(aud="us", iss="x")):
        with pytest.raises(Unauthenticated):
            await tokens.user(wrong)


@pytest.mark.parametrize("algorithm", KINDS)
async def test_a_published_key_proves_its_user(issuer: Issuer, algorithm: str) -> None:
    key = issuer.key(algorithm)
    async with reading(issuer) as tokens:
        assert [await tokens.user(key.token(USER)) for _ in range(3)] == [USER] * 3
    assert issuer.fetches == 1


async def test_a_token_of_a_published_key_must_be_whole_too(issuer: Issuer) -> None:
    key, stranger = issuer.key(), SigningKey("ES256")
    forgeries = [
        key.token(USER, exp=time.time() - 1),
        key.token(USER, exp=None),
        key.token(USER, aud="anon"),
        key.token(USER, role="anon"),
        key.token(USER, sub="not-a-user"),
        key.token(USER)[:-2],
        stranger.token(USER),
        stranger.token(USER, headers={"kid": key.id}),
        unchecked({"sub": str(USER)}, {"alg": "ES256"}, b""),
        unchecked({"sub": str(USER)}, {"alg": "ES256", "kid": 7}, b""),
        unchecked({"sub": str(USER)}, {"alg": ["ES256"], "kid": key.id}, b""),
    ]
    async with reading(issuer) as tokens:
        for forged in forgeries:
            with pytest.raises(Unauthenticated):
                await tokens.user(forged)


async def test_no_key_is_ever_taken_for_one_of_another_algorithm(issuer: Issuer) -> None:
    """The public key is no secret: what it would sign by HS256, anybody could."""
    keys = {algorithm: issuer.key(algorithm) for algorithm in KINDS}
    shared = base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")
    issuer.published.append({"kty": "oct", "kid": "shared", "alg": "HS256", "k": shared})
    claims = {"sub": str(USER), "aud": "authenticated", "exp": time.time() + 600}
    forgeries = [
        jwt.encode(claims, SECRET, "HS256", headers={"kid": "shared"}),
        jwt.encode(claims, None, "none", headers={"kid": keys["ES256"].id}),
    ]
    for key in keys.values():
        for public in public_texts(key):
            forgeries += [
                unchecked(claims, {"alg": named, "kid": key.id}, public)
                for named in ("HS256", "RS256", "ES256", "EdDSA")
            ]
        for other in keys.values():
            if other is not key:
                forgeries.append(key.token(USER, headers={"kid": other.id}))
    async with reading(issuer) as published_only, reading(issuer, secret="x" * 32) as both:
        for tokens in (published_only, both):
            for forged in forgeries:
                with pytest.raises(Unauthenticated):
                    await tokens.user(forged)


async def test_both_kinds_of_token_open_where_both_are_set(issuer: Issuer) -> None:
    key = issuer.key()
    async with reading(issuer, secret=SECRET) as tokens:
        assert await tokens.user(token()) == await tokens.user(key.token(USER)) == USER


async def test_a_new_key_is_found_when_it_is_first_named(issuer: Issuer) -> None:
    old = issuer.key()
    async with reading(issuer, again_seconds=0) as tokens:
        assert await tokens.user(old.token(USER)) == USER
        assert await tokens.user(issuer.key().token(USER)) == USER
    assert issuer.fetches == 2


async def test_unknown_keys_do_not_send_us_to_the_issuer_each_time(issuer: Issuer) -> None:
    key = issuer.key()
    async with reading(issuer) as tokens:
        strangers = [SigningKey("EdDSA").token(USER) for _ in range(20)]
        answers = await asyncio.gather(*map(tokens.user, strangers), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unauthenticated}
        assert await tokens.user(key.token(USER)) == USER
    assert issuer.fetches == 1


async def test_a_key_that_is_no_longer_published_opens_nothing_after_a_while(
    issuer: Issuer,
) -> None:
    key = issuer.key()
    async with reading(issuer, again_seconds=0, fresh_seconds=0) as tokens:
        assert await tokens.user(key.token(USER)) == USER
        issuer.published.clear()
        issuer.key()
        with pytest.raises(Unauthenticated):
            await tokens.user(key.token(USER))


async def test_an_issuer_that_is_away_takes_nothing_away(issuer: Issuer) -> None:
    """What is known stays good; of what is not known nobody can say that it is bad."""
    key = issuer.key()
    async with reading(issuer, again_seconds=0, fresh_seconds=0) as tokens:
        assert await tokens.user(key.token(USER)) == USER
        issuer.status = 500
        assert await tokens.user(key.token(USER)) == USER
        with pytest.raises(Unavailable):
            await tokens.user(issuer.key().token(USER))


@pytest.mark.parametrize("body", ["[]", "{}", '{"keys": 1}', '{"keys": [1]}', "<html>", "null"])
async def test_an_issuer_who_publishes_nonsense_is_as_good_as_away(
    issuer: Issuer, body: str
) -> None:
    issuer.body = body
    async with reading(issuer) as tokens:
        with pytest.raises(Unavailable):
            await tokens.user(SigningKey("ES256").token(USER))


def public_texts(key: SigningKey) -> list[bytes]:
    """A public key in the words a forger might use as a secret."""
    public = key.private.public_key()
    return [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(key.published()).encode(),
    ]


def unchecked(claims: Any, header: Any, secret: bytes) -> str:
    """A token signed by HMAC, whatever its header says: the library would refuse to write it."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in (header, claims)
    ]
    signed = hmac.new(secret, ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, base64.urlsafe_b64encode(signed).decode().rstrip("=")])
