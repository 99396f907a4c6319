"""When a run's row explains a wait, as a table; and that one which waits for a worker says so."""

from datetime import timedelta

import pytest
from induction.runs.driving.silence import Silence
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import reached, shown, start

OVERLOADED = "m of s: status 529: overloaded"
FLYING = (
    "No answer for more than 30 seconds: calls are on their way, or wait for a slot of their"
    " provider."
)


@pytest.mark.parametrize(
    ("standing", "now", "reached", "computing", "trouble", "says"),
    [
        (None, 29, 5, 0, OVERLOADED, None),
        (None, 30, 5, 0, OVERLOADED, f"No answer for more than 30 seconds: {OVERLOADED}."),
        (None, 30, 5, 0, None, FLYING),
        (FLYING, 31, 6, 0, None, None),
        (None, 1_000, 6, 0, OVERLOADED, None),
        (None, 1_000, 5, 29, None, None),
        (None, 1_000, 5, 30, None, "It computes, for more than 30 seconds."),
        ("The provider does not answer.", 3, 5, 0, None, "The provider does not answer."),
        ("The provider does not answer.", 3, 6, 0, None, None),
    ],
)
def test_a_wait_is_explained_until_something_comes(
    standing: str | None,
    now: float,
    reached: int,
    computing: float,
    trouble: str | None,
    says: str | None,
) -> None:
    silence = Silence(seconds=30, since=0, reached=5)
    facts = {"now": now, "reached": reached, "computing": computing, "trouble": trouble}
    assert silence.explained(standing, **facts) == says  # type: ignore[arg-type]


def test_the_time_begins_anew_with_each_answer() -> None:
    silence = Silence(seconds=30, since=0, reached=5)
    for now, come, says in [(20, 6, None), (49, 6, None), (50, 6, FLYING)]:
        facts = {"now": now, "reached": come, "computing": 0, "trouble": None}
        assert silence.explained(None, **facts) == says  # type: ignore[arg-type]


async def test_a_run_that_nobody_is_free_to_drive_says_so_until_it_is_claimed(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=OfflineSettings(latency_ms=600_000)) as stack:
        first, second = [
            await _ordered(stack, name) for name in ("takes-the-worker", "waits-its-turn")
        ]
        brief = timedelta(seconds=1)
        async with stack.working(hasty=True, patience=brief, runs_at_once=1, silent_seconds=0.1):

            async def explained() -> bool:
                return (await shown(stack, second))["reason"] is not None

            await until(explained)
            seen = await shown(stack, second)
            assert (seen["status"], seen["reason"][:18]) == ("waiting", "waits for a worker")
            await stack.induction.post(f"/v1/runs/{first}/pause")
            await reached(stack, second, "running")
            assert not str((await shown(stack, second))["reason"]).startswith("waits for a worker")


async def _ordered(stack: Stack, name: str) -> str:
    await make_task(stack, name, cases=4)
    return await start(stack, name, kind="evaluate")
