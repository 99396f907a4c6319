"""Importing history again after an erasure brings nobody back, and says so line by line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.imports.test_commands import environment
from tests.nlu_logger.imports.test_history import lines, row, send
from tests.nlu_logger.privacy.erasing import erase
from tests.nlu_logger.world import World, connected, opened


def states(result: dict[str, Any]) -> list[tuple[int, str | None]]:
    return [(one["status"], one["code"]) for one in result["items"]]


async def stored(world: World, task: str) -> int:
    async with connected(world.database.owner_url) as owner:
        count: int = await owner.fetchval(
            "SELECT count(*) FROM nlu_prompt_logs WHERE task = $1", task
        )
    return count


async def test_the_same_file_again_leaves_the_erased_away(world: World, task: str) -> None:
    gone, stays = uuid4(), uuid4()
    body = lines(
        row(user_id=str(gone), corrected_intent="leave"), row(user_id=str(stays)), row(user_id=None)
    )
    assert (await send(world, task, body, approve=True))["created"] == 3
    await erase(world, gone)
    again = await send(world, task, body, approve=True)
    assert states(again) == [(200, "erased"), (200, None), (200, None)]
    assert (again["erased"], again["refused"]) == (1, 0)
    assert str(gone) not in json.dumps(again)
    assert await stored(world, task) == 2
    assert (await world.truth(task))[-1]["count"] == 0


async def test_another_dump_brings_no_earlier_row_of_an_erased_person(
    world: World, task: str
) -> None:
    """Nothing of it was here before; what they say after the erasure is new."""
    person = uuid4()
    await erase(world, person)
    later = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    body = lines(row(user_id=str(person)), row(user_id=str(person), created_at=later))
    result = await send(world, task, body)
    assert states(result) == [(200, "erased"), (201, None)]
    assert await stored(world, task) == 1


async def test_a_review_file_does_not_speak_of_the_erased(world: World, task: str) -> None:
    person = uuid4()
    log_id = await world.log(task=task, user_id=str(person))
    await erase(world, person)
    answer = await world.admin.post(
        "/v1/corrections:import",
        content=json.dumps({"id": log_id, "corrected_intent": "a"}),
        headers={"content-type": "application/x-ndjson"},
    )
    assert states(answer.json()) == [(200, "erased")]


async def test_the_command_says_how_many_stay_erased(
    world: World, task: str, tmp_path: Path
) -> None:
    person, file = uuid4(), tmp_path / "logs.jsonl"
    file.write_text(lines(row(user_id=str(person)), row()))
    await erase(world, person)
    ended, printed, _ = await typed("import-logs", file, "--task", task, env=environment(world))
    assert (ended, printed) == (
        0, "1 new, 0 there already, 0 skipped, 1 erased, 0 refused\n"
    )  # fmt: skip


async def test_a_database_that_was_set_back_knows_the_erased_by_their_receipts(
    databases: Databases, servers: Servers, task: str, tmp_path: Path
) -> None:
    """As after a restore to a time before anything of theirs was there."""
    journal, person = tmp_path / "erasures.jsonl", uuid4()
    body = lines(row(user_id=str(person)), row())
    async with opened(databases, servers, erasure_journal=journal) as before:
        await send(before, task, body)
        await erase(before, person)
    async with opened(databases, servers) as restored:
        env = {
            "NLU_LOGGER_DATABASE_URL": restored.database.app_url,
            "NLU_LOGGER_REDIS_URL": "redis://127.0.0.1",
        }
        ended, printed, complained = await typed("erase-again", "--receipts", journal, env=env)
        assert (ended, complained) == (0, ""), complained
        assert printed.startswith("1 erasures made again")
        assert states(await send(restored, task, body)) == [(200, "erased"), (201, None)]
