"""What is confused, and two versions: numbers of the API, each of which leads to its rows."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from nlu_logger.dashboard.comparing.matrix import MOST_LABELS, mistakes, square
from nlu_shared.schemas.insights import ConfusionCell

from tests.fixtures.browsing import HOSTILE, browser, shown
from tests.nlu_logger.world import World, connected

PAST = """
INSERT INTO nlu_prompt_logs (id, task, prompt, predicted_intent, confidence, created_at, body_hash)
SELECT id, $1, 'text', $2, 0.9, uuid_extract_timestamp(id), ''
FROM generate_series(1, 120) n, LATERAL (SELECT uuidv7($3 * interval '-1 day') AS id, n) made
"""


@pytest.fixture
async def reader(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def test_a_cell_of_the_matrix_leads_to_the_predictions_it_counts(
    world: World, reader: httpx2.AsyncClient, task: str
) -> None:
    assert "Nothing was judged" in await shown(reader, "confusion", task=task)
    wrong = await world.log(task=task, prompt="take it off", predicted_intent="create")
    await world.approve(await world.correct(wrong, HOSTILE))
    right = await world.log(task=task, prompt="put it in", predicted_intent="create")
    confirmation = await world.admin.post(f"/v1/predictions/{right}/confirm", json={})
    await world.approve(confirmation.json()["id"])
    await world.log(task=task, prompt="nobody looked", predicted_intent="create")
    page = await shown(reader, "confusion", task=task)
    assert HOSTILE in page
    assert "Only 2 cases have an approved truth" in page
    pairs = {"create": (right, wrong), HOSTILE: (wrong, right)}
    for truth, (there, missing) in pairs.items():
        rows = await shown(reader, "predictions", task=task, intent="create", truth=truth)
        assert there in rows
        assert missing not in rows
    assert "of what the audit drew" in await shown(reader, "confusion", task=task, sample="audit")


@pytest.mark.law
async def test_every_mistake_that_is_counted_has_its_row(
    world: World, reader: httpx2.AsyncClient, task: str
) -> None:
    for number in range(60):
        await world.log(task=task, prompt=f"say {number}", predicted_intent="other")
    items = (await world.admin.get("/v1/predictions", params={"task": task, "limit": 100})).json()
    for one in items["items"]:
        await world.approve(await world.correct(one["id"], f"is {one['prompt']}"))
    page = await shown(reader, "confusion", task=task)
    mistakes = page.partition('id="pairs"')[2]
    assert mistakes.count('<th scope="row">') == 60
    assert "rarer ones are not told" not in mistakes


async def test_two_versions_are_chosen_and_set_beside_each_other_with_what_speaks_against_it(
    world: World, reader: httpx2.AsyncClient, task: str
) -> None:
    assert "No version has answered" in await shown(reader, "compare", task=task)
    for version, is_good in (("v1", False), ("v2", True)):
        for number in range(40):
            prompt = f"text {number}"
            item = await world.log(task=task, prompt=prompt, prompt_version=version)
            outcome = {"was_successful": is_good}
            await world.admin.post(f"/v1/predictions/{item}/outcome", json=outcome)
    assert "Choose two of the 2 versions" in await shown(reader, "compare", task=task)
    page = await shown(reader, "compare", task=task, a="v1", b="v2")
    assert "v2 is better" in page
    assert "Of the 40 texts that both answered" in page
    assert "unknown: too few" in page
    assert "prompt_version=v2" in page
    assert "They answered at other times" in page


def test_a_square_shows_the_fullest_labels_and_counts_all() -> None:
    cells = [
        ConfusionCell(predicted="a", truth="a", count=3, share=0.3),
        ConfusionCell(predicted="b", truth="a", count=1, share=0.1),
        *(
            ConfusionCell(predicted=f"rare {n}", truth=f"rare {n}", count=1, share=0.01)
            for n in range(MOST_LABELS)
        ),
    ]
    made = square(cells)
    assert (made.labels[0], len(made.labels), made.left_out) == ("a", MOST_LABELS, 2)
    assert (made.recall["a"], made.precision["a"], made.recall["b"]) == (0.75, 1.0, None)
    assert [made.shade("a", one) for one in ("a", "b", "rare 0")] == [4, 2, 0]
    assert [(one.truth, one.predicted) for one in mistakes(cells)] == [("a", "b")]


async def test_drift_is_drawn_by_day_and_each_mark_leads_to_the_rows_of_its_day(
    world: World, reader: httpx2.AsyncClient, task: str
) -> None:
    await world.log(task=task)
    assert "Not known for any day: each needs 100" in await shown(reader, "", task=task, days="7")
    async with connected(world.superuser_url) as database:
        for days_ago, intent in ((4, "a"), (3, "a"), (2, "b")):
            await database.execute(PAST, task, intent, days_ago)
    page = await shown(reader, "", task=task, days="7")
    chart = page.partition('aria-label="Drift of intents by day')[2].partition("</svg>")[0]
    titles = re.findall(r"<title>([^<]*)</title>", chart)
    assert [re.sub("^.*?: ", "", one).partition(";")[0] for one in titles] == [
        "0.000, quiet",
        "11.588, large drift",
    ]
    assert "120 predictions against 240" in titles[1]
    assert len(re.findall(r'<a href="/dashboard/predictions\?', chart)) == 2
    steady = page.partition('aria-label="Drift of confidence by day')[2].partition("</svg>")[0]
    assert steady.count("quiet") == 2
