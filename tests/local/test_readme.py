"""What README says can be typed, can be typed: from labels to a better prompt that serves."""

import asyncio
import os
import re
from pathlib import Path

import pytest
from induction.scopes import SCOPES as OF_INDUCTION
from nlu_logger.scopes import SCOPES as OF_LOGGER

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.law

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECONDS = 300.0
"""A run on 449 texts; on an idle machine half a minute."""


def commands(chapter: str) -> str:
    """The shell blocks of a chapter, in their order."""
    (text,) = re.findall(rf"^## {chapter}$(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the commands name."""
    for name in (".venv", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "admin.key").write_text(BOOTSTRAP_KEY)
    return tmp_path


async def type_out(stack: Stack, checkout: Path, typed: str) -> None:
    """All of it runs, and nothing is refused."""
    logger = str(stack.logger.base_url)
    env = {**os.environ, "NLU_LOGGER_URL": logger, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", typed),
        cwd=checkout,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await shell.communicate()
    assert shell.returncode == 0, printed.decode()


async def test_a_tasks_labels_are_defined_renamed_and_may_be_quoted(
    stack: Stack, checkout: Path
) -> None:
    blocks = commands("The services on this machine").split("\n\n")
    (typed,) = [
        "\n".join(line for line in block.splitlines() if "labels" in line or "quoting" in line)
        for block in blocks
        if "labels put" in block
    ]
    await type_out(stack, checkout, typed)
    labels = (await stack.logger.get("/v1/tasks/intent/labels")).json()["labels"]
    assert [one["name"] for one in labels] == ["scheduling", "smalltalk"]


async def test_labels_become_a_prompt_that_serves(stack: Stack, checkout: Path) -> None:
    induction = str(stack.induction.base_url)
    typed = commands("A better prompt").replace("http://127.0.0.1:8002", induction.rstrip("/"))
    async with stack.working(), asyncio.timeout(SECONDS):
        await type_out(stack, checkout, typed)
    run_id = (checkout / "run.txt").read_text().split()[0]
    run = (await stack.induction.get(f"/v1/runs/{run_id}")).json()
    active = (await stack.induction.get("/v1/prompts/scheduling/active")).json()
    assert (run["status"], active["version_id"]) == ("completed", run["best_version_id"])
    assert run["best_version_id"] != run["baseline_version_id"]
    assert active["version_hash"] in (checkout / "prompts.py").read_text(encoding="utf-8")


def test_readme_lists_every_scope_with_its_sentence() -> None:
    listed = dict(re.findall(r"^\| `([a-z:-]+)` \| (.+) \|$", README, re.MULTILINE))
    both = {**OF_LOGGER, **OF_INDUCTION}
    assert listed == both | {"admin": OF_INDUCTION["admin"]}
