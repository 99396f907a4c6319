"""A version's page tells where its parts come from, which scores stand in a line, which runs
compared it, and where it served."""

from html import unescape
from uuid import UUID

import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.browsing import Foreign, browser
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.dashboard.test_cards import another, judged
from tests.induction.experiments.test_experiments import PLAN
from tests.induction.runs.driving import reached, sql, start

MEASURED = """
INSERT INTO prompt_scores (version_id, run_id, split, objective, components, cases, dataset_hash,
    model, scorer, labels_version)
VALUES ($1, $2, 'validation', 0.5, '{}', 12, $3, 'm', 's', $4)
"""

TRIED = """
INSERT INTO run_changes (run_id, n, iteration, change, version_id, parent_id, outcome, stage,
    reason, validation_f1, fixed, broke)
VALUES ($1, 1, 1, '{}', $2, $3, 'rejected', $4, $5, $6, $7, $8)
"""


async def shown(stack: Stack, task: str, version: str) -> str:
    async with browser(str(stack.induction.base_url)) as page:
        answer = await page.get(f"/dashboard/tasks/{task}/versions/{version}")
    assert answer.status_code == 200, answer.text
    assert Foreign(answer.text).violations == []
    return " ".join(unescape(answer.text).split())


@pytest.mark.law
async def test_a_version_tells_who_compared_it_where_it_served_and_which_scores_are_of_one_era(
    stack: Stack,
) -> None:
    task = "told-apart"
    first = await make_task(stack, task)
    page = await shown(stack, task, first)
    assert "No run has reached a verdict on it yet." in page
    assert "Production, since" in page
    assert "and does so now" in page
    assert "there from the first version on" in page
    second = await another(stack, task, "Be brief.")
    run = await judged(stack, task, first, second, kind="proven", before=0.337, after=0.6)
    await sql(stack, MEASURED, UUID(first), uuid7(), "old", 1)
    await sql(stack, MEASURED, UUID(first), uuid7(), "new", 1)
    await sql(stack, MEASURED, UUID(first), uuid7(), "new", 2)
    assert "It never served." in await shown(stack, task, second)
    await stack.induction.post(
        f"/v1/prompts/{task}/experiments", json={**PLAN, "version_id": second}
    )
    page = await shown(stack, task, second)
    assert "/experiments/" in page
    assert "</a>, since" in page
    await stack.induction.post(f"/v1/prompts/{task}/versions/{second}/promote", json={})
    page = await shown(stack, task, first)
    assert f"/dashboard/runs/{run}" in page
    assert "<td>the baseline</td>" in page
    assert f"/versions/{second}" in page
    assert "Production, since" in page
    assert " until <time" in page
    assert "<td>the newest</td>" in page
    assert "<td>other labels</td>" in page
    assert "<td>other cases, other labels</td>" in page
    page = await shown(stack, task, second)
    assert "<td>the candidate</td>" in page
    assert '<td class="number">0.600</td>' in page


async def test_a_version_that_a_run_refused_tells_what_the_run_has_measured(stack: Stack) -> None:
    task = "refused-here"
    first = await make_task(stack, task)
    refused, stopped, better = [
        await another(stack, task, word) for word in ("Be terse.", "Be odd.", "Be right.")
    ]
    assert 'class="main">Promote to production' in await shown(stack, task, refused)
    run = await judged(stack, task, first, first, kind="no_change", before=0.5, after=0.5)
    await sql(stack, "UPDATE runs SET baseline_f1 = 0.5874 WHERE id = $1", run)
    turned = [[uuid7() for _ in range(count)] for count in (4, 18)]
    why = ("validation", "Broken cases outweigh \u202ethose it fixed.", 0.4562, *turned)
    await sql(stack, TRIED, run, UUID(refused), UUID(first), *why)
    gated = await judged(stack, task, first, first, kind="no_change", before=0.5, after=0.5)
    await sql(stack, TRIED, gated, UUID(stopped), UUID(first), "gate", "Too few.", None, [], [])
    page = await shown(stack, task, refused)
    for words in (
        "and it was not kept after validation: validation F1 0.587 → <b>0.456</b>, 4 fixed and 18"
        " broken.",
        "‹U+202E›</mark>those it fixed.",
        "no run has reached a verdict on it by untouched cases",
        f"/dashboard/runs/{run}",
        "<button>Promote to production",
    ):
        assert words in page
    assert "No run has" not in page
    assert "and it was stopped at its first cases." in await shown(stack, task, stopped)
    proof = await judged(stack, task, first, better, kind="proven", before=0.337, after=0.6)
    await stack.induction.post(f"/v1/prompts/{task}/versions/{better}/promote", json={})
    old = await shown(stack, task, first)
    assert f'/dashboard/runs/{proof}">proven better</a> than it: F1 0.337 → 0.600 on 104' in old
    assert "<button>Promote to production" in old
    await stack.induction.patch(f"/v1/tasks/{task}", json={"promotion_approvals": 1})
    proposed = await stack.induction.post(f"/v1/prompts/{task}/versions/{refused}/promote", json={})
    async with browser(str(stack.induction.base_url)) as http:
        for place in ("proposals", "production"):
            waits = unescape((await http.get(f"/dashboard/tasks/{task}/{place}")).text)
            assert "it was not kept after validation: validation F1 0.587" in waits
        reject = f"/v1/prompts/{task}/proposals/{proposed.json()['id']}/reject"
        await stack.induction.post(reject, json={"reason": f"no \u202e{'x' * 400}"})
        closed = unescape((await http.get(f"/dashboard/tasks/{task}/proposals")).text)
    assert "\u202e" not in closed
    cell = closed[closed.index('<td class="clip"><span class="tag bad">rejected') :]
    assert "‹U+202E›" in cell
    again = await shown(stack, task, refused)
    assert "Its promotion to production was refused by" in again
    assert "x" * 400 in again


@pytest.mark.law
async def test_a_version_tells_of_each_part_which_change_made_it_and_what_that_did(
    stack: Stack,
) -> None:
    task = "taken-apart"
    await make_task(stack, task, cases=60)
    run = await start(stack, task, limits={"iterations": 2})
    async with stack.working():
        made = await reached(stack, run)
    changed = next(one for one in made["changes"] if one["fixed"])
    path = f"/v1/prompts/{task}/versions/{changed['version_id']}/blame"
    blame = (await stack.induction.get(path)).json()
    page = await shown(stack, task, changed["version_id"])
    parts = page[page.index("Where its parts come from") : page.index(">Scores<")]
    touched = [one for one in blame["parts"] if one["made_by"] or one["edited_by"]]
    assert touched
    for one in touched:
        assert f'<td class="number">{len(one["fixed"])}' in parts
    assert f"/dashboard/runs/{run}" in parts
    assert all(one["block"] in parts for one in blame["parts"] if one["block"])


async def test_a_reviewer_sees_the_characters_that_turn_a_prompt_round(stack: Stack) -> None:
    task = "turned-round"
    await make_task(stack, task)
    second = await another(stack, task, "Answer \u202efdp.exe\u202c\u200b.")
    page = await shown(stack, task, second)
    assert page.count("‹U+202E›</mark>fdp.exe<mark") == 2
    assert "‹U+200B›" in page
    assert not {"\u202e", "\u202c", "\u200b"} & set(page)
