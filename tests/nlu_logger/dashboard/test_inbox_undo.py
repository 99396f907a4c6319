"""Undo takes back the latest step of the inbox or says that it cannot, and never one before it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx2
import pytest

from tests.fixtures.browsing import browser, send, shown
from tests.nlu_logger.world import World

PLACE = {"queue": "low-confidence"}
LABELS = {"labels": [{"name": "greet"}, {"name": "leave"}]}
Act = Callable[["Desk"], Awaitable[None]]


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


class Desk:
    """A reviewer who has labelled one item before, and what they do then."""

    def __init__(self, world: World, http: httpx2.AsyncClient, task: str, before: str) -> None:
        self.world, self.http, self.task, self._before = world, http, task, before
        self.item = ""

    async def press(self, path: str, **fields: Any) -> httpx2.Response:
        place = {"queue": fields.pop("queue", "low-confidence"), "task": self.task}
        return await send(self.http, f"review/{path}", **place, **fields)

    async def log(self, prompt: str = "the second") -> str:
        self.item = await self.world.log(task=self.task, prompt=prompt, confidence=0.3)
        return self.item

    async def proposed(self) -> str:
        """By a colleague."""
        self.item = await self.world.log(task=self.task, prompt="the second", confidence=0.9)
        key = await self.world.key("corrections:write", "reviews:read")
        async with key as colleague:
            path = f"/v1/predictions/{self.item}/corrections"
            made = await colleague.post(path, json={"corrected_intent": "leave"})
        return str(made.json()["id"])

    async def in_focus(self, queue: str) -> str:
        page = await shown(self.http, "review", task=self.task, queue=queue)
        return str(re.findall(r'data-item="([^"]*)"', page)[0])

    async def statuses(self, item: str) -> list[str]:
        made = await self.world.admin.get("/v1/corrections", params={"prediction_id": item})
        return [one["status"] for one in made.json()["items"]]

    async def is_earlier_untouched(self) -> bool:
        return await self.statuses(self._before) == ["proposed"]


async def label(desk: Desk) -> None:
    await desk.press("label", item=await desk.log(), label="leave")


async def label_and_approve(desk: Desk) -> None:
    await desk.press("label", item=await desk.log(), label="leave", approves="yes", quoting="yes")


async def label_alike(desk: Desk) -> None:
    alike = [await desk.log("move lunch to two"), await desk.log("move lunch to two!")]
    await desk.press("label", item=await desk.log("Move lunch to two"), label="leave", alike=alike)


async def add_label(desk: Desk) -> None:
    new = {"typed": "wave", "allow_new": "yes"}
    await desk.press("label", item=await desk.log(), **new)


async def approve(desk: Desk) -> None:
    await desk.press("decide", queue="proposed", item=await desk.proposed(), verdict="approve")


async def reject(desk: Desk) -> None:
    await desk.press("decide", queue="proposed", item=await desk.proposed(), verdict="reject")


async def skip(desk: Desk) -> None:
    await desk.press("skip", item=await desk.log())


async def define(desk: Desk) -> None:
    desk.task += "2"
    item = await desk.log()
    await desk.press("define", item=item, of=desk.task, lines="greet\nleave")


def settle(verdict: str) -> Act:
    async def act(desk: Desk) -> None:
        for truth in ("greet", "leave"):
            await desk.world.approve(await desk.world.correct(await desk.log("two"), truth))
        item = await desk.in_focus("conflicts")
        await desk.press("settle", queue="conflicts", item=item, verdict=verdict)

    return act


def doubt(verdict: str) -> Act:
    async def act(desk: Desk) -> None:
        case_in = {"task": desk.task, "text": "two", "truth": "greet"}
        case = (await desk.world.admin.post("/v1/ground-truth", json=case_in)).json()["id"]
        finding = {"case_id": case, "kind": "label", "note": "look", "suggested": "leave"}
        await desk.world.admin.post("/v1/reviews/findings", json={"findings": [finding]})
        await desk.press("doubt", queue="suspicious-label", item=case, verdict=verdict)

    return act


UNDOABLE: Mapping[str, tuple[Act, str, list[str]]] = {
    "label": (label, "“the second” is leave", ["rejected"]),
    "approved": (label_and_approve, "“the second” approved as leave", ["rejected"]),
    "alike": (label_alike, "and 2 that say nearly the same are leave", ["rejected"]),
    "new": (add_label, "“the second” is wave", ["rejected"]),
    "approve": (approve, "“the second” approved as leave", ["proposed"]),
    "reject": (reject, "“the second” rejected as leave", ["proposed"]),
    "skip": (skip, "Skipped: colleagues may look at it now.", []),
}
FINAL: Mapping[str, tuple[Act, str]] = {
    "keep": (settle("keep"), "“two” stays greet. That cannot be undone"),
    "replace": (settle("replace"), "“two” is now leave. That cannot be undone"),
    "neither": (settle("withdraw"), "“two” has no truth any more. That cannot be undone"),
    "clear": (doubt("clear"), "“two” stays greet, the doubt is answered. That cannot be undone"),
    "remove": (doubt("withdraw"), "That text is withdrawn. That cannot be undone"),
    "define": (define, "The labels are defined; that is not undone here."),
}


@pytest.fixture
async def desk(world: World, task: str) -> AsyncIterator[Desk]:
    await world.admin.put(f"/v1/tasks/{task}/labels", json=LABELS)
    before = await world.log(task=task, prompt="the first", confidence=0.1)
    async with browser(world.url) as http:
        made = Desk(world, http, task, before)
        await made.press("label", item=before, label="leave")
        yield made


@pytest.mark.parametrize("name", UNDOABLE)
async def test_undo_takes_back_the_latest_step_and_none_before_it(desk: Desk, name: str) -> None:
    act, line, statuses = UNDOABLE[name]
    await act(desk)
    assert line in text(await shown(desk.http, "review", task=desk.task))
    assert (await desk.press("undo")).status_code == 303
    page = text(await shown(desk.http, "review", task=desk.task))
    assert "Undone: it waits for an answer again, as before." in page
    assert ("wave stays a label of the task." in page) == (name == "new")
    assert await desk.statuses(desk.item) == statuses
    assert await desk.is_earlier_untouched()
    await desk.press("undo")
    assert not await desk.is_earlier_untouched()


@pytest.mark.parametrize("name", FINAL)
async def test_what_cannot_be_undone_is_named_and_an_undo_after_it_touches_nothing(
    desk: Desk, name: str
) -> None:
    act, line = FINAL[name]
    await act(desk)
    assert line in text(await shown(desk.http, "review", task=desk.task))
    for _ in range(2):
        refused = await desk.press("undo")
        assert refused.status_code == 409
        assert "That cannot be undone, and nothing else was touched." in refused.text
        assert await desk.is_earlier_untouched()


async def test_what_was_skipped_is_in_focus_again_after_an_undo(desk: Desk) -> None:
    item = await desk.log()
    await desk.log("the third")
    await desk.press("skip", item=item)
    assert await desk.in_focus("low-confidence") != item
    await desk.press("undo")
    assert await desk.in_focus("low-confidence") == item


async def test_what_is_switched_on_for_the_session_outlives_a_skip_and_an_undo(desk: Desk) -> None:
    await desk.press("skip", item=await desk.log(), quoting="no", approves="yes")
    await desk.press("undo", quoting="yes", approves="no")
    await desk.press("skip", item=desk.item, quoting="yes")
    page = await shown(desk.http, "review", task=desk.task)
    assert not re.search(r'name="approves"[^>]* checked', page)
    await desk.press("undo")
    page = await shown(desk.http, "review", task=desk.task)
    assert '<option value="yes" selected>yes</option>' in page


async def test_who_decides_and_labels_nothing_takes_a_decision_back(
    world: World, task: str
) -> None:
    item = await world.log(task=task, prompt="the second", confidence=0.9)
    correction = await world.correct(item, "leave")
    made = await world.key("reviews:read", "reviews:claim", "reviews:decide")
    async with made as holder:
        key = holder.headers["authorization"].removeprefix("Bearer ")
    async with browser(world.url, key) as http:
        place = {"queue": "proposed", "task": task}
        await send(http, "review/decide", item=correction, verdict="approve", **place)
        assert (await send(http, "review/undo", **place)).status_code == 303
    made_of = await world.admin.get("/v1/corrections", params={"prediction_id": item})
    assert [one["status"] for one in made_of.json()["items"]] == ["proposed"]
