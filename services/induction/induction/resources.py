"""Everything induction opens, opened once: the API and the worker enter the same function."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
from nlu_shared.client.patient import PatientClient
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.kit.data.db import Database, Identity, open_database
from nlu_shared.kit.data.held import Held
from nlu_shared.kit.data.reader import Reader, shared_reader
from nlu_shared.kit.http.limits import RateLimits
from nlu_shared.kit.process.jobs import relaying
from nlu_shared.kit.process.wakeups import Wakeups, open_wakeups
from redis.asyncio import Redis

from induction.llm import trial
from induction.llm.accounting.accounting import LedgerCommits, open_ledger_commits
from induction.llm.adapters.factory import adapters
from induction.llm.adapters.models import Models
from induction.llm.adapters.paces import Paces
from induction.llm.prices import PriceTable
from induction.migrations import APP
from induction.settings import Settings
from induction.tickets import Redeeming, redeeming

APP_IDENTITY = Identity(APP)
RUN_CHANNEL = "induction:run:{}"
"""Where a run's followers are woken, by its id."""


@dataclass(frozen=True, slots=True)
class Resources:
    settings: Settings
    database: Database
    authenticator: Authenticator
    limits: RateLimits
    logger: httpx2.AsyncClient
    redis: Redis
    wakeups: Wakeups
    reader: Reader
    tickets: Redeeming
    flags: Held[str, Any]
    """Of tasks, as `experiments.flags` holds them."""
    models: Models
    ledger_commits: LedgerCommits

    def identity(self, caller: Caller) -> Identity:
        """Induction has no end users: every caller's transactions are the app's."""
        return APP_IDENTITY

    async def remarks_on(self, model: str, table: PriceTable) -> list[str]:
        """As `llm.trial.remarks_on`, and where another answers than the name says."""
        cap = Decimal(str(self.settings.month_cap_usd))
        if assumed := self.settings.assumed([model]):
            return assumed
        return await trial.remarks_on(
            self.database, APP_IDENTITY, self.models, model, table, month_cap=cap
        )


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(settings.database, pool_size=settings.pool_size)
        )
        logger = await stack.enter_async_context(
            PatientClient(
                base_url=settings.nlu_logger_url,
                headers={"Authorization": f"Bearer {settings.nlu_logger_key.get_secret_value()}"},
                timeout=httpx2.Timeout(60, connect=2),
            )
        )
        redis = Redis.from_url(settings.redis, socket_connect_timeout=1, socket_timeout=1)
        stack.push_async_callback(redis.aclose)
        models = Models(
            settings.models_of,
            adapters(settings.models_of),
            concurrency=settings.concurrency,
            paces=Paces(redis),
        )
        stack.push_async_callback(models.close)
        models.require([settings.provider, *settings.providers])
        await stack.enter_async_context(relaying(database, APP_IDENTITY, settings.redis))
        yield Resources(
            settings=settings,
            database=database,
            authenticator=Authenticator(
                database=database,
                identity=APP_IDENTITY,
                cache_seconds=settings.key_cache_seconds,
            ),
            limits=RateLimits(settings),
            logger=logger,
            redis=redis,
            wakeups=await stack.enter_async_context(open_wakeups(redis, RUN_CHANNEL.format("*"))),
            flags=Held(settings.flag_seconds),
            tickets=await stack.enter_async_context(redeeming(database, APP_IDENTITY)),
            reader=await stack.enter_async_context(shared_reader(database, APP_IDENTITY)),
            models=models,
            ledger_commits=await stack.enter_async_context(
                open_ledger_commits(database, APP_IDENTITY)
            ),
        )
