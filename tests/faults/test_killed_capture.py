"""The service killed and PostgreSQL crashed under load: what was acknowledged is there, once."""

import signal

import pytest

from benchmarks import kills

pytestmark = pytest.mark.law


async def test_nothing_acknowledged_is_lost_or_stored_twice() -> None:
    report = await kills.killed(posts=1_000, kills=2, crashes=[signal.SIGKILL])
    assert report.durability == dict.fromkeys(kills.DURABILITY, "on")
    assert len(report.acknowledged) == 1_000
    assert report.cuts > 0
    assert (report.lost, report.duplicates, report.made_again) == (0, 0, 0)
    assert report.stored == report.acknowledged
    assert (report.outcomes, report.corrections) == (report.followed, report.followed)
