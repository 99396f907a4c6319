"""What a form wants done within the transaction of its page, which goes on where it is refused."""

from collections.abc import Awaitable
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.errors import ServiceError

Done = TypeVar("Done")


async def attempt(session: AsyncSession, act: Awaitable[Done]) -> Done | ServiceError:
    """Does it, or says why not and leaves nothing."""
    try:
        async with session.begin_nested():
            return await act
    except ServiceError as refused:
        return refused
