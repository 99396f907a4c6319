"""The keys of the inbox mean the same from item to item, and what was taken back is called so."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest
from nlu_logger.dashboard.inbox.choices import KEYS
from nlu_logger.dashboard.inbox.memory import Memory, Quoting, Step, StepKind, Worth
from nlu_logger.dashboard.inbox.routes import COOKIE

from tests.fixtures.browsing import browser, send, shown
from tests.nlu_logger.world import World

NAMES = [f"label_{number:02}" for number in range(1, 13)]


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


def keys(page: str) -> dict[str, str]:
    """The number of each label that has one."""
    button = r'<button name="label" value="([^"]*)" data-number="(\d)"'
    return dict(re.findall(button, page))


async def test_a_label_keeps_its_number_whatever_the_model_thought_first(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    known = {"labels": [{"name": one} for one in NAMES]}
    await world.admin.put(f"/v1/tasks/{task}/labels", json=known)
    other = [{"intent": "label_02", "confidence": 0.2}]
    await world.log(task=task, predicted_intent="label_05", secondary_intents=other, confidence=0.1)
    await world.log(task=task, predicted_intent="label_12", confidence=0.2)
    expected = {name: str(place) for place, name in enumerate(NAMES[:9], start=1)}
    pages = [await shown(http, "review", task=task)]
    (item,) = re.findall(r'data-item="([^"]*)"', pages[0])
    await send(http, "review/label", item=item, task=task, label="label_05")
    pages.append(await shown(http, "review", task=task))
    assert [keys(page) for page in pages] == [expected, expected]
    assert pages[0].index("label_05") < pages[0].index("label_02") < pages[0].index("label_01")
    as_the_model = r'value="([^"]*)"(?: data-number="\d")? class="predicted" data-key="y"'
    assert [re.findall(as_the_model, page) for page in pages] == [["label_05"], ["label_12"]]
    assert "any other: <kbd>/</kbd>, letters of its name, <kbd>Enter</kbd>" in pages[0]


def focused(page: str) -> str:
    (item,) = re.findall(r'data-item="([^"]*)"', page)
    return str(item)


async def test_a_label_that_nobody_defined_keeps_its_key_for_the_session(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    for place, name in enumerate(("m", "k", "z"), start=1):
        await world.log(task=task, predicted_intent=name, confidence=place / 10)
    page = await shown(http, "review", task=task)
    assert f"Nobody has defined the labels of {task}." in page
    assert "the same key for this session" in page
    first = keys(page)
    assert set(first) == {"m", "k", "z"}
    form = {"task": task, "typed": "a", "allow_new": "yes", "approves": "yes"}
    await send(http, "review/label", item=focused(page), **form)
    later = keys(await shown(http, "review", task=task))
    assert later == first | {"a": "4"}


async def test_the_labels_of_a_task_are_defined_from_the_inbox(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    await world.log(task=task, predicted_intent="m", confidence=0.1)
    page = await shown(http, "review", task=task)
    assert "required>m\n</textarea>" in page
    form = {"item": focused(page), "task": task, "of": task}
    for wrong, why in (("x" * 201, "Line 1 cannot be taken"), ("m\nm", "Each name and each alias")):
        refused = await send(http, "review/define", lines=wrong, **form)
        assert refused.status_code == 422
        assert why in refused.text
        assert f"required>{wrong}</textarea>" in refused.text
    defined = await send(http, "review/define", lines="z: the last\n\nm", **form)
    assert defined.status_code == 303
    known = (await world.admin.get(f"/v1/tasks/{task}/labels")).json()
    assert [one["name"] for one in known["labels"]] == ["z", "m"]
    assert known["labels"][0]["description"] == "the last"
    page = await shown(http, "review", task=task)
    assert keys(page) == {"z": "1", "m": "2"}
    assert "Nobody has defined" not in page
    late = await send(http, "review/define", lines="m", **form)
    assert late.status_code == 409


def test_the_fullest_memory_of_a_session_fits_a_cookie() -> None:
    memory = Memory(
        since=datetime.now(UTC),
        done=100_000,
        quoting=Quoting.YES,
        approves=True,
        worth=Worth(task="a" * 63, labels=1_000_000),
    )
    for number in range(100):
        settled = Step(id=uuid4(), kind=StepKind.REPLACE)
        memory = memory.with_skipped(uuid4()).with_step(settled).with_step(settled)
        memory = memory.with_keys(f"{number:063}", tuple(f"{key:06x}" for key in range(KEYS)))
    undone = memory.without_step(done=1, stays="\N{GRINNING FACE}" * 200)
    assert len(f"{COOKIE}={undone.write()}") < 4096


async def test_what_was_taken_back_is_called_undone_until_the_next_answer(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    item = await world.log(task=task, confidence=0.1)
    await shown(http, "review", task=task)
    await send(http, "review/label", item=item, task=task, label="greet")
    await send(http, "review/undo", task=task)
    assert "Undone:" in await shown(http, "review", task=task)
    await send(http, "review/label", item=item, task=task, label="greet")
    assert "Undone:" not in await shown(http, "review", task=task)
