"""Versions from one instance to another: signed, checked, and without a text that nobody asked
for."""

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from induction.bundles.signing import new_key, signature
from induction.settings import Settings
from nlu_shared.kit.environment import from_environment

from tests.fixtures.commands import typed
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import reached, sql, start

pytestmark = pytest.mark.law
TASK, TAKING, CASES = "shared", "taking", 24
PRIVATE, PUBLIC = new_key()
OTHERS_PRIVATE, OTHERS_PUBLIC = new_key()


@pytest.fixture(scope="module")
async def giving(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    """An instance whose run has found a better prompt, which serves; and a task that is to take
    it."""
    async with opened(databases, servers, bundle_key=PRIVATE) as stack:
        await make_task(stack, TASK, cases=CASES)
        await make_task(stack, TAKING)
        run = await start(stack, TASK, limits={"iterations": 1})
        async with stack.working():
            best = (await reached(stack, run, "completed"))["best_version_id"]
        await stack.induction.post(f"/v1/prompts/{TASK}/versions/{best}/promote")
        yield stack


async def bundle(stack: Stack, **params: Any) -> dict[str, Any]:
    answer = await stack.induction.get(f"/v1/prompts/{TASK}/bundle", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def take(stack: Stack, body: dict[str, Any]) -> httpx2.Response:
    return await stack.induction.post("/v1/bundles", params={"task": TAKING}, json=body)


def resigned(bundle: dict[str, Any], private: str, public: str) -> dict[str, Any]:
    return {"bundle": bundle, "public_key": public, "signature": signature(private, bundle)}


async def test_a_bundle_brings_lineage_scores_and_reports_and_no_text_of_a_case(
    giving: Stack,
) -> None:
    made = await bundle(giving)
    assert made == await bundle(giving)
    assert not any(text in json.dumps(made) for text, _ in texts(CASES))
    first, *_, last = made["bundle"]["versions"]
    assert (first["parent_id"], first["run_id"]) == (None, None)
    (report,) = made["bundle"]["reports"]
    assert report["run_id"] == last["run_id"]
    assert last["examples_left_out"] > 0
    assert last["content"]["examples"] == []
    assert report["components"]
    assert {one["split"] for one in last["scores"]} >= {"train", "validation"}
    assert all(one["era"] for one in last["scores"])

    taken = await take(giving, made)
    assert taken.status_code == 201, taken.text
    body = taken.json()
    assert [one["origin_hash"] for one in body["versions"]] == [
        one["version_hash"] for one in made["bundle"]["versions"]
    ]
    here = body["versions"][-1]
    assert here["is_new"] is False or here["version_hash"] != here["origin_hash"]
    path = f"/v1/prompts/{TAKING}/versions/{here['id']}"
    version = (await giving.induction.get(path)).json()
    assert (version["source"], version["validation_f1"], version["scores"]) == ("import", None, [])
    *_, origin = (await giving.induction.get(f"{path}/origins")).json()
    assert (origin["version_id"], origin["bundle_hash"]) == (last["id"], body["bundle_hash"])
    assert origin["scores"] == last["scores"]
    assert origin["report"] == report
    again = (await take(giving, made)).json()
    assert not any(one["is_new"] for one in again["versions"])


async def test_with_its_examples_a_version_is_the_same_one_elsewhere(giving: Stack) -> None:
    made = await bundle(giving, examples=True)
    assert any(text in json.dumps(made) for text, _ in texts(CASES))
    taken = (await take(giving, made)).json()
    here = taken["versions"][-1]
    assert here["version_hash"] == here["origin_hash"]
    versions = (await giving.induction.get(f"/v1/prompts/{TAKING}/versions")).json()["items"]
    by_id = {one["id"]: one for one in versions}
    parent = by_id[by_id[here["id"]]["parent_id"]]
    assert parent["version_hash"] == made["bundle"]["versions"][-2]["version_hash"]
    promoted = await giving.induction.post(f"/v1/prompts/{TAKING}/versions/{here['id']}/promote")
    assert promoted.status_code == 200, promoted.text
    noted = await sql(giving, "SELECT details FROM audit_log WHERE action = 'prompts.bundle'")
    assert any("true" in str(row["details"]) for row in noted)


async def test_what_is_not_as_it_was_signed_is_refused(giving: Stack) -> None:
    made = await bundle(giving, lineage=False)
    inner = made["bundle"]
    changed = json.loads(json.dumps(inner))
    changed["versions"][0]["content"]["instructions"][0]["text"] = "Do as I say."
    unhashed = json.loads(json.dumps(await bundle(giving, examples=True)))["bundle"]
    unhashed["versions"][0]["content"]["instructions"][0]["text"] = "Do as I say."
    strange = json.loads(json.dumps(inner))
    strange["versions"][0]["labels"] = ["elsewhere"]
    refused = [
        ({**made, "bundle": changed}, 422, "bad_signature"),
        ({**made, "signature": base64.b64encode(bytes(64)).decode()}, 422, "bad_signature"),
        (resigned(inner, OTHERS_PRIVATE, OTHERS_PUBLIC), 403, "unknown_signer"),
        (resigned(inner, OTHERS_PRIVATE, PUBLIC), 422, "bad_signature"),
        (resigned(unhashed, PRIVATE, PUBLIC), 422, "unreadable_bundle"),
        (resigned({**inner, "more": 1}, PRIVATE, PUBLIC), 422, "unreadable_bundle"),
        (resigned({**inner, "kind": "extraction"}, PRIVATE, PUBLIC), 422, "other_task"),
        (resigned(strange, PRIVATE, PUBLIC), 422, "other_task"),
    ]
    before = await sql(giving, "SELECT count(*) FROM prompt_versions")
    for body, status, code in refused:
        answer = await take(giving, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await sql(giving, "SELECT count(*) FROM prompt_versions") == before
    nobodys = resigned({**inner, "task": "nobodys"}, PRIVATE, PUBLIC)
    answer = await giving.induction.post("/v1/bundles", json=nobodys)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")


async def test_a_bundle_goes_by_command(giving: Stack, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    env = {
        "INDUCTION_URL": str(giving.induction.base_url),
        "INDUCTION_KEY": giving.settings.nlu_logger_key.get_secret_value(),
    }
    words = ("prompts", "bundle", "--task", TASK, "--no-lineage", "--output", file)
    written = await typed("induction", *words, env=env)
    assert written.code == 0, written.complained
    words = ("prompts", "import-bundle", file, "--task", TAKING)
    taken = await typed("induction", *words, env=env)
    assert taken.code == 0, taken.complained
    assert taken.printed.split("\t")[1] in ("new\n", "known\n")
    strange = json.loads(file.read_text(encoding="utf-8"))["bundle"]
    strange["versions"][0]["labels"] = ["elsewhere"]
    file.write_text(json.dumps(resigned(strange, PRIVATE, PUBLIC)), encoding="utf-8")
    refused = await typed("induction", *words, env=env)
    assert (refused.code, refused.complained) == (
        1,
        "induction: The bundle is of another kind of task, or of other labels. Add these labels to"
        " the task, or as aliases of its own. Labels: elsewhere.\n",
    )


async def test_a_key_is_made_with_what_both_sides_set(monkeypatch: pytest.MonkeyPatch) -> None:
    key = await typed("induction", "prompts", "bundle-key", env={})
    name, _, private = key.printed.strip().partition("=")
    assert (name, len(base64.b64decode(private))) == ("INDUCTION_BUNDLE_KEY", 32)
    (signers,) = re.findall(r"INDUCTION_BUNDLE_SIGNERS=(\S+)", key.complained)
    monkeypatch.setenv("INDUCTION_BUNDLE_KEY", private)
    for name, url in (("DATABASE_URL", "postgresql://a:b@c/d"), ("REDIS_URL", "redis://c")):
        monkeypatch.setenv(f"INDUCTION_{name}", url)
    for several in (signers, f"{signers},{OTHERS_PUBLIC}"):
        monkeypatch.setenv("INDUCTION_BUNDLE_SIGNERS", several)
        assert from_environment(Settings).bundle_signers == several.split(",")


async def test_an_ensemble_travels_as_its_members_alone(giving: Stack) -> None:
    versions = (await giving.induction.get(f"/v1/prompts/{TASK}/versions")).json()["items"]
    members = [one["id"] for one in versions if one["content"]][:2]
    run = await start(giving, TASK, kind="ensemble", members=members)
    async with giving.working():
        made = (await reached(giving, run, "completed"))["ensemble"]["version_id"]
    path = f"/v1/prompts/{TASK}/bundle"
    refused = await giving.induction.get(path, params={"version": made, "examples": "true"})
    assert (refused.status_code, refused.json()["code"]) == (409, "version_is_ensemble")
    assert all(one in refused.json()["detail"] for one in members)
