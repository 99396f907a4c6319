"""Following a run: every event once, over a line that breaks."""

from uuid import UUID

import pytest
from nlu_shared.client import NotFound, follow_run
from nlu_shared.ids import uuid7
from nlu_shared.schemas.events import EvaluationProgress, RunFinished, RunStarted, StoredEvent

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, serving
from tests.shared.client.relay import BadLine


async def started(stack: Stack, task: str) -> UUID:
    await make_task(stack, task, cases=24)
    answer = await stack.induction.post(
        "/v1/runs", json={"task": task, "limits": {"iterations": 2}}
    )
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


async def followed(url: str, run: UUID, *, after: str | None = None) -> list[StoredEvent]:
    """All stored events, as a follower at `url` hears them."""
    heard = follow_run(run, url=url, key=BOOTSTRAP_KEY, after=after)
    return [event async for event in heard if not isinstance(event, EvaluationProgress)]


@pytest.mark.law
@pytest.mark.long
async def test_a_line_that_breaks_again_and_again_loses_and_repeats_nothing(stack: Stack) -> None:
    run = await started(stack, "broken-line")
    line = BadLine(stack.induction, cut_after=2)
    async with serving(line.app) as url, stack.working():
        over_a_bad_line = await followed(url, run)
    plain = await followed(str(stack.induction.base_url), run)
    assert over_a_bad_line == plain
    assert isinstance(plain[0], RunStarted)
    assert isinstance(plain[-1], RunFinished)
    resumed = [int(seen["last-event-id"]) for seen in line.seen if "last-event-id" in seen]
    assert len(resumed) > 1
    assert resumed == sorted(resumed)


@pytest.mark.law
async def test_what_was_heard_to_the_end_brings_nothing_more(stack: Stack) -> None:
    run = await started(stack, "heard")
    url = str(stack.induction.base_url)
    async with stack.working():
        events = await followed(url, run)
    assert await followed(url, run, after=str(len(events) - 1)) == events[-1:]
    assert await followed(url, run, after=str(len(events))) == []


async def test_a_run_that_is_not_there_is_not_waited_for(stack: Stack) -> None:
    with pytest.raises(NotFound):
        await followed(str(stack.induction.base_url), uuid7())
