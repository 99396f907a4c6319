"""What was exported comes back, by HTTP and on the command line, up to the largest body."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack

TASK = "filed"
LABELS = "用 topic_0、topic_1、topic_2 或 topic_3 回答。"
CHINESE: dict[str, Any] = {
    "instructions": [{"name": "role", "text": LABELS}],
    "examples": [
        {
            "text": f"第{number}个客户问，包裹什么时候到，能不能改地址，谁来签收。" * 2,
            "output": f"topic_{number % 4}",
            "context": {"before": [{"speaker": "客服", "text": "您好，请问有什么可以帮您？"}]},
        }
        for number in range(500)
    ],
}
LARGEST: dict[str, Any] = {
    "instructions": [{"name": f"b{n}", "text": f"{LABELS}{'中' * 27_500}"} for n in range(100)]
}
"""Nearly all of a body of 8 MiB; as a module it would be twice that."""


@pytest.fixture(scope="module", autouse=True)
async def task(stack: Stack) -> None:
    await make_task(stack, TASK)


async def stored(stack: Stack, content: dict[str, Any]) -> dict[str, Any]:
    answer = await stack.induction.post(
        f"/v1/prompts/{TASK}/versions",
        content=json.dumps({"content": content}, ensure_ascii=False, separators=(",", ":")),
        headers={"content-type": "application/json"},
    )
    assert answer.is_success, answer.text
    version: dict[str, Any] = answer.json()
    return version


async def exported(stack: Stack, version: str, format: str) -> str:
    answer = await stack.induction.get(
        f"/v1/prompts/{TASK}/export", params={"version": version, "format": format}
    )
    return answer.text


async def command(stack: Stack, *words: str | Path) -> tuple[int | None, str, str]:
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    ended = await typed("induction", "prompts", *words, env=os.environ | env)
    return ended.code, ended.printed.strip(), ended.complained


async def test_five_hundred_chinese_examples_come_back_by_http(stack: Stack) -> None:
    version = await stored(stack, CHINESE)
    module = await exported(stack, version["id"], "py")
    assert len(module) > 65_536
    back = await stack.induction.post(f"/v1/prompts/{TASK}/versions", json={"module": module})
    assert (back.status_code, back.json()["id"]) == (200, version["id"])
    document = json.loads(await exported(stack, version["id"], "json"))
    again = await stored(stack, document["content"])
    assert again["id"] == version["id"]


async def test_a_json_export_is_posted_back_as_it_is_and_not_as_somebody_changed_it(
    stack: Stack,
) -> None:
    version = await stored(stack, CHINESE)
    document = await exported(stack, version["id"], "json")
    path, kind = f"/v1/prompts/{TASK}/versions", {"content-type": "application/json"}
    back = await stack.induction.post(path, content=document, headers=kind)
    assert (back.status_code, back.json()["id"]) == (200, version["id"])
    changed = document.replace("topic_0", "topic_1", 1)
    assert changed != document
    refused = await stack.induction.post(path, content=changed, headers=kind)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert "as it was written" in refused.text


@pytest.mark.law
@pytest.mark.parametrize(
    ("format", "content"), [("py", LARGEST), ("json", CHINESE)], ids=["py", "json"]
)
async def test_the_largest_prompt_comes_back_by_command(
    stack: Stack, tmp_path: Path, format: str, content: dict[str, Any]
) -> None:
    version = await stored(stack, content)
    file = tmp_path / f"prompt.{format}"
    out = await command(
        stack, "export", "--task", TASK, "--version", version["id"], "--format", format,
        "--output", file,
    )  # fmt: skip
    assert out == (0, "", "")
    assert await command(stack, "import", file, "--task", TASK) == (0, version["id"], "")


async def test_a_text_is_brought_in_as_one_block_and_serves(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text(LABELS, encoding="utf-8")
    code, version, _ = await command(
        stack, "import", file, "--task", TASK, "--promote", "--notes", "by hand"
    )
    serving = (await stack.induction.get(f"/v1/prompts/{TASK}/active")).json()
    assert (code, version) == (0, f"{serving['version_id']}\tserves")
    assert [block["text"] for block in serving["content"]["instructions"]] == [LABELS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gone.py", None),
        ("prompt.py", b"INSTRUCTIONS = open('/etc/passwd').read()"),
        ("prompt.json", b'{"content": 7}'),
        ("prompt.txt", b"\xff\xfe"),
    ],
)
async def test_a_file_that_holds_no_prompt_is_refused_on_one_line(
    stack: Stack, tmp_path: Path, name: str, content: bytes | None
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    code, printed, complained = await command(stack, "import", file, "--task", TASK)
    assert (code, printed) == (1, "")
    assert complained.startswith("induction: ")
    assert len(complained.splitlines()) == 1


async def test_a_module_in_another_coding_is_refused_for_its_coding(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "prompts.py"
    file.write_bytes("INSTRUCTIONS = 'Grüße sortieren.'\n".encode("latin-1"))
    code, _, complained = await command(stack, "import", file, "--task", TASK)
    assert (code, "is not UTF-8" in complained) == (1, True)
