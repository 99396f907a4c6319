"""A channel is tested before a run ends: one notice at once, and how that went."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.fixtures.browsing import browser, shown
from tests.fixtures.databases import Databases
from tests.fixtures.receiver import Mailbox, Receiver
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.notices.test_reports_that_are_sent import PEOPLE, channel, channels


@pytest.fixture(scope="module")
async def telling(databases: Databases, servers: Servers, box: Mailbox) -> AsyncIterator[Stack]:
    hosts = {"notice_private_hosts": ["127.0.0.1"], "smtp_from": "induction@example.org"}
    async with opened(databases, servers, smtp_url=box.url, **hosts) as stack:
        yield stack


@pytest.fixture(autouse=True)
def nothing_is_left(box: Mailbox, receiver: Receiver) -> None:
    receiver.got.clear()
    box.mails.clear()


async def test_a_test_of_a_channel_says_at_once_how_it_went_and_counts_among_no_reports(
    telling: Stack, box: Mailbox, receiver: Receiver
) -> None:
    post = (await channel(telling, "webhook", receiver.url))["id"]
    mail = (await channel(telling, "email", PEOPLE))["id"]
    deaf = (await channel(telling, "slack", "http://127.0.0.1:9/secret"))["id"]

    async def tried(id: str) -> tuple[str, str | None, str]:
        answer = await telling.induction.post(f"/v1/admin/channels/{id}/test")
        assert answer.status_code == 200, answer.text
        return tuple(answer.json()[name] for name in ("outcome", "reason", "summary"))

    assert await tried(post) == ("delivered", None, "Delivered.")
    ((headers, body),) = receiver.got
    assert headers["webhook-signature"].startswith("v1,")
    assert (json.loads(body)["event"], json.loads(body)["channel_id"]) == ("test", post)
    receiver.answers.append(410)
    assert await tried(post) == ("refused", "status 410", "Refused: status 410.")
    assert (await tried(mail))[0] == "delivered"
    assert "test" in str(box.mails[0]["subject"])
    box.refusals.append("550 no such people")
    assert await tried(mail) == ("refused", "smtp 550", "Refused: smtp 550.")
    assert await tried(deaf) == ("unreachable", "unreachable", "Not reachable: unreachable.")
    for one in await channels(telling):
        assert (one["sent"], one["waiting"], one["given_up"]) == (0, 0, 0)


async def test_a_channel_is_tested_from_its_page(telling: Stack, receiver: Receiver) -> None:
    made = await channel(telling, "webhook", receiver.url)
    async with browser(str(telling.induction.base_url)) as page:
        assert f'data-send="channels/{made["id"]}/test"' in await shown(page, "channels")
        answer = await page.post(f"/dashboard/channels/{made['id']}/test")
    assert answer.json()["outcome"] == "delivered"
