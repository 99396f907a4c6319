"""A database that takes no writes: 503 and when to come again, from both, and neither is ready."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from nlu_shared.kit.data.db import CANNOT_WRITE, CannotWrite, Database, Identity, session_scope
from sqlalchemy import text

from tests.fixtures.databases import Clone
from tests.fixtures.stack import Stack, until
from tests.nlu_logger.world import HELLO, connected

SERVICES = ("nlu_logger", "induction")


@asynccontextmanager
async def changed(clone: Clone, do: str, undo: str) -> AsyncIterator[None]:
    """What the administrator does, which connections made from then on feel."""
    async with connected(clone.admin_url) as admin:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        await admin.execute(do)
        await admin.execute(cut, clone.name)
        try:
            yield
        finally:
            await admin.execute(undo)
            await admin.execute(cut, clone.name)


def of(stack: Stack, service: str) -> tuple[httpx2.AsyncClient, Clone]:
    if service == "nlu_logger":
        return stack.logger, stack.logger_database
    return stack.induction, stack.induction_database


async def written(http: httpx2.AsyncClient, service: str) -> list[httpx2.Response]:
    """A change of each kind: by a session, and by a group's commit."""
    if service == "induction":
        task = {"slug": "unwritten", "kind": "intent", "labels": [{"name": "a"}, {"name": "b"}]}
        return [await http.post("/v1/tasks", json=task)]
    case = {"task": "a", "text": "said", "truth": "a"}
    return [
        await http.post("/v1/ground-truth", json=case),
        await http.post("/v1/predictions", json=HELLO),
    ]


def says_later(answer: httpx2.Response) -> bool:
    body = answer.json()
    return (answer.status_code, body.get("code"), answer.headers.get("retry-after")) == (
        503,
        "cannot_write",
        "30",
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_a_read_only_database_is_told_as_such(stack: Stack, service: str) -> None:
    http, clone = of(stack, service)
    set_to = f'ALTER DATABASE "{clone.name}" SET default_transaction_read_only ='
    async with changed(clone, f"{set_to} on", f"{set_to} off"):
        answers = [*await written(http, service), await unready(http)]
        assert [one.text for one in answers if not says_later(one)] == []
    assert (await http.get("/readyz")).status_code == 200


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_whose_server_has_no_room_for_a_file_is_not_ready(
    stack: Stack, service: str
) -> None:
    http, clone = of(stack, service)
    login = f"{service}_app"
    limit = f'ALTER ROLE {login} IN DATABASE "{clone.name}"'

    async with changed(clone, f"{limit} SET temp_file_limit = 0", f"{limit} RESET ALL"):
        assert says_later(await unready(http))
    assert (await http.get("/readyz")).status_code == 200


async def unready(http: httpx2.AsyncClient) -> httpx2.Response:
    """A good answer stands for a second, whoever asks."""

    async def refuses() -> httpx2.Response | None:
        answer = await http.get("/readyz")
        return answer if answer.status_code != 200 else None

    refusal: httpx2.Response = await until(refuses)
    return refusal


async def test_a_full_disk_is_told_where_a_row_is_written(stack: Stack) -> None:
    http, clone = of(stack, "nlu_logger")
    async with connected(clone.owner_url) as owner:
        await owner.execute(
            "CREATE FUNCTION full_disk() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
        )
        for table in ("ground_truth", "nlu_prompt_logs"):
            await owner.execute(
                f"CREATE TRIGGER full_disk BEFORE INSERT ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION full_disk()"
            )
        try:
            answers = await written(http, "nlu_logger")
        finally:
            await owner.execute("DROP FUNCTION full_disk() CASCADE")
    assert [one.text for one in answers if not says_later(one)] == []


@pytest.mark.parametrize("state", sorted(CANNOT_WRITE))
async def test_every_state_in_which_nothing_can_be_written_is_one_error(
    database: Database, app: Identity, state: str
) -> None:
    with pytest.raises(CannotWrite):
        async with session_scope(database, app) as session:
            await session.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
            )
