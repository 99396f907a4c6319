"""What changed between two versions, by HTTP and on the command line."""

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from induction.prompts import diff
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.prompts import Block, Example, PromptContent, TaskKind

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack

ANSWERS = AnswerSpace(TaskKind.INTENT, ("topic_0", "topic_1"))
UNKNOWN = "01890000-0000-7000-8000-000000000000"
LABELS = "Answer with topic_0, topic_1, topic_2 or topic_3."
BEFORE: dict[str, Any] = {
    "instructions": [
        {"name": "role", "text": f"You sort mail.\n{LABELS}\nBe brief.", "protected": True},
        {"name": "hints", "text": "None yet."},
        {"name": "ending", "text": "Thank you."},
    ],
    "examples": [{"text": "my parcel", "output": "topic_0"}, {"text": "hi", "output": "topic_1"}],
}
AFTER: dict[str, Any] = {
    "instructions": [
        {"name": "role", "text": f"You sort mail.\n{LABELS}\nBe careful.", "protected": True},
        {"name": "ending", "text": "Thank you."},
        {"name": "rules", "text": "Look at the verb."},
    ],
    "examples": [{"text": "hi", "output": "topic_1"}, {"text": "hi", "output": "topic_1"}],
}


@pytest.fixture(scope="module")
async def versions(stack: Stack) -> tuple[str, str]:
    await make_task(stack, "compared")
    made = [
        await stack.induction.post("/v1/prompts/compared/versions", json={"content": content})
        for content in (BEFORE, AFTER)
    ]
    assert [one.status_code for one in made] == [201, 201], made[0].text
    return made[0].json()["id"], made[1].json()["id"]


async def get_diff(stack: Stack, version: str, against: str, task: str = "compared") -> Any:
    path = f"/v1/prompts/{task}/versions/{version}/diff"
    return await stack.induction.get(path, params={"against": against})


async def test_a_diff_names_what_was_added_removed_and_changed(
    stack: Stack, versions: tuple[str, str]
) -> None:
    before, after = versions
    difference = (await get_diff(stack, after, before)).json()
    assert {block["name"]: block["change_type"] for block in difference["blocks"]} == {
        "role": "changed",
        "rules": "added",
        "hints": "removed",
    }
    (hunk,) = difference["blocks"][0]["hunks"]
    assert hunk == {
        "before_line": 1,
        "after_line": 1,
        "lines": [" You sort mail.", f" {LABELS}", "-Be brief.", "+Be careful."],
    }
    assert [one["text"] for one in difference["examples_removed"]] == ["my parcel"]
    assert [one["text"] for one in difference["examples_added"]] == ["hi"]
    assert not difference["is_reordered"]


async def test_a_version_does_not_differ_from_itself(
    stack: Stack, versions: tuple[str, str]
) -> None:
    difference = (await get_diff(stack, versions[0], versions[0])).json()
    assert difference["tokens_before"] == difference["tokens_after"] > 0
    assert not any(difference[name] for name in ("blocks", "examples_added", "examples_removed"))


async def test_versions_of_two_tasks_are_not_compared(
    stack: Stack, versions: tuple[str, str]
) -> None:
    elsewhere = await make_task(stack, "elsewhere")
    for one, other in ((versions[0], elsewhere), (elsewhere, versions[0]), (versions[0], UNKNOWN)):
        answer = await get_diff(stack, one, other)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_version")


async def test_the_command_prints_the_diff(stack: Stack, versions: tuple[str, str]) -> None:
    before, after = versions
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    ended = await typed(
        *("induction", "prompts", "diff"),
        *("--task", "compared", "--version", after, "--against", before),
        env=os.environ | env,
    )
    lines = ended.printed.splitlines()
    assert ended.code == 0
    assert lines[:2] == ["changed block role", "@@ -1 +1 @@"]
    assert {"-Be brief.", "+Be careful.", "removed block hints", "added block rules"} <= set(lines)
    assert '- example ["my parcel","topic_0"]' in lines


def test_the_order_of_blocks_is_a_difference() -> None:
    first, second = Block(name="a", text="1"), Block(name="b", text="2")
    difference = diff.compare(
        PromptContent(instructions=(first, second)),
        PromptContent(instructions=(second, first)),
        ANSWERS,
    )
    assert difference.is_reordered
    assert not difference.blocks


def test_a_block_too_long_to_align_is_one_hunk() -> None:
    before, after = ("\n".join(f"{side} {n}" for n in range(1_100)) for side in "ab")
    difference = diff.compare(
        PromptContent(instructions=(Block(name="a", text=before),)),
        PromptContent(instructions=(Block(name="a", text=after),)),
        ANSWERS,
    )
    ((hunk,),) = (block.hunks for block in difference.blocks)
    assert len(hunk.lines) == 2_200


line = some.sampled_from(["one", "two", "three", ""])
blocks = some.lists(
    some.builds(
        Block,
        name=some.sampled_from(["a", "b", "c"]),
        text=some.lists(line, max_size=12).map("\n".join),
        protected=some.booleans(),
    ),
    min_size=1,
    max_size=5,
).map(tuple)
examples = some.lists(some.builds(Example, text=line, output=line), max_size=4).map(tuple)
contents = some.builds(PromptContent, instructions=blocks, examples=examples)


@given(contents, contents)
def test_there_and_back_are_mirrors(before: PromptContent, after: PromptContent) -> None:
    there = diff.compare(before, after, ANSWERS)
    back = diff.compare(after, before, ANSWERS)
    assert there.examples_added == back.examples_removed
    assert there.is_reordered == back.is_reordered
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert sorted((one.name, one.change_type.value) for one in there.blocks) == sorted(
        (one.name, turned[one.change_type]) for one in back.blocks
    )


@given(contents)
def test_nothing_changed_is_an_empty_diff(content: PromptContent) -> None:
    difference = diff.compare(content, content, ANSWERS)
    assert not any(
        [
            difference.blocks,
            difference.examples_added,
            difference.examples_removed,
            difference.is_reordered,
        ]
    )
