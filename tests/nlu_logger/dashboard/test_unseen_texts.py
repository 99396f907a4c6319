"""What nobody sees in a text, or what turns it round, is seen by who reviews it."""

import pytest

from tests.fixtures.browsing import browser, send, shown
from tests.nlu_logger.world import World

TEXT, LABEL, NOTE = "open gnp.\u202eexe", "in\u200bvite", "look\u2066here"
SEEN = ("‹U+202E›", "‹U+200B›")


@pytest.mark.parametrize("path", ["review", "predictions", ""])
async def test_turned_and_invisible_characters_stand_on_pages_by_their_codes(
    world: World, task: str, path: str
) -> None:
    await world.log(task=task, prompt=TEXT, predicted_intent=LABEL, confidence=0.1)
    async with browser(world.url) as reader:
        page = await shown(reader, path, task=task)
    for one in SEEN if path else SEEN[1:]:
        assert one in page
    assert "\u202e" not in page


async def test_who_decides_sees_what_stands_in_the_text_and_the_note(
    world: World, task: str
) -> None:
    item = await world.log(task=task, prompt=TEXT, confidence=0.1)
    path = f"/v1/predictions/{item}/corrections"
    body = {"corrected_intent": "invite", "correction_notes": NOTE}
    correction = (await world.admin.post(path, json=body)).json()["id"]
    async with browser(world.url) as reader:
        for page in (
            await shown(reader, "review", task=task, queue="proposed", own="yes"),
            await shown(reader, f"predictions/{item}"),
        ):
            for one in (SEEN[0], "‹U+2066›"):
                assert one in page
        place = {"queue": "proposed", "task": task}
        await send(reader, "review/decide", item=correction, verdict="approve", **place)
        for page in (
            await shown(reader, "review", task=task),
            await shown(reader, "truths", task=task),
        ):
            assert SEEN[0] in page


@pytest.mark.parametrize(
    ("text", "is_long"),
    [("short", False), ("\u200b" * 40, True), ("a\n" * 12, True), ("word " * 40, True)],
)
async def test_a_text_that_is_long_as_it_is_shown_is_scrolled_by_the_keyboard_too(
    world: World, task: str, text: str, is_long: bool
) -> None:
    item = await world.log(task=task, prompt=text, confidence=0.1)
    async with browser(world.url) as reader:
        page = await shown(reader, f"predictions/{item}")
    assert ('<p class="prompt" dir="auto" tabindex="0">' in page) == is_long
