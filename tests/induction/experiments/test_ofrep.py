"""What serves by OFREP: the official SDK of OpenFeature with its provider, unchanged, and the
protocol's own words."""

import asyncio
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, client, opened
from tests.induction.experiments.test_experiments import begun, versions

FLAGS = "/ofrep/v1/evaluate/flags"


async def test_the_official_sdk_gets_what_active_answers(stack: Stack) -> None:
    a, b = await versions(stack, "by-sdk")
    made = await begun(stack, "by-sdk", b, shares=[0.5])
    headers = {"Authorization": f"Bearer {BOOTSTRAP_KEY}"}
    api.set_provider(OFREPProvider(str(stack.induction.base_url), headers_factory=lambda: headers))

    def evaluated(task: str, unit: str | None) -> FlagEvaluationDetails[Any]:
        return api.get_client().get_object_details(task, {}, EvaluationContext(unit))

    for number in range(8):
        unit = f"unit {number}"
        seen = await asyncio.to_thread(evaluated, "by-sdk", unit)
        active = await stack.induction.get("/v1/prompts/by-sdk/active", params={"unit": unit})
        assert seen.value == active.json()
        assert seen.variant == active.json()["assigned"]["variant"]
        assert seen.reason == Reason.SPLIT
        assert seen.flag_metadata["version_id"] == (b if seen.variant == "b" else a)
        assert (seen.flag_metadata["experiment_id"], seen.flag_metadata["share"]) == (
            made["id"],
            0.5,
        )
    nobody = await asyncio.to_thread(evaluated, "by-sdk", None)
    assert (nobody.variant, nobody.reason) == ("production", Reason.DEFAULT)
    assert nobody.value["version_id"] == a
    missing = await asyncio.to_thread(evaluated, "by-nobody", "unit 1")
    assert (missing.value, missing.error_code) == ({}, "FLAG_NOT_FOUND")


async def test_an_answer_that_is_held_is_not_sent_again(stack: Stack) -> None:
    await versions(stack, "held")
    for path in (FLAGS, f"{FLAGS}/held"):
        body = {"context": {"targetingKey": "unit 1", "plan": "gold"}}
        first = await stack.induction.post(path, json=body)
        assert first.status_code == 200
        flags = first.json().get("flags") or [first.json()]
        (flag,) = [one for one in flags if one["key"] == "held"]
        assert (flag["variant"], flag["reason"]) == ("production", "STATIC")
        held = {"If-None-Match": first.headers["etag"]}
        again = await stack.induction.post(path, json=body, headers=held)
        assert (again.status_code, again.content) == (304, b"")


async def test_a_flag_is_held_for_all_units_and_parts_them_as_before(
    databases: Databases, servers: Servers
) -> None:
    """What serves changes for a process when its flag is read anew; which unit gets what, never."""
    async with opened(databases, servers, flag_seconds=3600) as stack:
        a, b = await versions(stack, "moving")
        await begun(stack, "moving", b, shares=[0.5])
        units = [{"context": {"targetingKey": f"unit {number}"}} for number in range(8)]
        got = [(await stack.induction.post(f"{FLAGS}/moving", json=one)).json() for one in units]
        assert {one["value"]["version_id"] for one in got} == {a, b}
        moved = await stack.induction.post(f"/v1/prompts/moving/versions/{b}/promote", json={})
        assert moved.is_success, moved.text
        held = [(await stack.induction.post(f"{FLAGS}/moving", json=one)).json() for one in units]
        assert held == got
        everyone = (await stack.induction.post(FLAGS, json=units[0])).json()["flags"]
        assert [one["value"]["version_id"] for one in everyone] == [b]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"context": {"targetingKey": 7}}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": ""}}, "INVALID_CONTEXT"),
        ({"context": []}, "INVALID_CONTEXT"),
        ([], "PARSE_ERROR"),
    ],
)
async def test_what_is_not_understood_is_told_in_the_words_of_the_protocol(
    stack: Stack, body: Any, code: str
) -> None:
    for path in (FLAGS, f"{FLAGS}/some"):
        answer = await stack.induction.post(path, json=body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
        assert answer.json()["errorDetails"]
        assert answer.json().get("key") == (None if path == FLAGS else "some")


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b"{",
        b"",
        b"\xff",
        b"[" * 100,
        b'{"context": {"targetingKey": "\\ud800"}}',
    ],
)
async def test_a_body_that_nobody_can_read_is_told_in_the_words_of_the_protocol(
    stack: Stack, body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    for path in (FLAGS, f"{FLAGS}/some"):
        answer = await stack.induction.post(path, content=body, headers=headers)
        failure = answer.json()
        assert (answer.status_code, failure["errorCode"]) == (400, "PARSE_ERROR")
        assert answer.headers["content-type"] == "application/json"
        assert failure["errorDetails"]
        assert failure.get("key") == (None if path == FLAGS else "some")


async def test_a_flag_of_a_task_that_is_not_there_is_not_found(stack: Stack) -> None:
    answer = await stack.induction.post(f"{FLAGS}/nowhere", json={})
    assert (answer.status_code, answer.json()) == (
        404,
        {"key": "nowhere", "errorCode": "FLAG_NOT_FOUND", "errorDetails": "Nothing serves there."},
    )


async def test_a_key_of_some_tasks_sees_no_others(stack: Stack) -> None:
    await versions(stack, "seen")
    await versions(stack, "unseen")
    body = {"name": "of one", "scopes": ["prompts:read"], "tasks": ["seen"]}
    key = (await stack.induction.post("/v1/admin/keys", json=body)).json()["key"]
    async with client(str(stack.induction.base_url), key) as limited:
        flags = (await limited.post(FLAGS, json={})).json()["flags"]
        assert [one["key"] for one in flags] == ["seen"]
        assert (await limited.post(f"{FLAGS}/unseen", json={})).status_code == 403
