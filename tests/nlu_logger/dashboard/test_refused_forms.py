"""A form that cannot be taken is shown again on its page: what was typed is kept, and the field is
named as the page names it."""

import httpx2
import pytest

from tests.fixtures.browsing import send
from tests.nlu_logger.dashboard.test_operations import operator, world
from tests.nlu_logger.world import World

__all__ = ["operator", "world"]
ALERT = {"name": "Fails", "kind": "error_rate", "channel": "email", "to": "ann@example.org"}
SOMEBODY = "0189aaaa-0000-4000-8000-000000000001"
OTHER = "0189aaaa-0000-4000-8000-000000000002"
WEBHOOK = {**ALERT, "channel": "webhook", "to": "https://example.org/hook"}
SCHEDULE = {"name": "weekly", "cron": "0 3 * * 1", "target": "folder"}
FILE = "text,label\na,b\n"
PAGE = {"accept": "text/html"}


@pytest.mark.parametrize(
    ("path", "form", "says", "keeps"),
    [
        ("alerts", ALERT | {"to": "nobody"}, "To, address 1, cannot be taken", "nobody"),
        ("alerts", ALERT | {"to": "a@b.org, x"}, "To, address 2, cannot be taken", "a@b.org, x"),
        ("alerts", ALERT | {"to": " "}, "To is empty: say who is told.", "Fails"),
        ("alerts", ALERT | {"threshold": "200"}, "From cannot be taken. Expected", "200"),
        ("alerts", ALERT | {"threshold": "ten"}, "From cannot be taken. Expected", "ten"),
        ("alerts", ALERT | {"window_minutes": "0"}, "Within minutes cannot be taken", "Fails"),
        ("alerts", ALERT | {"task": "No Slug"}, "Task cannot be taken. Exp", "No Slug"),
        ("alerts", WEBHOOK, "Secret of a webhook cannot be taken. Expected: whsec_", "Fails"),
        ("erasure", {"user": "ann", "again": "ann"}, "User id cannot be taken", "ann"),
        ("erasure", {"user": SOMEBODY, "again": "ann"}, "The same once more cannot be", SOMEBODY),
        ("erasure", {"user": SOMEBODY, "again": OTHER}, "another id than User id", OTHER),
        ("erasure", {"user": SOMEBODY}, "The same once more is empty. Nothing was", SOMEBODY),
        ("erasure", {"again": SOMEBODY}, "User id is empty. Nothing was erased.", SOMEBODY),
        ("exports", SCHEDULE | {"name": "My files"}, "Name cannot be taken. Exp", "My files"),
        ("exports", SCHEDULE | {"days": "many"}, "Days back cannot be taken", "many"),
        ("exports", SCHEDULE | {"splits": "80-20"}, "Splits cannot be taken", "80-20"),
        ("exports", SCHEDULE | {"splits": "80/10/10", "format": "csv"}, "Splits cannot", "weekly"),
        ("imports", {"task": "My Task", "file": FILE}, "Task of the texts cannot be", "a,b"),
        ("keys", {"name": "Eve", "scopes": "admin", "expires_at": "soon"}, "Ends cannot", "soon"),
    ],
)  # fmt: skip
async def test_a_refused_form_names_the_field_and_keeps_what_was_typed(
    operator: httpx2.AsyncClient, path: str, form: dict[str, str], says: str, keeps: str
) -> None:
    refused = await send(operator, f"operations/{path}", **form)
    assert refused.status_code == 422
    assert says in refused.text
    assert keeps in refused.text
    assert 'aria-label="Operations"' in refused.text


async def test_a_note_that_is_too_long_is_refused_in_the_inbox_and_on_the_page_of_its_prediction(
    world: World, operator: httpx2.AsyncClient, task: str
) -> None:
    item = await world.log(task=task, prompt="the item", confidence=0.1)
    form = {"item": item, "task": task, "label": "greet", "note": "n" * 9_000}
    for path in ("review", "predictions"):
        refused = await send(operator, f"{path}/label", **form)
        assert refused.status_code == 422
        assert "Note cannot be taken. Expected: at most 8,192 characters." in refused.text
        assert ("the item" in refused.text, "n" * 9_000 in refused.text) == (True, True)


async def test_a_download_and_a_filter_that_cannot_be_read_stay_on_their_page(
    operator: httpx2.AsyncClient,
) -> None:
    faults = {
        "operations/exports/download?days=0": "Days back cannot be taken",
        "predictions?conversation=mine": "Conversation id cannot be taken",
        "truths?text=ab": "Text holds cannot be taken",
    }
    for path, says in faults.items():
        page = await operator.get(f"/dashboard/{path}")
        assert (page.status_code, says in page.text) == (422, True), path


@pytest.mark.parametrize(
    "path",
    ["?days=5", "?task=No+Slug", "/review?queue=none", "/review?worth=x", "/confusion?sample=all",
     "/compare?of=a", "/predictions/none", "/predictions?sort=id", "/operations/alerts?alert=1",
     "/operations/exports?schedule=1", "/operations/erasure/1", "/operations/audit?before=1"],
)  # fmt: skip
async def test_an_address_that_cannot_be_read_is_answered_by_a_page(
    operator: httpx2.AsyncClient, path: str
) -> None:
    page = await operator.get(f"/dashboard{path}", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert 'aria-label="Pages"' in page.text
