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
Act = Callable[["Reviewer"], Awaitable[None]]


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


class Reviewer:
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


async def label(reviewer: Reviewer) -> None:
    await reviewer.press("label", item=await reviewer.log(), label="leave")


async def label_and_approve(reviewer: Reviewer) -> None:
    await reviewer.press(
        "label", item=await reviewer.log(), label="leave", approves="yes", quoting="yes"
    )


async def label_alike(reviewer: Reviewer) -> None:
    alike = [await reviewer.log("move lunch to two"), await reviewer.log("move lunch to two!")]
    await reviewer.press(
        "label", item=await reviewer.log("Move lunch to two"), label="leave", alike=alike
    )


async def add_label(reviewer: Reviewer) -> None:
    new = {"typed": "wave", "allow_new": "yes"}
    await reviewer.press("label", item=await reviewer.log(), **new)


async def approve(reviewer: Reviewer) -> None:
    await reviewer.press(
        "decide", queue="proposed", item=await reviewer.proposed(), verdict="approve"
    )


async def reject(reviewer: Reviewer) -> None:
    await reviewer.press(
        "decide", queue="proposed", item=await reviewer.proposed(), verdict="reject"
    )


async def skip(reviewer: Reviewer) -> None:
    await reviewer.press("skip", item=await reviewer.log())


async def define(reviewer: Reviewer) -> None:
    reviewer.task += "2"
    item = await reviewer.log()
    await reviewer.press("define", item=item, of=reviewer.task, lines="greet\nleave")


def settle(verdict: str) -> Act:
    async def act(reviewer: Reviewer) -> None:
        for truth in ("greet", "leave"):
            await reviewer.world.approve(
                await reviewer.world.correct(await reviewer.log("two"), truth)
            )
        item = await reviewer.in_focus("conflicts")
        await reviewer.press("settle", queue="conflicts", item=item, verdict=verdict)

    return act


def doubt(verdict: str) -> Act:
    async def act(reviewer: Reviewer) -> None:
        case_in = {"task": reviewer.task, "text": "two", "truth": "greet"}
        case = (await reviewer.world.admin.post("/v1/ground-truth", json=case_in)).json()["id"]
        finding = {"case_id": case, "kind": "label", "note": "look", "suggested": "leave"}
        await reviewer.world.admin.post("/v1/reviews/findings", json={"findings": [finding]})
        await reviewer.press("doubt", queue="suspicious-label", item=case, verdict=verdict)

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
async def reviewer(world: World, task: str) -> AsyncIterator[Reviewer]:
    await world.admin.put(f"/v1/tasks/{task}/labels", json=LABELS)
    before = await world.log(task=task, prompt="the first", confidence=0.1)
    async with browser(world.url) as http:
        made = Reviewer(world, http, task, before)
        await made.press("label", item=before, label="leave")
        yield made


@pytest.mark.parametrize("name", UNDOABLE)
async def test_undo_takes_back_the_latest_step_and_none_before_it(
    reviewer: Reviewer, name: str
) -> None:
    act, line, statuses = UNDOABLE[name]
    await act(reviewer)
    assert line in text(await shown(reviewer.http, "review", task=reviewer.task))
    assert (await reviewer.press("undo")).status_code == 303
    page = text(await shown(reviewer.http, "review", task=reviewer.task))
    assert "Undone: it waits for an answer again, as before." in page
    assert ("wave stays a label of the task." in page) == (name == "new")
    assert await reviewer.statuses(reviewer.item) == statuses
    assert await reviewer.is_earlier_untouched()
    await reviewer.press("undo")
    assert not await reviewer.is_earlier_untouched()


@pytest.mark.parametrize("name", FINAL)
async def test_what_cannot_be_undone_is_named_and_an_undo_after_it_touches_nothing(
    reviewer: Reviewer, name: str
) -> None:
    act, line = FINAL[name]
    await act(reviewer)
    assert line in text(await shown(reviewer.http, "review", task=reviewer.task))
    for _ in range(2):
        refused = await reviewer.press("undo")
        assert refused.status_code == 409
        assert "That cannot be undone, and nothing else was touched." in refused.text
        assert await reviewer.is_earlier_untouched()


async def test_what_was_skipped_is_in_focus_again_after_an_undo(reviewer: Reviewer) -> None:
    item = await reviewer.log()
    await reviewer.log("the third")
    await reviewer.press("skip", item=item)
    assert await reviewer.in_focus("low-confidence") != item
    await reviewer.press("undo")
    assert await reviewer.in_focus("low-confidence") == item


async def test_what_is_switched_on_for_the_session_outlives_a_skip_and_an_undo(
    reviewer: Reviewer,
) -> None:
    await reviewer.press("skip", item=await reviewer.log(), quoting="no", approves="yes")
    await reviewer.press("undo", quoting="yes", approves="no")
    await reviewer.press("skip", item=reviewer.item, quoting="yes")
    page = await shown(reviewer.http, "review", task=reviewer.task)
    assert not re.search(r'name="approves"[^>]* checked', page)
    await reviewer.press("undo")
    page = await shown(reviewer.http, "review", task=reviewer.task)
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


async def test_what_was_typed_is_filled_in_again_after_an_undo(reviewer: Reviewer) -> None:
    item = await reviewer.log()
    await reviewer.press("label", item=item, label="leave", note="she said so <twice>")
    assert 'value="she said so' not in await shown(reviewer.http, "review", task=reviewer.task)
    await reviewer.press("undo")
    page = await shown(reviewer.http, "review", task=reviewer.task)
    assert (
        'name="note" data-key="n" maxlength="8000" autocomplete="off" value="she said so <' in page
    )
    await reviewer.press("skip", item=item)
    await reviewer.log("the third")
    assert 'value="she said so' not in await shown(reviewer.http, "review", task=reviewer.task)


async def test_what_was_typed_into_an_extraction_is_filled_in_again_after_an_undo(
    world: World, task: str
) -> None:
    proposed = {"people": [{"id": -1, "name": "Ann"}, {"id": -2, "name": "Ben"}]}
    item = await world.log(task=task, prompt="Ann is at Tom's", confidence=0.3, output=proposed)
    form = {"item": item, "task": task, "note": "Tom is new", "people.1.gone": "yes"}
    form |= {"people.0.id": "-1", "people.0.name": "Ann", "people.1.id": "-2"}
    form |= {"people.1.name": "Ben", "people.2.id": "-3", "people.2.name": "Tom"}
    form |= {"events.0.id": "-5", "events.0.kind": "moved", "events.0.person": "-1"}
    form |= {"events.0.description": "stays at Tom's", "delete": "7"}
    async with browser(world.url) as http:
        assert (await send(http, "review/code", **form)).status_code == 303
        await send(http, "review/undo", task=task)
        page = await shown(http, "review", task=task)
        assert 'value="Tom is new"' in page
        assert '.name" value="Tom"' in page
        assert '.description" value="stays at Tom\'s"' in page
        assert '<option value="moved" selected>' in page
        assert 'name="delete" value="7"' in page
        assert re.search(r'name="people\.\d\.gone" value="yes" checked', page)
        again = re.findall(r'<textarea name="output"[^>]*>(.*?)</textarea>', page, re.DOTALL)
        assert '"stays at Tom\'s"' in again[0]
