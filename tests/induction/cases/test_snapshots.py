"""Ground truth as it was: read whole or not at all, frozen once, each case in its split."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest
from induction import upstream
from induction.cases import service as cases
from induction.migrations import APP
from induction.upstream import UpstreamAway
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import Database, Identity, open_database, session_scope
from nlu_shared.schemas.events import Split
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.fixtures.labelled import add_case, make_task, old_task
from tests.fixtures.stack import Stack, serving
from tests.induction.runs.driving import reached, sql, start

IDENTITY = Identity(APP)


@pytest.fixture(scope="module")
async def database(stack: Stack) -> AsyncIterator[Database]:
    async with open_database(stack.induction_database.app_url) as opened:
        yield opened


@pytest.fixture(scope="module")
async def stream(stack: Stack) -> list[str]:
    """nlu-logger's own answer for a task of six cases, line by line."""
    await make_task(stack, "streamed", cases=6)
    answer = await stack.logger.get("/v1/ground-truth", params={"task": "streamed"})
    return [line for line in answer.text.splitlines() if line]


async def fetched(lines: list[str], *, status: int = 200) -> upstream.GroundTruth:
    """What induction reads from a server that says exactly this."""

    async def say(_: Request) -> Response:
        return PlainTextResponse("\n".join(lines), status)

    async def label(_: Request) -> Response:
        return PlainTextResponse('{"task": "streamed", "version": 1, "labels": []}')

    labels = Route("/v1/tasks/streamed/labels", label)
    app = Starlette(routes=[Route("/v1/ground-truth", say), labels])
    async with serving(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        return await upstream.fetch(client, "streamed")


async def test_a_whole_stream_is_read_with_the_hash_it_claims(
    stream: list[str], stack: Stack
) -> None:
    truth = await fetched(stream)
    assert len(truth.cases) == 6
    assert truth.dataset_hash == json.loads(stream[-1])["sha256"]
    whole = await upstream.fetch(stack.logger, "streamed")
    assert (truth.cases, truth.dataset_hash) == (whole.cases, whole.dataset_hash)
    assert (whole.labels.version, whole.labels.names[0]) == (1, "topic_0")


async def test_labels_that_change_while_cases_are_read_are_read_with_them_again(
    stream: list[str],
) -> None:
    versions = iter((1, 2, 2))

    async def say(_: Request) -> Response:
        return PlainTextResponse("\n".join(stream))

    async def label(_: Request) -> Response:
        version = next(versions)
        return PlainTextResponse(f'{{"task": "streamed", "version": {version}, "labels": []}}')

    labels = Route("/v1/tasks/streamed/labels", label)
    app = Starlette(routes=[Route("/v1/ground-truth", say), labels])
    async with serving(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await upstream.fetch(client, "streamed")).labels.version == 2


@pytest.mark.parametrize("kept", [0, 1, 3, 6])
async def test_a_stream_that_was_cut_is_never_taken_for_the_whole(
    stream: list[str], kept: int
) -> None:
    with pytest.raises(UpstreamAway):
        await fetched(stream[:kept])


async def test_a_case_left_out_or_doubled_or_moved_is_noticed(stream: list[str]) -> None:
    moved = [stream[1], stream[0], *stream[2:]]
    for lines in (stream[1:], [stream[0], *stream], moved):
        with pytest.raises(UpstreamAway):
            await fetched(lines)


@pytest.mark.parametrize("line", ["<html>", "{}", "[]", "7", "null", '{"sha256": 1}', '{"id": 1}'])
async def test_an_answer_that_cannot_be_read_is_a_service_away(
    stream: list[str], line: str
) -> None:
    with pytest.raises(UpstreamAway):
        await fetched([line, *stream])


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500, 503])
async def test_a_refusal_by_nlu_logger_is_a_service_away(stream: list[str], status: int) -> None:
    with pytest.raises(UpstreamAway):
        await fetched(stream, status=status)


async def test_freezing_the_same_data_again_changes_nothing(
    database: Database, stack: Stack, stream: list[str]
) -> None:
    read = await cases.read(database, IDENTITY, stack.logger, "streamed")
    truth = await fetched(stream)
    for _ in range(2):
        async with session_scope(database, IDENTITY) as session:
            await cases.freeze(session, "streamed", read)
    async with session_scope(database, IDENTITY) as session:
        frozen = await cases.load(session, "streamed", truth.dataset_hash)
    assert frozen == tuple(cases.case_of(case) for case in truth.cases)
    (snapshot,) = await sql(stack, "SELECT size FROM snapshots WHERE task = 'streamed'")
    assert snapshot["size"] == 6


async def test_a_case_is_frozen_with_what_stands_before_it_and_forgotten_whole(
    database: Database, stack: Stack
) -> None:
    await old_task(stack, "before", ["topic_0", "topic_1"])
    context = {"before": [{"text": "Who was Ruth?"}], "known": {"people": [{"id": 1}]}}
    body = {"task": "before", "text": "She died.", "truth": {"delete": [1]}, "context": context}
    assert (await stack.logger.post("/v1/ground-truth", json=body)).status_code == 201
    read = await cases.read(database, IDENTITY, stack.logger, "before")
    truth = read.truth
    async with session_scope(database, IDENTITY) as session:
        await cases.freeze(session, "before", read)
        frozen = await cases.load(session, "before", truth.dataset_hash)
        (case,) = [one for one in frozen if one.context is not None]
        assert case.context is not None
        assert (case.context.short, case.transcript) == (context, "Who was Ruth?\nShe died.")
        await cases.blank(session, await cases.copies(session, "before", case.id))
    (left,) = await sql(
        stack,
        "SELECT text, context, forgotten_hash FROM snapshot_cases"
        " WHERE task = 'before' AND forgotten_hash IS NOT NULL",
    )
    (hash,) = [one.hash for one in truth.cases if one.context is not None]
    assert tuple(left.values()) == ("", None, hash)


async def test_a_part_once_given_stays(database: Database, stream: list[str]) -> None:
    case = uuid7()
    for split in (Split.TEST, Split.TRAIN):
        async with session_scope(database, IDENTITY) as session:
            await cases.remember_splits(session, "streamed", uuid7(), {case: split})
    async with session_scope(database, IDENTITY) as session:
        assert (await cases.known_splits(session, "streamed"))[case] is Split.TEST


async def test_a_run_sees_the_ground_truth_of_its_start_and_keeps_every_part(stack: Stack) -> None:
    await make_task(stack, "growing", cases=8)
    early = await start(stack, "growing", kind="evaluate")
    await add_case(stack.logger, "growing", "where did the courier leave it", "topic_0")
    late = await start(stack, "growing", kind="evaluate")
    async with stack.working(runs_at_once=1):
        first = await reached(stack, early, "completed")
        dealt = await splits(stack)
        second = await reached(stack, late, "completed")
    assert (first["dataset_size"], second["dataset_size"]) == (8, 9)
    assert first["dataset_hash"] != second["dataset_hash"]
    assert sum(first["splits"].values()) == 8
    assert dealt.items() <= (await splits(stack)).items()


async def splits(stack: Stack) -> dict[UUID, str]:
    rows = await sql(stack, "SELECT case_id, split FROM case_splits WHERE task = 'growing'")
    return {row["case_id"]: row["split"] for row in rows}
