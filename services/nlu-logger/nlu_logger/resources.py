"""Everything nlu-logger opens, opened once: the API and the worker enter the same function."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nlu_shared.kit.access.auth import ADMIN, Authenticator, Caller
from nlu_shared.kit.access.tokens import open_tokens
from nlu_shared.kit.data.db import Database, Identity, open_database, require_ordinary_login
from nlu_shared.kit.data.group_commit import GroupCommit
from nlu_shared.kit.http.buffering import Buffers
from nlu_shared.kit.http.limits import RateLimits
from nlu_shared.kit.process.jobs import relaying
from nlu_shared.kit.settings import secret

from nlu_logger import migrations as roles
from nlu_logger.anonymise.text import Anonymiser, anonymiser
from nlu_logger.label_sets.service import ADDERS
from nlu_logger.predictions.ingest import Ingest, write
from nlu_logger.settings import Settings

ANSWER_SECONDS = 1.5
"""A prediction is stored, or its sender told that it may not be, within 2 s."""
JOB_IDENTITY = Identity(roles.JOB)
END_USER_SCOPES = frozenset(
    {"predictions:write", "predictions:read", "outcomes:write", "corrections:write", "users:erase"}
)


@dataclass(frozen=True, slots=True)
class Resources:
    settings: Settings
    database: Database
    authenticator: Authenticator
    limits: RateLimits
    ingest: Ingest
    anonymiser: Anonymiser
    buffers: Buffers

    def identity(self, caller: Caller) -> Identity:
        """The one database role a caller's transactions take."""
        if caller.user_id is not None:
            return Identity(roles.USER, caller.user_id)
        if ADMIN in caller.scopes:
            return Identity(roles.ADMINISTRATOR)
        if any(map(caller.has, ADDERS)):
            return Identity(roles.REVIEWER)
        return Identity(roles.SERVICE)


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Raises RuntimeError for a login that row-level security would not bind."""
    async with (
        open_database(settings.database, pool_size=settings.pool_size) as database,
        GroupCommit(
            database,
            Identity(roles.WRITER),
            write,
            waiting=settings.waiting_predictions,
            seconds=ANSWER_SECONDS,
            own_transactions=True,
            at_once=2,
        ) as ingest,
        relaying(database, JOB_IDENTITY, settings.redis),
        open_tokens(
            secret=secret(settings.jwt_secret),
            jwks_url=settings.jwks_url,
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
        ) as tokens,
    ):
        await require_ordinary_login(database)
        yield Resources(
            settings=settings,
            database=database,
            authenticator=Authenticator(
                database=database,
                identity=JOB_IDENTITY,
                tokens=tokens,
                user_scopes=END_USER_SCOPES,
                cache_seconds=settings.key_cache_seconds,
            ),
            limits=RateLimits(settings),
            ingest=ingest,
            anonymiser=_anonymiser(settings.anonymise_terms),
            buffers=Buffers(
                max_bytes=settings.buffer_bytes,
                folder=settings.buffer_dir,
                send_seconds=settings.send_seconds,
            ),
        )


def _anonymiser(terms: Path | None) -> Anonymiser:
    """Raises OSError for a dictionary that cannot be read: texts would leave with its words in."""
    return anonymiser(terms.read_text().splitlines() if terms else ())
