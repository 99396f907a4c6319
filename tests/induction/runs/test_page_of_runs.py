"""A page of runs takes as many statements as one run, however much each has tried."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import induction.app
import pytest
from nlu_shared.ids import uuid7
from sqlalchemy import event

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client, serving

TASK = "paged"
RUNS, CHANGES, CALLS = 50, 5, 10
RUN = """
INSERT INTO runs (id, task, kind, trigger_type, status, limits, hints, seed, task_model,
    proposer_model, provider, engine_version, baseline_version_id)
VALUES ($1, $2, 'improve', 'manual', 'completed', '{}', '[]', 0, 'm', 'm', 'offline', 'x', $3)
"""
CHANGE = """
INSERT INTO run_changes (run_id, n, iteration, change, outcome, fixed)
VALUES ($1, $2, $2, $3, 'kept', ARRAY[$1]::uuid[])
"""
CALL = """
INSERT INTO llm_calls (run_id, key, sample, purpose, provider, model, adapter, epoch, attempts,
    outcome)
VALUES ($1, $2, 0, 'task', 'offline', 'm', 'x', 0, 1, 'ok')
"""
SCORE = """
INSERT INTO prompt_scores (version_id, run_id, split, objective, components, cases, dataset_hash,
    model, scorer)
VALUES ($1, $2, 'validation', 0.5, '{"a": 0.5}', 4, 'd', 'm', 's')
"""
SOME_CHANGE = json.dumps({"strategy": "B", "rationale": "Say more.", "edits": []})


@dataclass(frozen=True)
class Watched:
    """A service of these runs, and a way to see the statements it sends."""

    http: httpx2.AsyncClient
    engine: Any

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(self.engine, "before_cursor_execute", note)


def one_parameter(statement: str) -> str:
    """The statement, a list of parameters as one."""
    return re.sub(r"\$\d+(::\w+)?(, \$\d+(::\w+)?)*", "$1", statement)


@pytest.fixture(scope="module")
async def watched(stack: Stack) -> AsyncIterator[Watched]:
    version = await make_task(stack, TASK)
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        for _ in range(RUNS):
            run = uuid7()
            await owner.execute(RUN, run, TASK, version)
            await owner.execute(SCORE, version, run)
            for n in range(1, CHANGES + 1):
                await owner.execute(CHANGE, run, n, SOME_CHANGE)
            await owner.executemany(CALL, [(run, f"{n}") for n in range(CALLS)])
    finally:
        await owner.close()
    app = induction.app.build(stack.settings)
    async with serving(app) as url, client(url) as http:
        yield Watched(http, app.state.resources.database.engine.sync_engine)


async def test_fifty_runs_take_as_many_statements_as_one(watched: Watched) -> None:
    """The service's own statements may come between, each once."""
    sent: dict[int, list[str]] = {}
    for limit in (1, RUNS):
        with watched.statements() as sent[limit]:
            answer = await watched.http.get("/v1/runs", params={"task": TASK, "limit": limit})
        items = answer.json()["items"]
        assert len(items) == limit
        assert all(len(one["changes"]) == CHANGES for one in items)
        assert all(one["components"] == {"a": 0.5} for one in items)
        assert all(one["spend"]["calls"] == CALLS for one in items)
    one, fifty = (Counter(map(one_parameter, sent[limit])) for limit in (1, RUNS))
    assert one
    assert {text: times for text, times in fifty.items() if times > one.get(text, 1)} == {}
