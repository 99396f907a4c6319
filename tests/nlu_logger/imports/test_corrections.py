"""The filled review file comes back: said once per line, whoever sends it how often."""

import asyncio
import csv
import io
import json
from functools import partial
from typing import Any

import httpx2
import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import patiently
from tests.nlu_logger.world import World, connected, opened

MARK = "\ufeff"
TYPES = {"jsonl": "application/x-ndjson", "json": "application/json", "csv": "text/csv"}


async def send(world: World, body: str, form: str = "jsonl", **params: Any) -> dict[str, Any]:
    answer = await world.admin.post(
        "/v1/corrections:import", content=body, headers={"content-type": TYPES[form]}, params=params
    )
    assert answer.status_code == 207, answer.text
    result: dict[str, Any] = answer.json()
    return result


def lines(*rows: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


def counted(result: dict[str, Any]) -> tuple[int, int, int, int]:
    return result["created"], result["repeated"], result["skipped"], result["refused"]


def filled_in(exported: str, form: str, intents: dict[str, str]) -> str:
    """What a reviewer makes of the export, in the form it came in."""
    if form == "csv":
        rows: list[dict[str, Any]] = list(
            csv.DictReader(io.StringIO(exported.removeprefix(MARK), newline=""))
        )
    else:
        rows = (
            json.loads(exported) if form == "json" else list(map(json.loads, exported.splitlines()))
        )
    for row in rows:
        row["corrected_intent"] = intents.get(row["id"], "")
        row["notes"] = "seen" if row["id"] in intents else ""
    if form == "jsonl":
        return lines(*rows)
    if form == "json":
        return json.dumps(rows)
    written = io.StringIO()
    table = csv.DictWriter(written, rows[0])
    table.writeheader()
    table.writerows(rows)
    return MARK + written.getvalue()


@pytest.mark.parametrize("form", TYPES)
async def test_the_exported_file_filled_in_is_what_people_said(
    world: World, task: str, form: str
) -> None:
    wrong, right, unseen = [
        await world.log(task=task, prompt=prompt, confidence=0.2)
        for prompt in ("=1+1", "line\nbreak", "never mind")
    ]
    query = {"task": task, "format": form}
    exported = await world.admin.get("/v1/exports/review", params=query)
    body = filled_in(exported.text, form, {wrong: " leave ", right: "greet"})
    result = await send(world, body, form)
    assert counted(result) == (2, 0, 1, 0)
    shown = [(await world.admin.get(f"/v1/predictions/{one}")).json() for one in (wrong, right)]
    assert [one["corrected_intent"] for one in shown] == ["leave", None]
    again = await send(world, body, form)
    assert counted(again) == (0, 2, 1, 0)
    assert [one["id"] for one in again["items"]] == [one["id"] for one in result["items"]]
    left = await world.admin.get("/v1/exports/review", params={"task": task})
    assert [json.loads(line)["id"] for line in left.text.splitlines()] == [unseen]
    async with connected(world.database.owner_url) as owner:
        corrections = await owner.fetch(
            "SELECT is_confirmation, status, correction_notes FROM corrections"
            " WHERE prediction_id = ANY($1::uuid[]) ORDER BY 1",
            [wrong, right],
        )
    assert [tuple(row) for row in corrections] == [
        (False, "proposed", "seen"),
        (True, "proposed", "seen"),
    ]


async def test_the_review_file_goes_through_a_spreadsheet_and_comes_back(
    world: World, task: str
) -> None:
    """A spreadsheet knows UTF-8 by its mark, and saves with its own separator and line ends."""
    prompts = ["Grüße; «Ø»", "=1+1", 'two\nlines, "quoted"']
    logged = [await world.log(task=task, prompt=one, confidence=0.2) for one in prompts]
    query = {"task": task, "format": "csv"}
    exported = (await world.admin.get("/v1/exports/review", params=query)).content
    assert exported.startswith(MARK.encode())
    header, *rows = csv.reader(io.StringIO(exported.decode("utf-8-sig"), newline=""))
    assert sorted(row[header.index("prompt")] for row in rows) == sorted(
        ["'" + one if one.startswith("=") else one for one in prompts]
    )
    for row in rows:
        row[header.index("corrected_intent")] = " Grüßen "
    saved = io.StringIO()
    csv.writer(saved, delimiter=";", lineterminator="\r\n").writerows([header, *rows])
    path, kind = "/v1/corrections:import", {"content-type": TYPES["csv"]}
    ansi = await world.admin.post(path, content=saved.getvalue().encode("cp1252"), headers=kind)
    assert {one["code"] for one in ansi.json()["items"]} == {"invalid_text"}
    assert all("CSV UTF-8" in one["detail"] for one in ansi.json()["items"])
    result = await send(world, MARK + saved.getvalue(), "csv")
    assert counted(result) == (3, 0, 0, 0)
    shown = [(await world.admin.get(f"/v1/predictions/{one}")).json() for one in logged]
    assert {one["corrected_intent"] for one in shown} == {"Grüßen"}


async def test_a_bad_line_is_told_and_stops_no_other(world: World, task: str) -> None:
    good = await world.log(task=task)
    secret = "the reviewer's own words"
    body = "\n".join(
        [
            lines({"id": str(uuid7()), "corrected_intent": "a"}),
            "no json",
            lines({"id": good, "corrected_intent": "leave", "notes": secret * 500}),
            lines({"id": good}),
            lines({"id": secret, "corrected_intent": "a"}),
            lines({"id": good, "corrected_intent": "leave\u0000"}),
            "",
            lines({"id": good, "corrected_intent": "leave", "notes": None, "more": 1}),
        ]
    )
    result = await send(world, body)
    outcomes = [(one["line"], one["status"], one["code"]) for one in result["items"]]
    assert outcomes == [
        (1, 404, "not_found"),
        (2, 422, "invalid_json"),
        (3, 422, "invalid"),
        (4, 422, "invalid"),
        (5, 404, "not_found"),
        (6, 422, "invalid"),
        (8, 201, None),
    ]
    assert secret not in json.dumps(result)


async def test_approved_at_once_it_is_ground_truth(world: World, task: str) -> None:
    first, same, other = [await world.log(task=task, prompt=p) for p in ("a", "A", "b")]
    body = lines(
        {"id": first, "corrected_intent": "x"},
        {"id": same, "corrected_intent": "y"},
        {"id": other, "corrected_intent": "greet"},
    )
    result = await send(world, body, approve=True)
    assert [(one["line"], one["code"]) for one in result["items"] if one["status"] >= 400] in (
        [(1, "conflicting_truth")],
        [(2, "conflicting_truth")],
    )
    assert counted(result) == (2, 0, 0, 1)
    *cases, _ = await world.truth(task)
    assert len(cases) == 2
    assert counted(await send(world, body, approve=True)) == (0, 2, 0, 1)


async def test_approval_needs_its_own_scope_and_its_own_pair_of_eyes(
    databases: Databases, servers: Servers, task: str
) -> None:
    async with opened(databases, servers, require_second_approver=True) as strict:
        body = lines({"id": await strict.log(task=task), "corrected_intent": "leave"})
        result = await send(strict, body, approve=True)
        assert [one["code"] for one in result["items"]] == ["own_correction"]
        async with await strict.key("corrections:write") as writer:
            path, kind = "/v1/corrections:import", {"content-type": TYPES["jsonl"]}
            refused = await writer.post(path, content=body, headers=kind, params={"approve": True})
            assert refused.status_code == 403
            response = await writer.post(path, content=body, headers=kind)
            assert counted(response.json()) == (1, 0, 0, 0)


async def test_a_key_imports_what_it_may_see(world: World, task: str) -> None:
    theirs, mine = await world.log(), await world.log(task=task)
    body = lines(*({"id": one, "corrected_intent": "x"} for one in (theirs, mine)))
    async with await world.key("corrections:write", tasks=[task]) as limited:
        answer = await limited.post(
            "/v1/corrections:import", content=body, headers={"content-type": TYPES["jsonl"]}
        )
    assert [one["status"] for one in answer.json()["items"]] == [404, 201]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/csv", "", 422),
        ("text/csv", "a,a\n", 422),
        ("application/json", "{", 422),
        ("text/plain", "", 415),
        ("text/plain", "a", 415),
        ("application/x-ndjson", "{}\n" * 1_001, 422),
        ("application/x-ndjson", "x" * 9_000_000, 413),
    ],
)
async def test_a_body_that_is_no_such_file_is_a_problem(
    world: World, kind: str, body: str, status: int
) -> None:
    for path in ("corrections:import", "ground-truth:import?task=t", "predictions:import"):
        answer: httpx2.Response = await world.admin.post(
            f"/v1/{path}", content=body, headers={"content-type": kind}
        )
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.law
async def test_imports_and_approvals_at_one_moment_wait_for_each_other(
    world: World, task: str
) -> None:
    logged = [await world.log(task=task, prompt=f"number {n}") for n in range(12)]
    rows = [{"id": one, "corrected_intent": "x"} for one in logged]
    waiting = [await world.correct(one, "x") for one in logged]
    bulk = {"correction_ids": waiting[::-1]}
    results = await asyncio.gather(
        send(world, lines(*rows), approve=True),
        send(world, lines(*rows[::-1]), approve=True),
        send(world, lines(*rows[::-1])),
        *(patiently(partial(world.approve, one)) for one in waiting),
        patiently(lambda: world.admin.post("/v1/corrections:approve", json=bulk)),
    )
    assert {one.status_code for one in results if isinstance(one, httpx2.Response)} == {200}
    assert [counted(one) for one in results if isinstance(one, dict)] == [(0, 12, 0, 0)] * 3
    assert (await world.truth(task))[-1]["count"] == 12


async def test_a_table_is_no_body_for_anything_else(world: World) -> None:
    for path in ("predictions", "predictions:batch", "ground-truth", "corrections:approve"):
        answer = await world.admin.post(
            f"/v1/{path}", content="id,said\n1,secret", headers={"content-type": "text/csv"}
        )
        assert answer.status_code in {415, 422}, answer.text
        assert "secret" not in answer.text
