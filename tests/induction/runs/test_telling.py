"""A run goes on while what it tells is recorded; nothing is lost by it, and nothing is skipped."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from induction.engine.runtime import Call, Event
from induction.llm.errors import ParkRun
from induction.runs.computing import process as engine_process
from induction.task_kinds.base import ModelAnswer
from nlu_shared.schemas.events import EvaluationProgress, RunFinished, RunStarted
from nlu_shared.schemas.runs import RunKind

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.engine.runtimes import OfflineRuntime, toy_plan
from tests.induction.runs.driving import events, reached, sql, start
from tests.induction.runs.test_computing import contented

UNAVAILABLE_ONCE = (
    "CREATE SEQUENCE third_events",
    """
    CREATE FUNCTION away_once() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.n = 3 AND nextval('third_events') = 1 THEN
            RAISE EXCEPTION 'away' USING errcode = '57P01';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER away_once BEFORE INSERT ON run_events
    FOR EACH ROW EXECUTE FUNCTION away_once()
    """,
)


class SlowToRecord(OfflineRuntime):
    """Records an event only when the next question has come."""

    def __init__(self) -> None:
        super().__init__()
        self.has_come = asyncio.Event()

    async def tell(self, event: Event) -> None:
        if not isinstance(event, RunFinished):
            await self.has_come.wait()
        await super().tell(event)

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.has_come.set()
        return await super().ask(calls)


class Parked(SlowToRecord):
    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.has_come.set()
        raise ParkRun(1.0, "for now")


@pytest.fixture(scope="module")
async def stack(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    async with opened(databases, servers, lease_seconds=2) as made:
        yield made


async def test_the_next_question_does_not_wait_for_an_event_and_the_end_does() -> None:
    runtime = SlowToRecord()
    async with engine_process.opened(contented, seconds=5) as engine:
        await engine.run(RunKind.EVALUATE, toy_plan(per_label=4), runtime)
    assert isinstance(runtime.events[0], RunStarted)
    assert isinstance(runtime.events[-1], RunFinished)


async def test_what_was_told_before_a_question_that_failed_is_recorded() -> None:
    runtime = Parked()
    async with engine_process.opened(contented, seconds=5) as engine:
        with pytest.raises(ParkRun):
            await engine.run(RunKind.EVALUATE, toy_plan(per_label=4), runtime)
    assert [type(event) for event in runtime.events] == [RunStarted, EvaluationProgress]


@pytest.mark.law
async def test_nothing_is_recorded_after_an_event_that_could_not_be(stack: Stack) -> None:
    await make_task(stack, "away", cases=40)
    for statement in UNAVAILABLE_ONCE:
        await sql(stack, statement)
    run = await start(stack, "away")
    async with stack.working():
        await reached(stack, run, "completed")
    assert (await events(stack, run))[-1]["type"] == "run_finished"
    (row,) = await sql(stack, "SELECT fence, crashes FROM runs WHERE id = $1", run)
    assert (row["fence"], row["crashes"]) == (2, 0)
    settled = await sql(stack, "SELECT 1 FROM llm_calls WHERE attempts > 1")
    assert not settled
    readings = await sql(stack, "SELECT step FROM run_inbox WHERE run_id = $1 ORDER BY 1", run)
    assert [row["step"] for row in readings] == list(range(len(readings)))
    assert len(readings) > 1
