"""Numbers lead to the rows behind them, and each row to all that became of it."""

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape

import httpx2
import pytest
from nlu_logger.dashboard import drawing
from nlu_logger.dashboard.drawing import Value
from nlu_logger.dashboard.search.service import A_PAGE

from tests.fixtures.browsing import browser
from tests.nlu_logger.world import HELLO, World

SORTED = {
    "text": lambda row: row["prompt"].lower(),
    "intent": lambda row: row["predicted_intent"],
    "confidence": lambda row: row["confidence"],
    "outcome": lambda row: row["was_successful"],
}


async def test_found_predictions_are_sorted_over_all_their_pages_and_saved(
    world: World, task: str
) -> None:
    bodies = [
        {
            "task": task,
            "prompt": f"={'ab'[n % 2]} {n % 7}",
            "predicted_intent": f"of {n % 3}",
            "confidence": n % 11 / 10,
        }
        for n in range(2 * A_PAGE + 5)
    ]
    answer = await world.admin.post("/v1/predictions:batch", json=bodies)
    ids = [one["log_id"] for one in answer.json()["items"]]
    for log_id in ids[::4]:
        outcome = {"was_successful": ids.index(log_id) % 8 == 0}
        await world.admin.post(f"/v1/predictions/{log_id}/outcome", json=outcome)
    async with browser(world.url) as made:
        rows = (await world.admin.get(f"/v1/predictions?task={task}&limit=500")).json()["items"]
        by_id = {row["id"]: row for row in rows}
        path = "/dashboard/predictions"
        for name, value in SORTED.items():
            for sign in ("", "-"):
                turned = await every_page(made, f"{path}?task={task}&sort={sign}{name}")
                values = [value(by_id[one]) for one in turned]
                known = [one for one in values if one is not None]
                assert sorted(turned) == sorted(ids), name
                assert known == sorted(known, reverse=sign == "-"), name
                assert values[len(known) :] == [None] * (len(values) - len(known)), name
        path = f"/dashboard/predictions.csv?task={task}&sort=-confidence"
        table = list(
            csv.DictReader(io.StringIO((await made.get(path)).text.removeprefix("\ufeff")))
        )
        assert len(table) == len(ids)
        assert (table[0]["confidence"], table[-1]["confidence"]) == ("1.0", "0.0")
        assert table[0]["text"].startswith("'=")
        assert datetime.fromisoformat(table[0]["logged"]).utcoffset() == timedelta(0)
        unknown = await made.get(f"{path}?task={task}&sort=id")
        assert (unknown.status_code, unknown.json()["code"]) == (422, "no_such_column")


async def every_page(made: httpx2.AsyncClient, path: str) -> list[str]:
    """The ids of the rows of all pages, in their order."""
    turned: list[str] = []
    while path:
        page = (await made.get(path)).text
        turned += re.findall(r'href="/dashboard/predictions/([0-9a-f-]{36})"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(following[1]) if following else ""
    return turned


def ids_on(page: str) -> set[str]:
    return set(re.findall(r'href="/dashboard/predictions/([0-9a-f-]{36})"', page))


async def test_predictions_are_found_by_what_they_hold(world: World, task: str) -> None:
    talk = "01890000-0000-7000-8000-0000000000ab"
    rows = {
        "one": {"prompt": "Move lunch", "predicted_intent": "move", "prompt_version": "v6"},
        "two": {"prompt": "move dinner", "confidence": 0.9, "conversation_id": talk},
        "three": {"prompt": "cancel lunch", "model_version": "m1", "confidence": 0.1},
    }
    ids = {name: await world.log(task=task, **row) for name, row in rows.items()}
    ended = {"was_successful": False, "execution_error": "calendar is full"}
    await world.admin.post(f"/v1/predictions/{ids['three']}/outcome", json=ended)
    await world.correct(ids["two"], "leave")
    expected = {
        "text=MOVE": {"one", "two"},
        "intent=move": {"one"},
        "prompt_version=v6": {"one"},
        "model_version=m1": {"three"},
        f"conversation={talk}": {"two"},
        "successful=no": {"three"},
        "ended=no": {"one", "two"},
        "corrected=yes": {"two"},
        "below=0.5": {"three"},
        "min_confidence=0.9": {"two"},
        "since=2001-01-01T00:00&until=2001-01-02": set(),
        "text=&intent=": {"one", "two", "three"},
    }
    async with browser(world.url) as made:
        for query, names in expected.items():
            page = await made.get(f"/dashboard/predictions?task={task}&{query}")
            assert ids_on(page.text) == {ids[name] for name in names}, query
        assert "Who copies rows of this page is noted nowhere" in page.text
        nothing = await made.get(f"/dashboard/predictions?task={task}&text=unheard")
        assert "No prediction is like this." in nothing.text
        wrong = await made.get("/dashboard/predictions?since=never&text=kept")
        assert wrong.status_code == 422
        assert "From cannot be taken. Expected: a date and a time, in UTC." in wrong.text
        assert ('value="never"' in wrong.text, 'value="kept"' in wrong.text) == (True, True)
        assert not ids_on(wrong.text)
        short = await made.get("/dashboard/predictions?text=ab")
        assert "Text holds cannot be taken. Expected: 3 to 200 characters." in short.text
        history = (await made.get(f"/dashboard/predictions/{ids['two']}")).text
    assert "corrections: propose" in history
    assert re.search(r"<th scope=\"row\">you</th>\s*<td>leave</td>", history)


async def test_a_page_of_what_was_found_leads_to_the_older_ones(world: World, task: str) -> None:
    rows = [HELLO | {"task": task, "prompt": f"{number}"} for number in range(60)]
    await world.admin.post("/v1/predictions:batch", json=rows)
    async with browser(world.url) as made:
        page = (await made.get(f"/dashboard/predictions?task={task}")).text
        newest = ids_on(page)
        older = re.search(r'<a href="([^"]*)" rel="next">', page)
        assert older
        rest = ids_on((await made.get(unescape(older[1]))).text)
    assert (len(newest), len(rest), newest & rest) == (50, 10, set())


async def test_the_numbers_of_the_overview_lead_to_as_many_rows(world: World, task: str) -> None:
    for confidence, successful in ((0.2, True), (0.2, False), (0.65, True), (0.9, None)):
        log_id = await world.log(task=task, confidence=confidence)
        if successful is not None:
            ended = {"was_successful": successful}
            await world.admin.post(f"/v1/predictions/{log_id}/outcome", json=ended)
    async with browser(world.url) as made:
        page = (await made.get(f"/dashboard?task={task}&days=1")).text
        numbers = {
            number: unescape(link)
            for link, number in re.findall(
                r'<a class="card" href="(/dashboard/predictions[^"]*)">.*?<b>([^<]*)</b>', page
            )
        }
        expected = {"4": 4, "75.0 %": 3, "66.7 %": 3}
        assert numbers.keys() == expected.keys()
        for number, count in expected.items():
            assert len(ids_on((await made.get(numbers[number])).text)) == count, number
        (hour,) = re.findall(r'<a href="([^"]*)" tabindex="-1"><title>[^<]*: 4 predictions', page)
        assert len(ids_on((await made.get(unescape(hour))).text)) == 4
        (bucket,) = re.findall(r'<a href="([^"]*)" tabindex="-1"><title>2 of confidence 0.2<', page)
        assert len(ids_on((await made.get(unescape(bucket))).text)) == 2


def named(*numbers: float | None) -> list[Value]:
    return [Value(f"{place}", number, "", "") for place, number in enumerate(numbers)]


def test_bars_stand_on_the_floor_and_the_largest_reaches_the_top() -> None:
    chart = drawing.bars(named(0, 5, 10))
    assert [mark.height for mark in chart.marks] == [0, 51, 102]
    assert {mark.y + mark.height for mark in chart.marks} == {drawing.AREA.floor}
    assert drawing.bars([]).marks == []


@pytest.mark.parametrize(
    ("numbers", "moves"), [((0.1, 0.2, 0.3), "MLL"), ((0.1, None, 0.3), "MM"), ((None,), "")]
)
def test_a_line_joins_only_neighbours_that_are_known(
    numbers: tuple[float | None, ...], moves: str
) -> None:
    chart = drawing.points(named(*numbers))
    assert "".join(re.findall("[ML]", chart.line)) == moves
    assert len(chart.marks) == len([one for one in numbers if one is not None])


async def test_a_period_that_ends_before_it_begins_is_said_to_be_empty(
    world: World, task: str
) -> None:
    await world.log(task=task)
    path = f"/dashboard/predictions?task={task}&since=2026-03-02T00:00&until="
    async with browser(world.url) as made:
        for until in ("2026-03-01T00:00", "2026-03-02T00:00"):
            page = (await made.get(path + until)).text
            assert "The period is empty: “From” is not before “Before”." in page
            assert "No prediction is like this" not in page
        assert "No prediction is like this" in (await made.get(path + "2026-03-03T00:00")).text
