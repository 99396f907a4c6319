"""nlu-logger answers slowly: who waits for it holds no connection, and nobody else waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from induction.privacy.jobs import forget_once
from induction.resources import open_resources
from nlu_shared.schemas.verdicts import ErrorAnalysis, LabelFinding
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving, until
from tests.induction.runs.driving import sql, start

IN_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
"""


@dataclass
class SlowLog:
    """nlu-logger's own answers, kept back while `open` is not set."""

    stack: Stack | None = None
    waiting: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        assert self.stack is not None
        if request.url.path.endswith("/erased"):
            return JSONResponse({"items": [], "next_cursor": None})
        upstream = await self.stack.logger.request(
            request.method,
            request.url.path,
            params=dict(request.query_params),
            content=await request.body(),
            headers={"content-type": "application/json"},
        )
        if request.url.path.endswith("/labels"):  # with which a task is made, before all of this
            return Response(upstream.content, upstream.status_code, media_type="application/json")
        self.waiting += 1
        try:
            await self.open.wait()
        finally:
            self.waiting -= 1
        return Response(
            upstream.content, upstream.status_code, media_type=upstream.headers["content-type"]
        )

    async def are_waiting(self, count: int) -> bool:
        return self.waiting >= count


@asynccontextmanager
async def slow_log(databases: Databases, servers: Servers) -> AsyncIterator[SlowLog]:
    log = SlowLog()
    app = Starlette(routes=[Route("/{path:path}", log.answer, methods=["GET", "POST", "PUT"])])
    async with (
        serving(app) as url,
        opened(databases, servers, nlu_logger_url=url, key_cache_seconds=5) as stack,
    ):
        log.stack = stack
        try:
            yield log
        finally:
            log.open.set()


async def held(stack: Stack) -> int:
    ((count,),) = await sql(stack, IN_TRANSACTION)
    return int(count)


@pytest.mark.law
async def test_starts_that_wait_for_ground_truth_delay_nobody(
    databases: Databases, servers: Servers
) -> None:
    async with slow_log(databases, servers) as log:
        stack = log.stack
        assert stack is not None
        await make_task(stack, "slow", cases=8)
        orders = [{"task": "slow", "dry_run": n % 2 == 1} for n in range(24)]
        starts = [asyncio.create_task(stack.induction.post("/v1/runs", json=one)) for one in orders]
        await until(lambda: log.are_waiting(len(starts)))
        assert await held(stack) == 0
        for path in ("/readyz", "/v1/tasks", "/v1/runs"):
            # 503 after 1.4 s, where the pool is empty.
            assert (await stack.induction.get(path)).status_code == 200
        log.open.set()
        answers = await asyncio.gather(*starts)
    assert {one.status_code for one in answers[1::2]} == {200}
    assert sorted(one.status_code for one in answers[::2]) == [202, *[409] * 11]
    assert {one.json()["code"] for one in answers[::2] if one.status_code == 409} == {"run_active"}


@pytest.mark.law
async def test_a_consideration_that_waits_holds_nothing(
    databases: Databases, servers: Servers
) -> None:
    async with slow_log(databases, servers) as log:
        stack = log.stack
        assert stack is not None
        await make_task(stack, "considered", cases=24)
        rules = {"task": "considered", "enabled": True}
        await stack.induction.post("/v1/admin/auto-trigger", json=rules)
        async with stack.working(consider_seconds=0.05):
            await until(lambda: log.are_waiting(1))
            assert await held(stack) == 0
            log.open.set()

            async def decided() -> bool:
                page = (await stack.induction.get("/v1/admin/auto-trigger/decisions")).json()
                return any(one["run_id"] for one in page["items"])

            await until(decided)


async def test_what_was_forgotten_while_it_was_read_is_not_frozen(
    databases: Databases, servers: Servers
) -> None:
    """The case leaves nlu-logger, and is forgotten here, between its reading and its freezing."""
    async with slow_log(databases, servers) as log:
        stack = log.stack
        assert stack is not None
        await make_task(stack, "forgetful", cases=8)
        case = await stack.logger.post(
            "/v1/ground-truth",
            json={"task": "forgetful", "text": "a private word", "truth": "topic_0"},
        )
        starting = asyncio.create_task(stack.induction.post("/v1/runs", json={"task": "forgetful"}))
        await until(lambda: log.are_waiting(1))
        await stack.logger.delete(f"/v1/ground-truth/{case.json()['id']}")
        direct = {"nlu_logger_url": str(stack.logger.base_url)}
        async with open_resources(stack.settings.model_copy(update=direct)) as resources:
            await forget_once(resources)
        log.open.set()
        refused = await starting
        assert (refused.status_code, refused.json()["code"]) == (503, "forgotten_meanwhile")
        assert await sql(stack, "SELECT FROM snapshot_cases") == []
        assert await start(stack, "forgetful")
        kept = await sql(stack, "SELECT FROM snapshot_cases WHERE text = 'a private word'")
        assert kept == []


async def test_findings_that_are_slowly_taken_hold_nothing(
    databases: Databases, servers: Servers
) -> None:
    async with slow_log(databases, servers) as log:
        stack = log.stack
        assert stack is not None
        await make_task(stack, "doubted", cases=4)
        log.open.set()
        run = await start(stack, "doubted", kind="evaluate")
        log.open.clear()
        ((case,),) = await sql(stack, "SELECT case_id::text FROM snapshot_cases LIMIT 1")
        misses = ErrorAnalysis(total=1, counts={}, case_ids={}, summary="", labels=[doubt(case)])
        await sql(
            stack,
            """
            UPDATE runs SET status = 'completed', completed_at = now(), error_analysis = $2
            WHERE id = $1
            """,
            run,
            misses.model_dump_json(),
        )
        async with stack.working(findings_seconds=0.05):
            await until(lambda: log.are_waiting(1))
            assert await held(stack) == 0
            log.open.set()

            async def findings_sent() -> bool:
                query = "SELECT findings_sent_at IS NOT NULL FROM runs WHERE id = $1"
                ((done,),) = await sql(stack, query, run)
                return bool(done)

            await until(findings_sent)
        queue = "/v1/reviews/queues/suspicious-label"
        items = (await stack.logger.get(queue, params={"task": "doubted"})).json()["items"]
        assert [item["id"] for item in items] == [case]


def doubt(case: str) -> LabelFinding:
    return LabelFinding(case_id=UUID(case), predicted="topic_1", agreeing=2, versions=2, repeats=1)
