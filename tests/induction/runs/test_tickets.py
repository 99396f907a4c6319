"""A browser opens a stream with a ticket: of one run, within a minute, for no more than its key."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client
from tests.induction.runs.driving import reached, sql, start


@pytest.fixture(scope="module")
async def run(stack: Stack) -> str:
    """A run that is over, of the task `ticketed`."""
    await make_task(stack, "ticketed", cases=4)
    made = await start(stack, "ticketed", kind="evaluate")
    async with stack.working():
        await reached(stack, made, "completed")
    return made


@pytest.fixture
async def browser(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(str(stack.induction.base_url), None) as made:
        yield made


async def ticket(stack: Stack, key: str | None = None) -> str:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = await stack.induction.post("/v1/stream-tickets", headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["ticket"])


async def key(stack: Stack, **body: object) -> tuple[str, str]:
    created = await stack.induction.post("/v1/admin/keys", json={"name": "of a page", **body})
    return created.json()["id"], created.json()["key"]


async def opened(browser: httpx2.AsyncClient, run: str, **query: object) -> httpx2.Response:
    return await browser.get(f"/v1/runs/{run}/events", params=query)  # type: ignore[arg-type]


async def test_a_ticket_serves_every_reconnect_of_its_run_and_no_other(
    stack: Stack, browser: httpx2.AsyncClient, run: str
) -> None:
    token = await ticket(stack)
    answers = await asyncio.gather(*(opened(browser, run, ticket=token) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all("event: run_finished" in answer.text for answer in answers)
    (last,) = await sql(stack, "SELECT last_event FROM runs WHERE id = $1", run)
    assert (await opened(browser, run, ticket=token, after=last[0])).status_code == 204
    other = await start(stack, "ticketed", kind="evaluate")
    assert (await opened(browser, other, ticket=token)).status_code == 401
    await stack.induction.post(f"/v1/runs/{other}/cancel")


@pytest.mark.parametrize(
    "passes",
    [
        "UPDATE stream_tickets SET expires_at = expires_at - interval '24 h'",
        "UPDATE runs SET completed_at = completed_at - interval '61 min'",
    ],
)
async def test_a_ticket_ends_after_a_day_or_an_hour_after_its_run(
    stack: Stack, browser: httpx2.AsyncClient, passes: str
) -> None:
    slug = f"watched-by-{passes.split()[1]}"
    await make_task(stack, slug, cases=4)
    watched = await start(stack, slug, kind="evaluate")
    async with stack.working():
        await reached(stack, watched, "completed")
    token = await ticket(stack)
    assert (await opened(browser, watched, ticket=token)).status_code == 200
    await sql(stack, passes)
    assert (await opened(browser, watched, ticket=token)).status_code == 401


async def test_a_page_that_comes_back_goes_on_where_it_was(
    stack: Stack, browser: httpx2.AsyncClient, run: str
) -> None:
    (last,) = await sql(stack, "SELECT last_event FROM runs WHERE id = $1", run)
    one_before = await opened(browser, run, ticket=await ticket(stack), after=last[0] - 1)
    assert one_before.text.count("\nid: ") + one_before.text.startswith("id: ") == 1
    done = await opened(browser, run, ticket=await ticket(stack), after=last[0])
    assert done.status_code == 204


async def test_a_ticket_of_a_minute_ago_opens_nothing(
    stack: Stack, browser: httpx2.AsyncClient, run: str
) -> None:
    token = await ticket(stack)
    await sql(stack, "UPDATE stream_tickets SET expires_at = expires_at - interval '60 s'")
    assert (await opened(browser, run, ticket=token)).status_code == 401
    await ticket(stack)
    left = await sql(stack, "SELECT FROM stream_tickets WHERE expires_at <= now()")
    assert left == []


async def test_a_ticket_is_for_the_tasks_of_its_key(
    stack: Stack, browser: httpx2.AsyncClient, run: str
) -> None:
    _, elsewhere = await key(stack, scopes=["runs:read"], tasks=["another"])
    _, here = await key(stack, scopes=["runs:read"], tasks=["ticketed"])
    refused = await opened(browser, run, ticket=await ticket(stack, elsewhere))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await opened(browser, run, ticket=await ticket(stack, here))).status_code == 200


async def test_a_ticket_ends_with_its_key(
    stack: Stack, browser: httpx2.AsyncClient, run: str
) -> None:
    identifier, of_page = await key(stack, scopes=["runs:read"])
    token = await ticket(stack, of_page)
    await stack.induction.delete(f"/v1/admin/keys/{identifier}")
    assert (await opened(browser, run, ticket=token)).status_code == 401


async def test_a_ticket_opens_nothing_but_a_stream(
    stack: Stack, browser: httpx2.AsyncClient, run: str
) -> None:
    token = await ticket(stack)
    assert (await browser.get(f"/v1/runs/{run}", params={"ticket": token})).status_code == 401
    as_key = await browser.get("/v1/runs", headers={"Authorization": f"Bearer {token}"})
    assert as_key.status_code == 401
    assert (await opened(browser, run, ticket=token)).status_code == 200


async def test_the_text_of_a_ticket_is_not_stored(stack: Stack) -> None:
    token = await ticket(stack)
    stored = [row["hash"] for row in await sql(stack, "SELECT hash FROM stream_tickets")]
    assert token not in stored
    assert all(len(one) == 64 for one in stored)
