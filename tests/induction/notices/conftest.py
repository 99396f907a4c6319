"""Who hears: a mailbox, and a receiver of what is posted."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.receiver import Mailbox, Receiver, mailbox, receiving


@pytest.fixture(scope="module")
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as made:
        yield made


@pytest.fixture(scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made
