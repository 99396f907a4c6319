"""The stream induction reads: whole, in order, and named by its hash."""

import asyncio
import json
from typing import Any

import pytest
from nlu_shared.schemas.ground_truth import GroundTruthCase, case_hash, dataset_hash

from tests.nlu_logger.world import World


async def add(world: World, task: str, text: str, truth: Any, **more: Any) -> None:
    case = {"task": task, "text": text, "truth": truth, **more}
    answer = await world.admin.post("/v1/ground-truth", json=case)
    assert answer.status_code == 201, answer.text


@pytest.mark.law
async def test_the_stream_ends_with_the_hash_of_what_it_sent(world: World, task: str) -> None:
    rows = [{"text": f"text {number} ü😀", "label": f"label {number % 7}"} for number in range(600)]
    sent = await world.admin.post(  # more than are read at once
        "/v1/ground-truth:import",
        params={"task": task},
        content="\n".join(map(json.dumps, rows)).encode(),
        headers={"content-type": "application/x-ndjson"},
    )
    assert sent.json()["created"] == len(rows), sent.text
    answer = await world.admin.get("/v1/ground-truth", params={"task": task})
    *cases, end = await world.truth(task)
    read = [GroundTruthCase.model_validate(case) for case in cases]
    assert [case.id for case in read] == sorted(case.id for case in read)
    for case in read:
        fields = case.model_dump(exclude={"id", "hash"})
        assert case.hash == case_hash(**fields)
    assert end == {"count": 600, "sha256": dataset_hash(case.hash for case in read)}
    assert answer.headers["etag"] == f'"{end["sha256"]}"'
    assert answer.headers["content-type"] == "application/x-ndjson"


async def test_a_task_without_cases_is_an_empty_data_set(world: World, task: str) -> None:
    assert await world.truth(task) == [{"count": 0, "sha256": dataset_hash([])}]


async def test_what_is_known_already_is_not_sent_again(world: World, task: str) -> None:
    await add(world, task, "one", "a")
    params = {"task": task}
    first = await world.admin.get("/v1/ground-truth", params=params)
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = await world.admin.get(
            "/v1/ground-truth", params=params, headers={"if-none-match": known}
        )
        assert (again.status_code, again.text, again.headers["etag"]) == (304, "", etag)
    await add(world, task, "two", "b")
    changed = await world.admin.get(
        "/v1/ground-truth", params=params, headers={"if-none-match": etag}
    )
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_stream_shows_one_moment_while_cases_arrive(world: World, task: str) -> None:
    async def write() -> None:
        for number in range(60):
            await add(world, task, f"text {number}", "a")

    async def read() -> list[list[dict[str, Any]]]:
        return [await world.truth(task) for _ in range(15)]

    _, streams = await asyncio.gather(write(), read())
    for *cases, end in streams:
        assert end["count"] == len(cases)
        assert end["sha256"] == dataset_hash(case["hash"] for case in cases)


@pytest.mark.parametrize("truth", ["label", {"people": [{"name": "Ann", "age": 4.5}]}, {}])
async def test_any_truth_comes_back_as_it_was_said(world: World, task: str, truth: Any) -> None:
    await add(world, task, "said", truth, group="g", may_quote=False)
    case, _ = await world.truth(task)
    assert (case["truth"], case["group"], case["may_quote"]) == (truth, "g", False)


async def test_another_truth_for_a_known_text_is_a_conflict(world: World, task: str) -> None:
    await add(world, task, "said", "a")
    case = {"task": task, "text": " SAID ", "truth": "b"}
    answer = await world.admin.post("/v1/ground-truth", json=case)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflicting_truth")


async def test_a_removed_case_is_gone(world: World, task: str) -> None:
    await add(world, task, "said", "a")
    path = f"/v1/ground-truth/{(await world.truth(task))[0]['id']}"
    assert (await world.admin.delete(path)).status_code == 204
    assert (await world.admin.delete(path)).status_code == 404
    assert (await world.truth(task))[-1]["count"] == 0
