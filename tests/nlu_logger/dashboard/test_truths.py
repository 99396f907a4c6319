"""Approved cases on their page: found, in conflict, withdrawn, and brought in from a file."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx2
import pytest
from nlu_logger.dashboard.inbox.routes import COOKIE

from tests.fixtures.browsing import HOSTILE, Foreign, browser, send, shown
from tests.fixtures.statements import counted
from tests.nlu_logger.world import World


@pytest.fixture
async def page(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def brought(page: httpx2.AsyncClient, **form: Any) -> str:
    answer = await send(page, "operations/imports", **form)
    assert Foreign(answer.text).violations == []
    return unescape(answer.text)


async def test_a_file_is_brought_in_with_a_result_per_line_and_its_refused_rows_mended(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    rows = f"text,label\nbuy milk,shop\n{HOSTILE.replace(',', '')},eat\n,shop\nbuy milk,shop\n"
    text = await brought(page, new_task=task, file=rows, quoting="no")
    assert "<b>2</b> new" in text
    assert "1 known before" in text
    assert "1 refused" in text
    mended = text.partition('aria-label="The refused rows">')[2].partition("</textarea>")[0]
    assert mended.startswith("rejected_line,rejected_because,text,label")
    again = await brought(page, task=task, file=mended.replace(",,shop", ",tea,shop"))
    assert "<b>1</b> new" in again
    *cases, _ = await world.truth(task)
    assert {case["text"]: case["may_quote"] for case in cases}["buy milk"] is False
    assert len(cases) == 3
    assert "Say which task" in await brought(page, file=rows)
    assert "The file is empty" in await brought(page, task=task)
    assert "There is no row in it." in await brought(page, task=task, file="text,label\n")


async def test_a_slip_in_the_name_of_a_task_makes_no_other_task(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    await world.log(task=task)
    assert f"<option>{task}</option>" in await shown(page, "operations/imports")
    file = "text,label\nbuy milk,shop\n"
    slip = task[:-1]
    refused = await brought(page, task=slip, file=file)
    assert "No task is called so." in refused
    assert file.strip() in refused
    assert len(await world.truth(slip)) == 1
    both = await brought(page, task=task, new_task=slip, file=file)
    assert "Choose a known task or name a new one, not both." in both
    made = await brought(page, new_task=slip, file=file)
    assert "<b>1</b> new" in made
    assert f'/dashboard/truths?task={slip}">See the cases' in made
    assert f"<option selected>{slip}</option>" in made


async def test_a_filled_review_file_becomes_corrections(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    item = await world.log(task=task, prompt="buy milk", predicted_intent="eat")
    rows = f"id,corrected_intent\n{item},shop\n0189aaaa-0000-4000-8000-00000000000f,shop\n"
    text = await brought(page, what="review", file=rows, approve="yes")
    assert "<b>1</b> new" in text
    assert "no such prediction" in text
    case, _ = await world.truth(task)
    assert case["truth"] == "shop"


async def test_cases_are_found_by_what_they_hold_and_withdrawn(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    assert "Nothing is approved yet." in await shown(page, "truths", task=task)
    await brought(page, new_task=task, file=f"text,label\nbuy milk,shop\n{HOSTILE},eat\n")
    item = await world.log(task=task, prompt="buy milk", predicted_intent="shop")
    await world.approve(await world.correct(item, "eat"))
    every = await shown(page, "truths", task=task)
    assert "2 approved cases" in every
    assert "1 case has another truth against it" in every
    assert "in conflict" in every
    eaten = await shown(page, "truths", task=task, label="eat")
    assert "buy milk" not in eaten
    assert "No case is like this." in await shown(page, "truths", task=task, text="no such")
    assert "buy milk" in await shown(page, "truths", task=task, disputed="yes")
    *cases, _ = await world.truth(task)
    gone = next(one["id"] for one in cases if one["text"] == "buy milk")
    answer = await send(page, "truths/withdraw", case=gone, task=task, quotable="yes")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/dashboard/truths?task={task}&quotable=yes",
    )
    again = await send(page, "truths/withdraw", case=gone, task=task)
    assert "There is no such case." in unescape(again.text)


async def test_what_was_approved_last_stands_first_and_the_column_turns_it_round(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    many = [f"text {number}" for number in range(49)]
    await brought(
        page, new_task=task, file="text,label\n" + "".join(f"{one},shop\n" for one in many)
    )
    later = [f"later {number}" for number in range(6)]
    for one in later:
        await brought(page, new_task=task, file=f"text,label\n{one},shop\n")

    def texts(listed: str) -> list[str]:
        return re.findall(r'<td class="text" dir="auto">([^<]*?)</td>', listed)

    newest = await shown(page, "truths", task=task)
    assert texts(newest)[:6] == later[::-1]
    (further,) = re.findall(r'<a href="(\S+)" rel="next">', newest)
    rest = texts((await page.get(further)).text)
    assert sorted(texts(newest) + rest) == sorted(many + later)
    oldest = await shown(page, "truths", task=task, sort="approved")
    assert not set(texts(oldest)) & set(later[1:])
    saved = await page.get("/dashboard/truths.csv", params={"task": task})
    assert [one.split(",")[0] for one in saved.text.splitlines()[1:7]] == later[::-1]


async def test_who_may_not_write_withdraws_nothing_and_other_tasks_are_not_there(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    await brought(page, new_task=task, file="text,label\nbuy milk,shop\n")
    body = {"name": "r", "scopes": ["ground-truth:read"], "tasks": ["another"]}
    made = await world.admin.post("/v1/admin/keys", json=body)
    async with browser(world.url, made.json()["key"]) as reader:
        assert "buy milk" not in await shown(reader, "truths")
        case, _ = await world.truth(task)
        refused = await send(reader, "truths/withdraw", case=case["id"])
        assert refused.status_code == 403


async def test_pages_ask_no_more_of_a_long_list(
    world: World, page: httpx2.AsyncClient, task: str
) -> None:
    paths = [
        f"{one}?task={task}" for one in ("truths", "predictions", "confusion", "compare", "review")
    ]

    async def one_more(number: int) -> None:
        item = await world.log(task=task, prompt=f"text {number}", prompt_version=f"v{number}")
        await world.approve(await world.correct(item, f"label {number}"))
        await world.log(task=task, prompt=f"more {number}")

    async def statements() -> dict[str, int]:
        counts = {}
        page.cookies.delete(COOKIE)  # a session counts doubted labels once a minute
        for path in paths:
            with counted() as sent:
                await shown(page, path)
            counts[path] = len(sent)
        return counts

    await one_more(0)
    before = await statements()
    for number in range(1, 4):
        await one_more(number)
    assert await statements() == before
    assert max(before.values()) < 20, before


async def test_retention_is_told_by_months(page: httpx2.AsyncClient) -> None:
    text = await shown(page, "operations/retention")
    assert "90 days" in text
    assert "Nothing is dropped" not in text
