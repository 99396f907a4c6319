"""The sheet of a run, and what pages tell of changes: what a run can begin with, what became of
versions, what made one, and which change waits for a person."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from induction.sentences import OUTCOMES

from tests.fixtures.browsing import browser, shown
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.approving import RESTING, decided
from tests.induction.runs.driving import reached, sql, start
from tests.induction.test_scopes import key_with

READS = {"runs:read", "prompts:read", "tasks:read"}
TEXT = "Answer with topic_0, topic_1, topic_2 or topic_3, and nothing else."


@pytest.fixture(scope="module")
async def page(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(str(stack.induction.base_url)) as made:
        yield made


def chosen(sheet: str) -> str | None:
    version = re.search(r'<option value="([^"]*)" data-blocks[^>]*selected', sheet)
    return version and version[1]


async def brought(stack: Stack, task: str, content: dict[str, object]) -> str:
    answer = await stack.induction.post(f"/v1/prompts/{task}/versions", json=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.law
async def test_a_run_begins_with_what_serves_or_with_any_version_and_names_its_blocks(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    serves = await make_task(stack, "begins", cases=4)
    blocks = [
        {"name": "labels", "text": TEXT},
        {"name": "manners", "text": "Be kind.", "protected": True},
    ]
    other = await brought(stack, "begins", {"content": {"instructions": blocks}})
    guards = {"objective": {"focus": "topic_1", "guards": {"topic_2": 0.05}}}
    await stack.induction.patch("/v1/tasks/begins", json=guards)
    sheet = await shown(page, "/tasks/begins/improve")
    assert chosen(sheet) == serves
    assert "the service's: " in sheet
    assert "topic_2</bdi> by 0.05 already" in sheet
    assert "serves yet" not in sheet
    assert """data-blocks='["labels", "manners"]' data-protected='["manners"]'""" in sheet
    own = f"/tasks/begins/versions/{other}"
    assert f"/dashboard/tasks/begins/improve?version={other}" in await shown(page, own)
    assert chosen(await shown(page, "/tasks/begins/improve", version=other)) == other
    assert (await page.get(f"/dashboard/tasks/other/improve?version={other}")).status_code == 404
    async with browser(str(stack.induction.base_url), await key_with(stack, READS)) as reader:
        assert "Improve from here" not in await shown(reader, own)
        for path in ("", "/tasks/begins", "/tasks/begins/vote"):
            assert "/tasks/begins/improve" not in await shown(reader, path), path
        for path in ("improve", "vote"):
            refused = await shown(reader, f"/tasks/begins/{path}")
            assert "Your key may not start runs: the scope runs:write is needed." in refused
            assert "improve.js" not in refused


async def test_where_nothing_serves_a_run_asks_for_its_version_and_without_one_for_a_prompt(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    task = {"slug": "begins-nowhere", "kind": "intent", "labels": [{"name": "a"}, {"name": "b"}]}
    assert (await stack.induction.post("/v1/tasks", json=task)).status_code == 201
    own = "/tasks/begins-nowhere"
    for path in (f"{own}/improve", f"{own}/vote", f"{own}/lineage"):
        assert f'href="/dashboard{own}#bring"' in await shown(page, path), path
    assert "improve.js" not in await shown(page, f"{own}/vote")
    assert 'id="bring" open' in await shown(page, own)
    version = await brought(stack, "begins-nowhere", {"text": "Answer with a or b."})
    sheet = await shown(page, f"{own}/improve")
    assert "No version serves yet: the run begins with the only one there is." in sheet
    assert chosen(sheet) == version
    version = await brought(stack, "begins-nowhere", {"text": "Answer with a or b alone."})
    sheet = await shown(page, f"{own}/improve")
    assert "No version serves yet. Choose the version it begins with" in sheet
    assert f'href="/dashboard{own}/versions/{version}"' in sheet
    assert chosen(sheet) is None
    order = {"task": "begins-nowhere", "prompt_version": version, "dry_run": True}
    refused = await page.post("/dashboard/runs", json=order)
    assert refused.json()["code"] == "no_ground_truth", refused.text


@pytest.mark.law
async def test_versions_tell_and_sort_by_what_became_of_them_and_by_what_made_them(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    """The change that waits for a person is told in the queue, until the person decides."""
    await make_task(stack, "became", cases=60)
    run = await start(stack, "became", limits={"iterations": 2}, approval="each-change")
    async with stack.working():
        resting = await reached(stack, run, RESTING)
        queue = await shown(page, "/queue")
        change = f'a person, on <a href="/dashboard/runs/{run}">change {resting["awaits"]}</a>'
        assert f"{change}, until <time" in queue
        assert "it moves" not in queue
        seen = await decided(stack, run, "approve")
    lineage = "/tasks/became/lineage"
    kept = next(one for one in seen["changes"] if one["outcome"] == "kept")
    rows = await sql(stack, "SELECT version_hash FROM prompt_versions WHERE id = $1",
                     kept["version_id"])  # fmt: skip
    drawn = await shown(page, lineage)
    assert drawn.count(f'text-anchor="middle">{rows[0]["version_hash"][:12]} ') == 1
    ups = await order_of(page, lineage, "outcome")
    downs = await order_of(page, lineage, "-outcome")
    assert ups.index("brought in") < ups.index("kept")
    assert downs.index("kept") < downs.index("brought in")
    refused = {OUTCOMES[one] for one in OUTCOMES if one.startswith("rejected")}
    assert [one for one in ups if one in refused] == ups[ups.index("kept") + ups.count("kept") :]
    for sort in ("-outcome", "verdict"):
        later = await shown(page, lineage, sort=sort, cursor=kept["version_id"])
        assert not re.search(rf'<th scope="row"><a [^>]*{kept["version_id"]}', later)
    best_first = await shown(page, lineage, sort="verdict")
    table = best_first[best_first.index("<tbody>") :]
    assert table.index(seen["best_version_id"]) == table.index("/versions/") + len("/versions/")

    own = await shown(page, f"/tasks/became/versions/{kept['version_id']}")
    assert kept["rationale"] in own
    assert f"fixed {kept['fixed'] or 'none'} and broke {kept['broke'] or 'none'}" in own
    assert f'href="/dashboard/runs/{run}/cases"' in own
    assert f"change {kept['n']} of <a" in own
    winner = next(one for one in seen["front"] if one["is_winner"])
    best = await shown(page, f"/tasks/became/versions/{winner['version_id']}")
    assert f"counts, this version has about {winner['tokens']:,}: what" in best
    assert "both estimated from the text" in best
    assert "key:" not in best


@pytest.mark.law
async def test_lineage_and_ideas_are_filtered_sorted_and_saved(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    serves = await make_task(stack, "narrowed", cases=60)
    run = await start(stack, "narrowed", limits={"iterations": 1}, approval="each-change")
    async with stack.working():
        seen = await decided(stack, run, "veto", reason="Not like this.")
    vetoed = next(one for one in seen["changes"] if one["outcome"] == "rejected_at_approval")
    lineage, ideas = "/tasks/narrowed/lineage", "/tasks/narrowed/ideas"
    rows = r'<th scope="row"><a [^>]*versions/([0-9a-f-]+)'
    brought_in = await shown(page, lineage, outcome="brought in")
    assert re.findall(rows, brought_in) == [serves]
    rejected = re.findall(rows, await shown(page, lineage, outcome="rejected"))
    assert vetoed["version_id"] in rejected
    assert serves not in rejected
    assert "No version is like that." in await shown(page, lineage, outcome="edited by hand")
    saved = await page.get(f"/dashboard{lineage}.csv", params={"outcome": "brought in"})
    assert saved.text.count("\n") == 2
    settled = await shown(page, ideas, settled="yes")
    assert vetoed["version_id"] in settled
    assert "a person vetoed it" in settled
    assert "not tried again" in settled
    assert vetoed["version_id"] not in await shown(page, ideas, settled="no")
    saved = await page.get(f"/dashboard{ideas}.csv", params={"settled": "yes"})
    assert vetoed["version_id"] in saved.text
    for sort in ("at", "-fixed", "broke", "stage", "runs", "strategy"):
        assert vetoed["version_id"] in await shown(page, ideas, sort=sort)


async def order_of(page: httpx2.AsyncClient, path: str, sort: str) -> list[str]:
    """What became of the versions of a table, in its order."""
    table = await shown(page, path, sort=sort)
    rows = table[table.index("<tbody>") : table.index("</tbody>")].split("</tr>")[:-1]
    words = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[2] for row in rows]
    return [re.sub(r"<.*?>\S*|production", "", one).strip() for one in words]


async def test_what_was_just_saved_says_so_and_nothing_else_does(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    await make_task(stack, "just-saved", cases=4)
    for path in ("settings", "trigger"):
        own = f"tasks/just-saved/{path}"
        assert ">Saved.</p>" in await shown(page, own, saved="1")
        assert ">Saved.</p>" not in await shown(page, own)
