"""What the service refuses can be seen, sent again or deleted; what it lost can be sent again."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from nlu_shared.client import Classification, create_nlu_service, last_log_id, logged
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import PredictionIn

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import DEADLINE_SECONDS, Stack
from tests.shared.client.spool.words import ended, prediction_of
from tests.shared.client.spool.world import away, files, spool_of, stored
from tests.shared.client.test_service import CLASSIFICATION, by_function


def of_pair(pair: tuple[str, float]) -> Classification:
    return Classification(intent=pair[0], confidence=pair[1])


def id_of(prediction: PredictionIn) -> UUID:
    assert prediction.id
    return prediction.id


async def test_what_is_refused_is_a_dead_letter_and_its_neighbours_are_not(
    stack: Stack, tmp_path: Path
) -> None:
    first = prediction_of("letters", "first")
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        await spool.log(first)
        assert await spool.flush(DEADLINE_SECONDS)
    (tmp_path / "other").mkdir()
    async with spool_of(tmp_path / "other", str(stack.logger.base_url)) as spool:
        contradiction = prediction_of("letters", "another", id_of(first))
        await spool.log(contradiction)
        await spool.outcome(id_of(first), ended(True))
        await spool.log(prediction_of("letters", "neighbour"))
        assert await spool.flush(DEADLINE_SECONDS)
        (dead,) = await spool.dead_letters()
        assert (dead.log_id, dead.code) == (first.id, "id_conflict")
        assert (await spool.health()).held == 1
        assert await spool.resend([uuid7()]) == 0
        assert await spool.resend([id_of(first)]) == 1
        assert await spool.flush(DEADLINE_SECONDS)
        assert await spool.discard() == 1
        assert (await spool.health()).held == 0
    assert [row["prompt"] for row in await stored(stack, "letters")] == ["first", "neighbour"]


async def test_a_refused_key_empties_nothing_into_dead_letters(
    stack: Stack, tmp_path: Path
) -> None:
    url = str(stack.logger.base_url)
    async with spool_of(tmp_path, url, key="nlk_unknown", closing_seconds=0) as spool:
        await spool.log(prediction_of("refused"))
        assert not await spool.flush(0.5)
        health = await spool.health()
        assert (health.waiting, health.dead) == (1, 0)
        assert "401" in str(health.last_error)
    async with spool_of(tmp_path, url) as spool:
        assert await spool.flush(DEADLINE_SECONDS)
    assert len(await stored(stack, "refused")) == 1


async def test_what_waited_past_the_retention_gets_a_new_id_and_its_outcome_follows(
    stack: Stack, tmp_path: Path
) -> None:
    old = uuid7(datetime.now(UTC) - timedelta(days=91))
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        await spool.log(prediction_of("waited", "long", old))
        await spool.outcome(old, ended(False))
        assert await spool.flush(DEADLINE_SECONDS)
        await spool.outcome(old, ended(True))
        assert await spool.flush(DEADLINE_SECONDS)
        assert (await spool.health()).dead == 0
    (row,) = await stored(stack, "waited")
    assert row["id"] != old
    assert row["was_successful"] is True


async def test_the_newest_word_on_how_it_ended_stands(stack: Stack, tmp_path: Path) -> None:
    prediction = prediction_of("newest")
    async with away(tmp_path) as spool:
        await spool.log(prediction)
        await spool.outcome(id_of(prediction), ended(True))
        await spool.outcome(id_of(prediction), ended(False))
        assert (await spool.health()).held == 1
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        assert await spool.flush(DEADLINE_SECONDS)
    assert (await stored(stack, "newest"))[0]["was_successful"] is False


async def test_reconciling_sends_again_what_the_service_lost(stack: Stack, tmp_path: Path) -> None:
    kept, gone = prediction_of("restored", "kept"), prediction_of("restored", "gone")
    began = datetime.now(UTC)
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        for one in (kept, gone):
            await spool.log(one)
            await spool.outcome(id_of(one), ended(True))
        assert await spool.flush(DEADLINE_SECONDS)
        await lose(stack, id_of(gone))
        never = uuid7()
        reconciled = await spool.reconcile([id_of(kept), id_of(gone), never])
        assert (reconciled.known, set(reconciled.missing), reconciled.resent) == (
            1,
            {gone.id, never},
            1,
        )
        assert await spool.flush(DEADLINE_SECONDS)
        assert (await spool.reconcile(since=began)).known == 2
    rows = await stored(stack, "restored")
    assert {row["prompt"]: row["was_successful"] for row in rows} == {"kept": True, "gone": True}


async def lose(stack: Stack, log_id: UUID) -> None:
    """As a restored backup would."""
    admin = await asyncpg.connect(
        stack.logger_database.admin_url.rpartition("/")[0] + "/" + stack.logger_database.name
    )
    try:
        await admin.execute("DELETE FROM nlu_prompt_logs WHERE id = $1", log_id)
    finally:
        await admin.close()


async def test_what_others_logged_is_not_known(stack: Stack) -> None:
    mine = await stack.logger.post(
        "/v1/predictions", json=prediction_of("theirs").model_dump(mode="json")
    )
    body = {"ids": [mine.json()["log_id"], str(uuid4())]}
    response = await stack.logger.post("/v1/predictions:known", json=body)
    assert response.json() == {"known": [mine.json()["log_id"]]}
    made = await stack.logger.post(
        "/v1/admin/keys",
        json={"name": "other", "scopes": ["predictions:write"], "tasks": ["elsewhere"]},
    )
    stranger = {"authorization": f"Bearer {made.json()['key']}"}
    response = await stack.logger.post("/v1/predictions:known", json=body, headers=stranger)
    assert response.json() == {"known": []}
    many = {"ids": [str(uuid4()) for _ in range(1_001)]}
    assert (await stack.logger.post("/v1/predictions:known", json=many)).status_code == 422


async def test_a_decorated_function_is_logged_and_unchanged(stack: Stack, tmp_path: Path) -> None:
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:

        @logged(spool, task="decorated")
        async def later(message: str) -> Classification:
            return CLASSIFICATION

        @logged(spool, task="decorated", read=of_pair)
        def at_once(message: str) -> tuple[str, float]:
            return "move", 0.9

        @logged(spool, task="decorated")
        def unreadable(message: str) -> str:
            return "no classification"

        @logged(spool, task="decorated")
        def broken(message: str) -> Classification:
            raise ZeroDivisionError

        assert await later("push it") is CLASSIFICATION
        first = last_log_id()
        assert await asyncio.to_thread(at_once, "push it again") == ("move", 0.9)
        assert unreadable("push") == "no classification"
        with pytest.raises(ZeroDivisionError):
            broken("push")
        assert await spool.flush(DEADLINE_SECONDS)
    rows = await stored(stack, "decorated")
    assert [row["prompt"] for row in rows] == ["push it", "push it again"]
    assert rows[0]["id"] == first
    assert all(row["latency_ms"] >= 0 for row in rows)


async def test_a_service_spools_where_a_folder_is_named(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NLU_SPOOL_DIR", str(tmp_path))
    url = str(stack.logger.base_url)
    async with create_nlu_service(by_function, url=url, key=BOOTSTRAP_KEY, task="named") as service:
        await service.process_message(message="push it")
        assert service.dropped == 0
    assert files(tmp_path)


@pytest.mark.law
@pytest.mark.long
async def test_the_command_line_lists_and_buries(stack: Stack, tmp_path: Path) -> None:
    wrong = prediction_of("by-hand", "x", uuid7(datetime.now(UTC) + timedelta(days=3)))
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        await spool.log(wrong)
        assert await spool.flush(DEADLINE_SECONDS)
    assert "dead=1" in await by_hand(tmp_path, "list")
    assert f"{wrong.id}\tid_out_of_range" in await by_hand(tmp_path, "dead")
    assert (await by_hand(tmp_path, "resend", str(wrong.id))).strip().endswith("\t1")
    assert "waiting=1" in await by_hand(tmp_path, "list")


async def by_hand(folder: Path, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "nlu_shared.client.spool", str(folder), *words,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()
