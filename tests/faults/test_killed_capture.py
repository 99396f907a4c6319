"""The service killed and PostgreSQL crashed under load: what was acknowledged is there, once."""

import signal

import pytest

from benchmarks import kills

pytestmark = pytest.mark.law


async def test_nothing_acknowledged_is_lost_or_stored_twice() -> None:
    told = await kills.killed(posts=1_000, kills=2, crashes=[signal.SIGKILL])
    assert told.durability == dict.fromkeys(kills.DURABILITY, "on")
    assert len(told.acknowledged) == 1_000
    assert told.cuts > 0
    assert (told.lost, told.duplicates, told.made_again) == (0, 0, 0)
    assert told.stored == told.acknowledged
    assert (told.outcomes, told.corrections) == (told.followed, told.followed)
