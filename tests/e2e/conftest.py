"""What the browser tests can ask for: the browser, and a task; the code of that is in nlu-logger's
`world.py`."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.fixtures.chromium import launched
from tests.nlu_logger.world import task

__all__ = ["task"]


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with launched() as made:
        yield made
