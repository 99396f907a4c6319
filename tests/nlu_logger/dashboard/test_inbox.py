"""The inbox by its forms alone, as a browser without scripts sends them."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.fixtures.browsing import browser, send
from tests.nlu_logger.world import World

LABELS = {
    "labels": [{"name": "create_event"}, {"name": "move_event"}, {"name": "old", "retired": True}]
}


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def reviewer(world: World, name: str, *scopes: str) -> str:
    body = {"name": name, "scopes": ["reviews:read", "reviews:claim", *scopes]}
    made = await world.admin.post("/v1/admin/keys", json=body)
    return str(made.json()["key"])


async def opened(http: httpx2.AsyncClient, task: str, queue: str = "low-confidence") -> str:
    page = await http.get("/dashboard/review", params={"queue": queue, "task": task})
    assert page.status_code == 200, page.text
    return page.text


def offered(page: str) -> list[str]:
    return re.findall(r'<button name="label" value="([^"]*)"', page)


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


async def label(http: httpx2.AsyncClient, item: str, task: str, **fields: Any) -> str:
    """What is shown after it."""
    queue = fields.pop("queue", "low-confidence")
    sent = await send(http, "review/label", item=item, queue=queue, task=task, **fields)
    if sent.status_code == 303:
        sent = await http.get(sent.headers["location"])
    return sent.text


async def test_a_label_leads_to_the_next_item_and_an_undo_back(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    first = await world.log(task=task, prompt="the first", confidence=0.1)
    await world.log(task=task, prompt="the second", confidence=0.2)
    assert "the first" in await opened(http, task)
    page = await label(http, first, task, label="move_event", note="of a meeting")
    assert re.search(r'class="prompt"[^>]*>the second<', page)
    assert "“the first” is move_event, the model had said greet (0.10)." in text(page)
    assert "1 done this session, 1 left here" in text(page)
    made = (await world.admin.get("/v1/corrections", params={"prediction_id": first})).json()
    assert made["items"][0]["correction_notes"] == "of a meeting"
    undone = await send(http, "review/undo", queue="low-confidence", task=task)
    page = (await http.get(undone.headers["location"])).text
    assert re.search(r'class="prompt"[^>]*>the first<', page)
    assert "done this session" not in page
    page = await label(http, first, task, label="move_event", note="of a meeting")
    made = (await world.admin.get("/v1/corrections", params={"prediction_id": first})).json()
    assert [one["status"] for one in made["items"]] == ["proposed"]


async def test_a_label_can_be_approved_at_once_and_both_are_undone_together(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    first = await world.log(task=task, prompt="the first", confidence=0.1)
    await opened(http, task)
    page = await label(http, first, task, label="greet", approves="yes", quoting="yes")
    assert "“the first” approved as greet, as the model said." in text(page)
    case, end = await world.truth(task)
    assert (case["truth"], case["may_quote"], end["count"]) == ("greet", True, 1)
    await world.log(task=task, prompt="the second", confidence=0.1)
    page = await opened(http, task)
    assert re.search(r'name="approves"[^>]* checked', page)
    assert '<option value="yes" selected>yes</option>' in page
    await send(http, "review/undo", queue="low-confidence", task=task)
    (end,) = await world.truth(task)
    assert end["count"] == 0


async def test_the_labels_of_the_task_are_offered_the_models_first_and_a_typo_is_none(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    assert (await world.admin.put(f"/v1/tasks/{task}/labels", json=LABELS)).status_code == 200
    others = [{"intent": "old", "confidence": 0.3}, {"intent": "create_event", "confidence": 0.2}]
    item = await world.log(task=task, predicted_intent="move_event", secondary_intents=others)
    assert offered(await opened(http, task)) == ["move_event", "create_event"]
    page = await label(http, item, task, typed="mvoe_event", note="kept")
    assert "This is no label of the task." in page
    assert 'value="mvoe_event"' in page
    assert 'value="kept"' in page
    assert "mvoe_event" not in (await world.admin.get(f"/v1/tasks/{task}/labels")).text
    page = await label(http, item, task, typed="cancel_event", allow_new="yes")
    assert "is cancel_event" in text(page)
    known = (await world.admin.get(f"/v1/tasks/{task}/labels")).json()["labels"]
    assert known[-1]["name"] == "cancel_event"


async def test_what_a_colleague_looks_at_is_offered_to_nobody_and_refused_with_their_name(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    first = await world.log(task=task, prompt="the first", confidence=0.1)
    await world.log(task=task, prompt="the second", confidence=0.2)
    key = await reviewer(world, "Ann of support", "corrections:write")
    async with browser(world.url, key) as ann:
        assert "the first" in await opened(ann, task)
        assert "the first" not in await opened(http, task)
        sent = await send(http, "review/label", item=first, task=task, label="greet")
        assert sent.status_code == 409
        assert "Ann of support holds that item" in sent.text
        by_api = await world.admin.post(f"/v1/predictions/{first}/confirm", json={})
        assert (by_api.status_code, by_api.json()["code"]) == (409, "held")
        await send(ann, "review/skip", item=first, task=task)
        page = await opened(ann, task)
        assert "What is left here you skipped, or colleagues hold it." in page
        again = await send(ann, "review/again", queue="low-confidence", task=task)
        assert "the first" in (await ann.get(again.headers["location"])).text
        await world.release(first)
        await label(http, first, task, label="greet")
        late = await send(ann, "review/label", item=first, task=task, label="leave")
        assert (late.status_code, "has labelled it meanwhile" in late.text) == (409, True)


async def test_who_may_not_decide_takes_back_their_own_word_alone(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    first = await world.log(task=task, prompt="the first", confidence=0.1)
    key = await reviewer(world, "Ben", "corrections:write")
    async with browser(world.url, key) as ben:
        await opened(ben, task)
        page = await label(ben, first, task, label="leave")
        assert "approve at once" not in page
        refused = await send(ben, "review/label", item=first, task=task, label="a", approves="yes")
        assert refused.status_code == 403
        await send(ben, "review/undo", queue="low-confidence", task=task)
        made = await world.admin.get("/v1/corrections", params={"prediction_id": first})
        (one,) = made.json()["items"]
        assert (one["status"], one["decided_by"]) == ("rejected", one["author"])
        await label(ben, first, task, label="leave")
        assert (await world.approve(one["id"])).status_code == 200
        undone = await send(ben, "review/undo", queue="low-confidence", task=task)
        assert undone.status_code == 409
        assert "It was approved meanwhile" in undone.text


async def test_the_audit_shows_what_the_model_said_once_the_label_is_given(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    known = {"labels": [{"name": "bet"}, {"name": "sell"}]}
    await world.admin.put(f"/v1/tasks/{task}/labels", json=known)
    row = {
        "task": task,
        "prompt": "a bet",
        "predicted_intent": "unlike",
        "confidence": 0.6372,
        "secondary_intents": [{"intent": "sell", "confidence": 0.3171}],
        "model_version": "the-model",
    }
    page = ""
    while "What is it?" not in page:  # until one is drawn
        await world.admin.post("/v1/predictions:batch", json=[row] * 300)
        page = await opened(http, task, "audit")
    (item,) = re.findall(r'data-item="([^"]*)"', page)
    assert offered(page) == ["bet", "sell"]
    for hidden in ("unlike", "0.64", "0.32", "the-model"):
        assert hidden not in page
    page = await label(http, item, task, label="bet", queue="audit")
    assert "the model had said unlike (0.64)" in text(page)


async def test_one_press_settles_what_says_nearly_the_same(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    same = [
        await world.log(task=task, prompt=words, confidence=0.1 + place / 100)
        for place, words in enumerate(
            (
                "Move lunch to two, please now",
                "move lunch to two please",
                "Please move lunch to two!",
            )
        )
    ]
    await world.log(task=task, prompt="cancel dinner", confidence=0.5)
    page = await opened(http, task)
    assert "2 more say nearly the same" in page
    assert set(re.findall(r'name="alike" value="([^"]*)"', page)) == set(same[1:])
    page = await label(http, same[0], task, label="move_event", alike=same[1:], approves="yes")
    assert "cancel dinner" in page
    assert "3 done this session" in text(page)
    *cases, _ = await world.truth(task)
    assert {case["truth"] for case in cases} == {"move_event"}
    await send(http, "review/undo", queue="low-confidence", task=task)
    (end,) = await world.truth(task)
    assert end["count"] == 0


async def test_corrections_of_others_are_decided_one_after_the_other_and_ones_own_are_not_offered(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    key = await reviewer(world, "Cem", "corrections:write", "reviews:decide")
    async with browser(world.url, key) as cem:
        for words in ("Move lunch to two", "move lunch to two!", "cancel dinner"):
            item = await world.log(task=task, prompt=words)
            await opened(cem, task)
            await label(cem, item, task, label="move_event", note="it moves")
        assert "3 of your own corrections wait" in await opened(cem, task, "proposed")
        page = await opened(http, task, "proposed")
        assert "Cem: it should be move_event" in text(page)
        assert "it moves" in page
        (correction,) = re.findall(r'data-item="([^"]*)"', page)
        (near,) = re.findall(r'name="alike" value="([^"]*)"', page)
        place = {"queue": "proposed", "task": task}
        await send(http, "review/decide", item=correction, alike=[near], verdict="approve", **place)
        page = await opened(http, task, "proposed")
        assert "cancel dinner" in page
        assert "2 done this session" in text(page)
        (correction,) = re.findall(r'data-item="([^"]*)"', page)
        other = await send(cem, "review/decide", item=correction, verdict="reject", **place)
        assert other.status_code == 409
        await send(http, "review/decide", item=correction, verdict="reject", **place)
        await send(http, "review/undo", **place)
        assert "cancel dinner" in await opened(http, task, "proposed")
    *cases, _ = await world.truth(task)
    assert [case["truth"] for case in cases] == ["move_event", "move_event"]


async def test_the_conversation_before_an_item_stands_above_it(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    talk = "01890000-0000-7000-8000-0000000000aa"
    for words in ("is Ann free?", "and Ben?", "then book it"):
        await world.log(
            task=task, prompt=words, conversation_id=talk, confidence=0.9 if "?" in words else 0.1
        )
    page = text(await opened(http, task))
    assert page.index("is Ann free?") < page.index("and Ben?") < page.index("then book it")


async def test_a_second_truth_for_a_text_waits_as_a_conflict_and_is_settled(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    await world.approve(await world.correct(await world.log(task=task, prompt="said"), "one"))
    item = await world.log(task=task, prompt="said")
    await opened(http, task)
    page = await label(http, item, task, label="other", allow_new="yes", approves="yes")
    assert "Another truth is approved for this text" in page
    page = await opened(http, task, "conflicts")
    (conflict,) = re.findall(r'data-item="([^"]*)"', page)
    form = {"item": conflict, "queue": "conflicts", "task": task, "verdict": "replace"}
    assert (await send(http, "review/settle", **form)).status_code == 303
    case, end = await world.truth(task)
    assert (case["truth"], end["count"]) == ("other", 1)


async def test_a_doubted_case_stands_or_goes(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    ids = []
    for words in ("one", "two"):
        form = {"task": task, "text": words, "truth": "greet"}
        ids.append((await world.admin.post("/v1/ground-truth", json=form)).json()["id"])
    doubts = [
        {"case_id": one, "kind": "label", "note": "look", "suggested": "leave"} for one in ids
    ]
    await world.admin.post("/v1/reviews/findings", json={"findings": doubts})
    for verdict in ("clear", "withdraw"):
        page = await opened(http, task, "suspicious-label")
        (case,) = re.findall(r'data-item="([^"]*)"', page)
        form = {"item": case, "queue": "suspicious-label", "task": task, "verdict": verdict}
        assert (await send(http, "review/doubt", **form)).status_code == 303
    assert "No label is in doubt." in await opened(http, task, "suspicious-label")
    _, end = await world.truth(task)
    assert end["count"] == 1


@pytest.mark.parametrize("kept", ["", "no base64", "e30=", "eyJzaW5jZSI6ICJub3cifQ=="])
async def test_a_memory_that_is_none_begins_a_session_anew(
    world: World, http: httpx2.AsyncClient, task: str, kept: str
) -> None:
    http.cookies.set("nlu_logger_inbox", kept, path="/dashboard/review")
    assert "No prediction is unsure" in await opened(http, task)
