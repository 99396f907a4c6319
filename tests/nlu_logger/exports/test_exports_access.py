"""Whom an export is for, what it refuses, and how it ends when it cannot go on."""

from typing import Any

import httpx2
import pytest

from tests.fixtures.stack import client
from tests.nlu_logger.world import World, connected

SURE, UNSURE = 0.92, 0.67


@pytest.mark.parametrize("kind", ["retraining", "review", "pairs"])
async def test_a_key_limited_to_tasks_exports_no_other(world: World, kind: str, task: str) -> None:
    for number, confidence in enumerate((SURE, SURE, UNSURE)):
        for where in (task, f"{task}-other"):
            await world.log(task=where, prompt=f"{where} {number}", confidence=confidence)
    async with await world.key("exports:read", tasks=[task]) as limited:
        mine = await limited.get(f"/v1/exports/{kind}")
        other = await limited.get(f"/v1/exports/{kind}", params={"task": f"{task}-other"})
    assert mine.status_code == 200
    assert f"{task} " in mine.text
    assert "-other" not in mine.text
    assert other.status_code == 403


@pytest.mark.parametrize("more", ["", "reviews:decide", "predictions:write"])
@pytest.mark.parametrize("kind", ["retraining", "review", "pairs"])
async def test_every_role_that_may_hold_the_scope_can_read(
    world: World, kind: str, more: str
) -> None:
    """Scopes choose the database role, and each role needs its grants."""
    async with await world.key("exports:read", *filter(None, [more])) as reader:
        assert (await reader.get(f"/v1/exports/{kind}")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("retraining", {"days": 0}),
        ("retraining", {"days": 36_501}),
        ("retraining", {"format": "xml"}),
        ("retraining", {"min_confidence": "nan"}),
        ("review", {"confidence_threshold": 1.1}),
        ("review", {"task": "No Slug"}),
        ("pairs", {"seed": 2**63}),
        ("pairs", {"per_text": 0}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    world: World, kind: str, params: dict[str, Any]
) -> None:
    answer = await world.admin.get(f"/v1/exports/{kind}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_stream_whose_database_dies_ends_as_broken_not_as_short(
    world: World, task: str
) -> None:
    async with connected(world.database.owner_url) as owner, client(world.url) as reader:
        await owner.execute(
            "CREATE POLICY filling ON nlu_prompt_logs FOR INSERT TO nlu_logger_owner"
            " WITH CHECK (true)"
        )
        await owner.execute(
            "INSERT INTO nlu_prompt_logs"
            " (id, task, prompt, predicted_intent, confidence, body_hash)"
            " SELECT gen_random_uuid(), $1, repeat('long ', 4000), 'a', 0.9, ''"
            " FROM generate_series(1, 3000)",
            task,
        )
        params = {"task": task}
        async with reader.stream("GET", "/v1/exports/retraining", params=params) as answer:
            chunks = answer.aiter_bytes()
            await anext(chunks)
            async with connected(world.database.admin_url) as admin:
                ended = await admin.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = $1 AND query LIKE '%standing%' AND pid <> pg_backend_pid()",
                    world.database.name,
                )
                assert len(ended) == 1
            with pytest.raises(httpx2.RemoteProtocolError):
                async for _ in chunks:
                    pass
    assert (await world.admin.get("/readyz")).status_code == 200
