"""nlu-logger is set back to a backup, with the commands of docs/restore.md: what was erased since
is erased again, what is erased from then on is forgotten, and nothing is forgotten twice."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from induction.privacy.jobs import forget_once
from induction.resources import Resources, open_resources
from structlog.testing import capture_logs

from deploy.local.placement import wheel_programs
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened

SET_BACK = "the list of erased cases was set back; it is read again"


@dataclass(frozen=True)
class Place:
    stack: Stack
    resources: Resources
    journal: Path
    folder: Path


@pytest.fixture
async def place(databases: Databases, servers: Servers, tmp_path: Path) -> AsyncIterator[Place]:
    journal = tmp_path / "erasures.jsonl"
    async with (
        opened(databases, servers, erasure_journal=journal) as stack,
        open_resources(stack.settings) as resources,
    ):
        yield Place(stack, resources, journal, tmp_path)


def program(name: str, *arguments: str) -> None:
    done = subprocess.run(
        [wheel_programs() / name, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def above(clone: Clone) -> str:
    """The database, for its administrator."""
    return f"{clone.admin_url.rpartition('/')[0]}/{clone.name}"


def back_up(place: Place, clone: Clone) -> None:
    program("pg_dump", "--format=custom", f"--file={place.folder / 'backup'}", above(clone))


async def set_back(place: Place, clone: Clone) -> None:
    admin = await asyncpg.connect(clone.admin_url)
    await admin.execute(f'DROP DATABASE "{clone.name}" WITH (FORCE)')
    await admin.close()
    program("pg_restore", "--create", f"--dbname={clone.admin_url}", str(place.folder / "backup"))


def nlu_logger(place: Place, *arguments: str | Path) -> str:
    variables = {
        "NLU_LOGGER_DATABASE_URL": place.stack.logger_database.app_url,
        "NLU_LOGGER_REDIS_URL": place.stack.settings.redis,
    }
    done = subprocess.run(
        [sys.executable, "-m", "nlu_logger.cli", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def say(place: Place, person: str, text: str) -> str:
    """The id of the case that a person's prediction became."""
    logger = place.stack.logger
    prediction = {"prompt": text, "predicted_intent": "a", "confidence": 0.9, "user_id": person}
    log_id = (await logger.post("/v1/predictions", json=prediction)).json()["log_id"]
    confirmed = await logger.post(f"/v1/predictions/{log_id}/confirm", json={})
    path = f"/v1/corrections/{confirmed.json()['id']}/approve"
    return str((await logger.post(path, json={})).json()["ground_truth_id"])


async def erase(place: Place, person: str) -> dict[str, object]:
    answer = await place.stack.logger.delete(f"/v1/users/{person}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def cases(place: Place) -> set[str]:
    stream = await place.stack.logger.get("/v1/ground-truth", params={"task": "intent"})
    assert stream.status_code == 200, stream.text
    return {line.split('"id":"')[1][:36] for line in stream.text.splitlines() if '"id":"' in line}


async def forgotten(place: Place) -> list[str]:
    """Case ids in the order in which induction heard of them."""
    answer = await place.stack.induction.get("/v1/admin/forgotten", params={"limit": 1000})
    assert all(one["forgotten_at"] for one in answer.json()["items"])
    (place.folder / "forgotten").write_bytes(answer.content)
    return [one["case_id"] for one in answer.json()["items"]]


@pytest.mark.law
async def test_what_was_erased_after_the_backup_is_erased_again_and_later_erasures_arrive(
    place: Place,
) -> None:
    people = {name: str(uuid4()) for name in ("before", "after", "silent", "later")}
    held = {name: await say(place, id, f"said by {name}") for name, id in people.items()}
    removed = await say(place, str(uuid4()), "to be removed")
    await erase(place, people["before"])
    await forget_once(place.resources)
    # Said and approved anew by somebody else: an old line of the list must not forget this one.
    assert await say(place, str(uuid4()), "said by before") == held["before"]
    back_up(place, place.stack.logger_database)
    receipts = [await erase(place, people["after"]), await erase(place, people["silent"])]
    await place.stack.logger.delete(f"/v1/ground-truth/{removed}")
    await forget_once(place.resources)
    known = await forgotten(place)

    await set_back(place, place.stack.logger_database)
    assert {held["after"], held["silent"], removed} <= await cases(place)

    summary = nlu_logger(
        place, "erase-again", "--receipts", place.journal, "--forgotten", place.folder / "forgotten"
    )
    assert summary == "2 erasures made again, 2 predictions and 1 cases removed"
    assert await cases(place) == {held["before"], held["later"]}
    again = nlu_logger(place, "erase-again", "--receipts", place.journal)
    assert again == "0 erasures made again, 0 predictions and 0 cases removed"
    for receipt in receipts:
        shown = await place.stack.logger.get(f"/v1/users/erasures/{receipt['id']}")
        assert shown.json() == receipt

    with capture_logs() as logs:
        await forget_once(place.resources)
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == [SET_BACK]
    await erase(place, people["later"])
    await forget_once(place.resources)
    heard = (await forgotten(place))[len(known) :]
    assert sorted(heard[:-1]) == sorted([held["after"], held["silent"], removed])
    assert heard[-1] == held["later"]
    with capture_logs() as logs:
        await forget_once(place.resources)
    assert logs == []


async def test_an_induction_that_was_set_back_hears_of_every_erasure_again(place: Place) -> None:
    people = [str(uuid4()) for _ in range(2)]
    held = [await say(place, id, f"said by {id}") for id in people]
    await erase(place, people[0])
    await forget_once(place.resources)
    back_up(place, place.stack.induction_database)
    await erase(place, people[1])
    await forget_once(place.resources)
    await set_back(place, place.stack.induction_database)
    assert await forgotten(place) == held[:1]
    await forget_once(place.resources)
    assert await forgotten(place) == held


async def test_a_client_that_sends_what_a_restore_lost_does_not_bring_back_the_erased(
    place: Place,
) -> None:
    """`reconcile` asks which ids are known, and sends the others."""
    logger = place.stack.logger
    person = str(uuid4())
    prediction = {"prompt": "hello", "predicted_intent": "a", "confidence": 0.9, "user_id": person}
    log_id = (await logger.post("/v1/predictions", json=prediction)).json()["log_id"]
    unknown = str(uuid4())
    await erase(place, person)
    answer = await logger.post("/v1/predictions:known", json={"ids": [log_id, unknown]})
    assert answer.json() == {"known": [log_id]}
