"""The network between a worker and the database is cut while it drives a run, for longer than its
lease: another goes on, and what the first had sent arrives late and changes nothing."""

import random

import pytest
from offline_model.settings import OfflineSettings

from tests.faults import audit, hosts
from tests.faults.accounting import books, counted
from tests.faults.storm import Storm, stage
from tests.fixtures.labelled import make_task
from tests.induction.runs.driving import events, reached, start

pytestmark = pytest.mark.law

CUTS = 3
SLOW_ENOUGH_TO_HIT = OfflineSettings(latency_ms=50, jitter_ms=200)


@pytest.mark.long
@pytest.mark.parametrize(
    "apart",
    [
        pytest.param(False, id="from PostgreSQL alone"),
        pytest.param(
            True,
            id="from everything, on another host",
            marks=pytest.mark.skipif(not hosts.CAN_BE_MADE, reason="needs root and namespaces"),
        ),
    ],
)
async def test_no_run_is_driven_twice_however_the_network_is_cut(apart: bool) -> None:
    async with stage(model=SLOW_ENOUGH_TO_HIT, lease_seconds=2) as (stack, postgres, redis, data):
        await audit.install(stack.induction_database)
        storm = Storm(stack, postgres, redis, data, random.Random(3), size=2, apart=apart)
        await make_task(stack, "apart", cases=60)
        run = await start(stack, "apart", limits={"iterations": 2, "money_usd": 50})
        try:
            for _ in range(CUTS):
                await storm.man()
                await storm.cut()
            seen = await reached(stack, run)
        finally:
            await storm.stop()
        audited = await audit.findings(stack.induction_database)
        server = await counted(str(stack.model.base_url))
        ours = await books(stack)
        last = (await events(stack, run))[-1]
    assert (seen["status"], last["type"], storm.left) == ("completed", "run_finished", 0)
    assert audited.claims > 1
    assert (audited.stolen, audited.claimed_twice, audited.strange_writes) == (0, 0, 0)
    assert audited.settled_asked_again == 0
    assert server.arrived <= audited.reservations
    assert server.usd <= ours.booked
