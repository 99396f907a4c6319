"""A small real language model, once for all of these tests, one call at a time where it matters."""

from collections.abc import AsyncIterator

import pytest

from deploy.smollm2 import server


@pytest.fixture(scope="session")
async def base_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Of its chat-completions API."""
    async with server.serving(tmp_path_factory.mktemp("smollm2")) as (_, url):
        yield url
