"""The page of one prediction by its forms alone, as a browser without scripts sends them."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.fixtures.browsing import browser, send, shown
from tests.nlu_logger.world import World

TALK = "01890000-0000-7000-8000-0000000000ac"
USER = "0189aaaa-0000-4000-8000-000000000007"
LABELS = {"labels": [{"name": "create_event"}, {"name": "move_event"}]}


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def key(world: World, *scopes: str) -> str:
    body = {"name": "Ann", "scopes": ["predictions:read", *scopes]}
    return str((await world.admin.post("/v1/admin/keys", json=body)).json()["key"])


async def corrections(world: World, item: str) -> list[dict[str, object]]:
    made = await world.admin.get("/v1/corrections", params={"prediction_id": item})
    rows: list[dict[str, object]] = made.json()["items"]
    return rows


async def test_a_prediction_is_labelled_on_its_page_and_taken_back_there(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    await world.admin.put(f"/v1/tasks/{task}/labels", json=LABELS)
    item = await world.log(task=task, predicted_intent="create_event")
    page = await shown(http, f"predictions/{item}")
    assert "Nobody has reviewed it yet. Say here what it is" in page
    assert f"/dashboard/review?task={task}" in page
    sent = await send(http, "predictions/label", item=item, label="move_event", note="of a move")
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"/dashboard/predictions/{item}")
    page = await shown(http, f"predictions/{item}")
    assert "move_event</td>" in page
    assert "of a move" in page
    assert "waits for approval" in page
    (made,) = await corrections(world, item)
    back = {"item": made["id"], "prediction": item}
    assert (await send(http, "predictions/take-back", **back)).status_code == 303
    assert "taken back" in await shown(http, f"predictions/{item}")
    assert [one["status"] for one in await corrections(world, item)] == ["rejected"]


async def test_a_prediction_is_confirmed_and_approved_at_once_on_its_page(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    item = await world.log(task=task)
    form = {"item": item, "label": "greet", "approves": "yes", "quoting": "yes"}
    assert (await send(http, "predictions/label", **form)).status_code == 303
    case, _ = await world.truth(task)
    assert (case["truth"], case["may_quote"]) == ("greet", True)
    page = await shown(http, f"predictions/{item}")
    assert "it was right" in page
    assert "approved by you" in page


async def test_what_a_colleague_said_is_decided_on_its_page_and_another_may_be_said(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    item = await world.log(task=task)
    async with browser(world.url, await key(world, "reviews:read", "corrections:write")) as ann:
        assert (await send(ann, "predictions/label", item=item, label="greet")).status_code == 303
        page = await shown(ann, f"predictions/{item}")
        assert "Decide" not in page
        (made,) = await corrections(world, item)
        form = {"item": made["id"], "prediction": item, "verdict": "approve"}
        assert (await send(ann, "predictions/decide", **form)).status_code == 403
        assert (await send(http, "predictions/decide", **form)).status_code == 303
        assert "approved" in await shown(ann, f"predictions/{item}")
    other = await send(http, "predictions/label", item=item, typed="other", allow_new="yes")
    assert other.status_code == 303
    assert len(await corrections(world, item)) == 2


async def test_a_label_that_is_none_is_refused_on_the_page_with_what_was_typed(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    await world.admin.put(f"/v1/tasks/{task}/labels", json=LABELS)
    item = await world.log(task=task, predicted_intent="create_event")
    form = {"item": item, "typed": "mvoe_event", "note": "kept", "quoting": "no"}
    refused = await send(http, "predictions/label", **form)
    assert refused.status_code == 422
    assert "This is no label of the task." in refused.text
    for kept in ('value="mvoe_event"', 'value="kept"', '<option value="no" selected>no</option>'):
        assert kept in refused.text
    async with browser(world.url, await key(world, "reviews:read", "reviews:claim",
                                            "corrections:write")) as ann:  # fmt: skip
        assert (await ann.get(f"/dashboard/review?task={task}")).status_code == 200
        held = await send(http, "predictions/label", item=item, label="move_event")
    assert held.status_code == 409
    assert "Ann holds that item" in held.text


async def test_who_may_not_label_reads_who_may_and_an_extraction_has_its_form(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    output = {"people": [{"id": -1, "name": "Mary"}]}
    item = await world.log(task=task, output=output)
    page = await shown(http, f"predictions/{item}")
    assert 'action="/dashboard/predictions/code"' in page
    coded = {"item": item, "people.0.id": "-1", "people.0.name": "Marie"}
    assert (await send(http, "predictions/code", **coded)).status_code == 303
    (made,) = await corrections(world, item)
    assert made["corrected_output"]["people"][0]["name"] == "Marie"  # type: ignore[index]
    wrong = await send(http, "predictions/code", **coded | {"delete": "x"})
    assert wrong.status_code == 422
    assert 'value="Marie"' in wrong.text
    other = await world.log(task=task)
    async with browser(world.url, await key(world, "reviews:read")) as reader:
        page = await shown(reader, f"predictions/{other}")
        assert "it lacks the scope corrections:write" in page
        assert "/dashboard/predictions/label" not in page
        assert (await send(reader, "predictions/label", item=other, label="a")).status_code == 403
    async with browser(world.url, await key(world)) as stranger:
        page = await shown(stranger, f"predictions/{item}")
        assert "for keys with the scope reviews:read" in page
        assert "Marie" not in page


async def test_a_conversation_has_a_name_to_read_and_ids_are_small_print(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    items = [
        await world.log(task=task, prompt=words, conversation_id=TALK, user_id=USER)
        for words in ("is Ann free?", "and Ben?", "then book it")
    ]
    page = await shown(http, f"predictions/{items[1]}")
    (link,) = re.findall(r'<a href="([^"]*)" title="[^"]*">message 2 of 3</a>', page)
    assert "then book it" in (await http.get(link)).text
    without_small_print = re.sub(
        r'<small.*?</small>|<a [^>]*>|value="[^"]*"|data-item="[^"]*"', "", page
    )
    assert not [one for one in (items[1], TALK, USER) if one in without_small_print]
