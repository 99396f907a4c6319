"""Every part of a prompt says who made it, which cases that fixed and broke, and what it costs."""

import os
from typing import Any
from uuid import UUID, uuid4

import pytest
from induction.history.blame import VersionStep
from induction.history.blame import blame as blamed
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.blame import Judged
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind

from tests.fixtures.commands import typed
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import BOOTSTRAP_KEY, Stack
from tests.induction.runs.driving import events, reached, start

pytestmark = pytest.mark.law
UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def run(stack: Stack) -> dict[str, Any]:
    await make_task(stack, "blamed", cases=48)
    started = await start(stack, "blamed")
    async with stack.working():
        return await reached(stack, started, "completed")


async def blame(stack: Stack, version: str) -> dict[str, Any]:
    answer = await stack.induction.get(f"/v1/prompts/blamed/versions/{version}/blame")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_blame_of_a_winner_sums_up_to_what_its_run_kept(
    stack: Stack, run: dict[str, Any]
) -> None:
    kept = [one for one in await events(stack, run["id"]) if one["type"] == "change_kept"]
    assert kept
    provenance = await blame(stack, run["best_version_id"])
    assert [one["judged"] for one in provenance["changes"]] == ["kept"] * len(kept)
    assert [(one["fixed"], one["broke"]) for one in provenance["changes"]] == [
        (one["fixed"], one["broke"]) for one in kept
    ]
    assert {one["run_id"] for one in provenance["changes"]} == {run["id"]}
    version = (
        await stack.induction.get(f"/v1/prompts/blamed/versions/{run['best_version_id']}")
    ).json()["content"]
    assert len(provenance["parts"]) == len(version["instructions"]) + len(version["examples"])
    for change in provenance["changes"]:
        touching = [one for one in provenance["parts"] if change["n"] in touched_by(one)]
        assert {one["name"] for one in touching} <= set(change["parts"])
        assert all(set(change["fixed"]) <= set(one["fixed"]) for one in touching)


def touched_by(part: dict[str, Any]) -> set[int]:
    return {*part["edited_by"], part["made_by"]}


async def test_a_baseline_is_imported_and_blamed_for_nothing(
    stack: Stack, run: dict[str, Any]
) -> None:
    provenance = await blame(stack, run["baseline_version_id"])
    assert not provenance["changes"]
    for part in provenance["parts"]:
        assert (part["made_by"], part["edited_by"], part["net"]) == (None, [], 0)
        assert part["tokens"] > 0


async def test_the_blame_of_a_rejected_prompt_says_where_it_failed(
    stack: Stack, run: dict[str, Any]
) -> None:
    history = await events(stack, run["id"])
    failed = next(
        one
        for one in history
        if one["type"] == "change_rejected" and one["version_hash"] is not None
    )
    listed = (
        await stack.induction.get("/v1/prompts/blamed/versions", params={"limit": 200})
    ).json()
    (version,) = [
        one["id"] for one in listed["items"] if one["version_hash"] == failed["version_hash"]
    ]
    *_, last = (await blame(stack, version))["changes"]
    assert last["judged"] in {"rejected_at_gate", "rejected_on_validation"}
    assert (last["fixed"], last["broke"]) == (failed["fixed"], failed["broke"])


async def test_the_command_prints_a_line_per_part_and_per_change(
    stack: Stack, run: dict[str, Any]
) -> None:
    provenance = await blame(stack, run["best_version_id"])
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    ended = await typed(
        *("induction", "prompts", "blame", "--task", "blamed"),
        *("--version", run["best_version_id"]),
        env=os.environ | env,
    )
    assert ended.code == 0
    lines = ended.printed.splitlines()
    assert len(lines) == 1 + len(provenance["parts"]) + 1 + len(provenance["changes"])
    assert f"{provenance['tokens']:>6} tokens in all" in lines
    assert all(f"run {run['id']}, kept" in line for line in lines if line.startswith("change"))


def test_parts_of_one_change_share_it_and_what_is_gone_is_said_to_be() -> None:
    cases = [UUID(int=n) for n in range(3)]
    first, second, third = (uuid4() for _ in range(3))
    rules, hints = Block(name="rules", text="Be brief."), Block(name="hints", text="Say why.")
    shown, other = (Example(text=f"parcel {n}", output="topic") for n in range(2))
    by_part = as_dict(
        VersionStep(first, PromptContent(instructions=(rules, hints), examples=(other,))),
        VersionStep(
            second,
            PromptContent(
                instructions=(rules, Block(name="hints", text="Say why not.")),
                examples=(other, shown),
            ),
            judged=Judged.KEPT,
            fixed=(cases[0], cases[1]),
        ),
        VersionStep(
            third,
            PromptContent(instructions=(rules, hints), examples=(shown,)),
            judged=Judged.KEPT,
            broke=(cases[0],),
            fixed=(cases[2],),
        ),
    )
    assert by_part["rules"] == (None, [], False, 0)
    assert by_part["hints"] == (None, [1, 2], True, 2)
    assert by_part["example 0"] == (1, [], True, 2)
    assert by_part["changes"] == [["hints", "example 0"], ["hints", "an example (gone)"]]


def as_dict(*lineage: VersionStep) -> dict[str, Any]:
    provenance = blamed(lineage, AnswerSpace(TaskKind.INTENT))
    parts = {
        one.name: (one.made_by, one.edited_by, one.is_shared, one.net) for one in provenance.parts
    }
    return {**parts, "changes": [change.parts for change in provenance.changes]}


async def test_nobody_is_blamed_for_what_is_not_there(stack: Stack, run: dict[str, Any]) -> None:
    for task, version in (("blamed", UNKNOWN), ("nobodys", run["best_version_id"])):
        answer = await stack.induction.get(f"/v1/prompts/{task}/versions/{version}/blame")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_version")
