"""The plumbing on a real database: induction's, since the kit owns none."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from induction.migrations import APP
from nlu_shared.kit.data.db import Database, Identity, open_database

from tests.fixtures.databases import Clone, Databases


@pytest.fixture(scope="module")
async def clone(databases: Databases) -> Clone:
    return await databases.clone("induction")


@pytest.fixture(scope="module")
async def database(clone: Clone) -> AsyncIterator[Database]:
    async with open_database(clone.app_url) as opened:
        yield opened


@pytest.fixture(scope="module")
async def owner(clone: Clone) -> AsyncIterator[asyncpg.Connection]:
    """Looks at the tables from outside."""
    connection = await asyncpg.connect(clone.owner_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def app() -> Identity:
    return Identity(APP)
