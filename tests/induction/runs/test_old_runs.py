"""A run that an earlier version recorded is read as any other: in its words of then, in ours now.

The database is built at the revision before the words changed, holds what that version wrote, and
is upgraded as an operator does it.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.older import upgraded_service
from tests.fixtures.servers import Servers

BEFORE_OUR_WORDS = "0013"
TASK = "older"
RUN = UUID("01900000-0000-7000-8000-000000000001")
BASELINE, CANDIDATE, REFUSED = (UUID(f"01900000-0000-7000-8000-00000000001{n}") for n in range(3))
CASES = [f"01900000-0000-7000-8000-00000000002{n}" for n in range(4)]
HASHES = {BASELINE: "a" * 64, CANDIDATE: "b" * 64, REFUSED: "c" * 64}
CONTENT: dict[str, Any] = {"instructions": [{"name": "rules", "text": "Answer."}], "examples": []}
BETTER: dict[str, Any] = {
    "instructions": [{"name": "rules", "text": "Answer well."}],
    "examples": [],
}
CHANGE = {
    "strategy": "B",
    "rationale": "It says too little.",
    "edits": [{"op": "replace_block", "block": "rules", "text": "Answer well."}],
}
VERDICT = {
    "kind": "promising",
    "tested_on": "left out",
    "cases": 40,
    "before": 0.5,
    "after": 0.75,
    "gain": 0.25,
    "interval": [-0.1, 0.5],
    "p_value": 0.2,
    "label_more": 80,
    "says": "It may be better.",
}
MISSES = {
    "total": 3,
    "counts": {"prompt": 2, "ruler": 1},
    "case_ids": {"prompt": CASES[:2], "ruler": CASES[2:3]},
    "labels": [
        {"case_id": CASES[3], "said": "topic_1", "agreeing": 2, "versions": 2, "repeats": 1}
    ],
    "says": "Most of it is the prompt.",
}
NOW = {"procedure_judged": "cross_validated", "misses_attributed": "errors_analysed"}
WHOLE = {"discussions": 4, "objective": 0.6, "components": {"people": 0.6}}


def scored(part: str, version: UUID, objective: float, iteration: int) -> dict[str, Any]:
    return {
        "type": "prompt_evaluated",
        "iteration": iteration,
        "part": part,
        "version_hash": HASHES[version],
        "objective": objective,
        "components": {"people": objective},
        "pooled": {"people": [3, 1, 1]},
        "carried": {"people": 4},
        "whole": WHOLE,
        "cases": 4,
    }


def proposed(version: UUID) -> dict[str, Any]:
    return {
        "type": "prompt_proposed",
        "iteration": 1,
        "change": CHANGE,
        "content": BETTER,
        "version_hash": HASHES[version],
        "parent_hash": HASHES[BASELINE],
        "aims": [{"kind": "wrong", "truth": "topic_0", "predicted": "topic_1"}],
    }


EVENTS: list[dict[str, Any]] = [
    {
        "type": "run_started",
        "dataset_hash": "d" * 64,
        "parts": {"train": 8, "validation": 4, "test": 4},
        "baseline_hash": HASHES[BASELINE],
        "says": ["It can prove little."],
    },
    scored("validation", BASELINE, 0.5, 0),
    proposed(REFUSED),
    {
        "type": "change_rejected",
        "iteration": 1,
        "stage": "gate",
        "reason": "it fixes nothing",
        "version_hash": HASHES[REFUSED],
        "fixed": [],
        "broke": CASES[:1],
    },
    proposed(CANDIDATE),
    scored("validation", CANDIDATE, 0.75, 1),
    {
        "type": "change_kept",
        "iteration": 1,
        "version_hash": HASHES[CANDIDATE],
        "gain": 0.25,
        "fixed": CASES[:2],
        "broke": CASES[2:3],
    },
    {"type": "procedure_judged", "verdict": VERDICT},
    {"type": "verdict_reached", "verdict": VERDICT | {"tested_on": "test"}},
    {"type": "misses_attributed", "misses": MISSES},
    {"type": "run_finished", "status": "completed", "reason": "done", "final_f1": 0.75},
]


async def written_by_then(owner_url: str) -> None:
    """What the version of that revision wrote of one run."""
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute("INSERT INTO tasks VALUES ($1, 'extraction', '[]')", TASK)
        for version, content, parent, run in (
            (BASELINE, CONTENT, None, None),
            (REFUSED, BETTER, BASELINE, RUN),
            (CANDIDATE, BETTER, BASELINE, RUN),
        ):
            await owner.execute(
                """
                INSERT INTO prompt_versions
                    (id, task, version_hash, content, parent_id, run_id, source)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                *(version, TASK, HASHES[version], json.dumps(content), parent, run),
                "import" if run is None else "run",
            )
        await owner.execute(
            """
            INSERT INTO runs (id, task, kind, trigger_type, status, reason, limits, hints, seed,
                task_model, proposer_model, provider, engine_version, ruler, dataset_hash,
                dataset_size, parts, baseline_version_id, best_version_id, baseline_f1, final_f1,
                verdict, procedure, misses, last_event, completed_at)
            VALUES ($1, $2, 'improve', 'manual', 'completed', 'done', '{}', '[]', 0, 'm', 'm',
                'offline', '3', 'extraction-1', $3, 16, $4, $5, $6, 0.5, 0.75, $7, $8, $9, $10,
                now())
            """,
            *(RUN, TASK, "d" * 64, json.dumps(EVENTS[0]["parts"]), BASELINE, CANDIDATE),
            *(json.dumps(VERDICT | {"tested_on": "test"}), json.dumps(VERDICT)),
            *(json.dumps(MISSES), len(EVENTS)),
        )
        for version in (BASELINE, CANDIDATE):
            await owner.execute(
                "INSERT INTO production_prompts (task, version_id, by) VALUES ($1, $2, 'key:old')",
                *(TASK, version),
            )
        for n, body in enumerate(EVENTS, start=1):
            await owner.execute(
                "INSERT INTO run_events (run_id, n, body) VALUES ($1, $2, $3)",
                *(RUN, n, json.dumps(body)),
            )
        for version, objective in ((BASELINE, 0.5), (CANDIDATE, 0.75)):
            await owner.execute(
                """
                INSERT INTO prompt_scores (version_id, run_id, part, objective, components, cases,
                    dataset_hash, model, ruler)
                VALUES ($1, $2, 'validation', $3, $4, 4, $5, 'm', 'extraction-1')
                """,
                *(version, RUN, objective, json.dumps({"people": objective}), "d" * 64),
            )
    finally:
        await owner.close()


@pytest.fixture(scope="module")
async def upgraded(databases: Databases, servers: Servers) -> AsyncIterator[httpx2.AsyncClient]:
    old = await databases.at("induction", BEFORE_OUR_WORDS)
    await written_by_then(old.owner_url)
    async with upgraded_service(old, servers) as opened:
        yield opened


async def test_what_served_then_is_the_beginning_of_the_history(
    upgraded: httpx2.AsyncClient,
) -> None:
    lines = (await upgraded.get(f"/v1/prompts/{TASK}/history")).json()["items"]
    assert [(one["n"], one["version_id"], one["from_version_id"]) for one in lines] == [
        (2, str(CANDIDATE), str(BASELINE)),
        (1, str(BASELINE), None),
    ]
    assert {(one["by"], one["reason"], one["proposal_id"]) for one in lines} == {
        ("key:old", None, None)
    }


async def test_an_old_run_is_shown_with_its_changes_and_scores(
    upgraded: httpx2.AsyncClient,
) -> None:
    run = (await upgraded.get(f"/v1/runs/{RUN}")).json()
    assert run["splits"] == {"train": 8, "validation": 4, "test": 4}
    assert run["scorer"] == "extraction-1"
    assert run["support"] == {"people": 4}
    assert run["per_conversation"]["conversations"] == 4
    assert run["verdict"]["labels_needed"] == 80
    assert run["verdict"]["summary"] == "It may be better."
    assert run["cross_validation"]["tested_on"] == "cross-validation"
    assert run["error_analysis"]["counts"] == {"prompt": 2, "scorer": 1}
    assert run["error_analysis"]["labels"][0]["predicted"] == "topic_1"
    refused, kept = run["changes"]
    assert (refused["outcome"], refused["broke"]) == ("rejected_at_gate", 1)
    assert (kept["outcome"], kept["fixed"], kept["broke"]) == ("kept", 2, 1)
    assert (kept["validation_f1"], kept["version_id"]) == (0.75, str(CANDIDATE))
    assert kept["rationale"] == CHANGE["rationale"]


async def test_an_old_run_stands_in_the_lineage_and_the_blame(
    upgraded: httpx2.AsyncClient,
) -> None:
    answer = (await upgraded.get(f"/v1/prompts/{TASK}/lineage")).json()
    versions = {one["id"]: one for one in answer["items"]}
    assert versions[str(CANDIDATE)]["change"]["rationale"] == CHANGE["rationale"]
    assert versions[str(CANDIDATE)]["validation_f1"] == 0.75
    assert versions[str(BASELINE)]["scorer"] == "extraction-1"
    blamed = (await upgraded.get(f"/v1/prompts/{TASK}/versions/{CANDIDATE}/blame")).json()
    (change,) = blamed["changes"]
    assert (change["judged"], change["fixed"], change["broke"]) == ("kept", CASES[:2], CASES[2:3])


async def test_what_an_old_run_said_is_streamed_in_the_words_of_now(
    upgraded: httpx2.AsyncClient,
) -> None:
    stream = (await upgraded.get(f"/v1/runs/{RUN}/events")).text
    events = [
        json.loads(line.removeprefix("data: "))
        for line in stream.splitlines()
        if line.startswith("data: ")
    ]
    assert len(events) == len(EVENTS)
    assert [one["type"] for one in events] == [NOW.get(one["type"], one["type"]) for one in EVENTS]
    old_words = {"parts", "part", "carried", "whole", "says", "label_more", "ruler", "discussions"}
    old_words |= {"misses"}
    assert not old_words & {name for one in events for name in keys(one)}


def keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [name for key, one in value.items() for name in (key, *keys(one))]
    if isinstance(value, list):
        return [name for one in value for name in keys(one)]
    return []
