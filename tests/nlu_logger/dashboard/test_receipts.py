"""The receipts of erasures are listed: who asked, when, and what went, in numbers."""

import re
from uuid import uuid4

from tests.fixtures.browsing import browser, shown
from tests.fixtures.stack import client
from tests.nlu_logger.world import World

PAGE = "operations/erasure"


async def test_past_erasures_are_listed_with_who_asked_and_lead_to_their_receipts(
    world: World,
) -> None:
    async with browser(world.url) as operator:
        assert "Nobody was erased yet." in await shown(operator, PAGE)
        made = await world.admin.post("/v1/admin/keys", json={"name": "Nina", "scopes": ["admin"]})
        by_nina, by_themselves = uuid4(), uuid4()
        await world.log(user_id=str(by_nina), prompt="first")
        await world.log(user_id=str(by_nina), prompt="second")
        async with client(world.url, made.json()["key"]) as nina:
            receipt = (await nina.delete(f"/v1/users/{by_nina}")).json()["id"]
        async with world.user(by_themselves) as person:
            assert (await person.delete(f"/v1/users/{by_themselves}")).status_code == 200
        page = await shown(operator, PAGE)
        first, second = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.S)
        assert "<td>the person themselves</td>" in first
        assert f'href="/dashboard/operations/erasure/{receipt}"' in second
        assert "<td>Nina</td>" in second
        assert '<td class="number">2</td>' in second
        for person in (by_nina, by_themselves):
            assert str(person) not in page


async def test_receipts_are_paged_and_for_administrators_of_every_task(world: World) -> None:
    for _ in range(26):
        assert (await world.admin.delete(f"/v1/users/{uuid4()}")).status_code == 200
    async with browser(world.url) as operator:
        page = await shown(operator, PAGE)
        assert page.count('<tr><th scope="row"') == 25
        older = re.search(r'href="/dashboard/(operations/erasure\?before=[^"]*)" rel="next"', page)
        assert older
        later = await shown(operator, PAGE, before=older[1].partition("=")[2])
        assert later.count('<tr><th scope="row"') >= 1
        assert "First page" in later
    limited = {"name": "one task", "scopes": ["admin"], "tasks": ["any"]}
    made = await world.admin.post("/v1/admin/keys", json=limited)
    async with browser(world.url, made.json()["key"]) as narrow:
        assert "What was erased before" not in await shown(narrow, PAGE)
