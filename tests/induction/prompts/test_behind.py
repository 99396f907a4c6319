"""`induction prompts check FILE`: is the repository's file the prompt that serves?"""

import os
from pathlib import Path

import pytest

from tests.fixtures.commands import Ended, typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack

TASK = "kept"
RULES = "Answer with topic_0, topic_1, topic_2 or topic_3."


@pytest.fixture(scope="module")
async def files(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of two versions: the second serves."""
    folder = tmp_path_factory.mktemp("kept")
    await make_task(stack, TASK)
    await make_task(stack, "other")
    for name, text in (("older", f"{RULES}\nBe brief."), ("newer", f"{RULES}\nBe careful.")):
        body = {"text": text, "promote": True}
        made = await stack.induction.post(f"/v1/prompts/{TASK}/versions", json=body)
        assert made.status_code == 201, made.text
        for format in ("py", "json"):
            params = {"format": format}
            exported = await stack.induction.get(f"/v1/prompts/{TASK}/export", params=params)
            (folder / f"{name}.{format}").write_text(exported.text, encoding="utf-8")
    return folder


async def check(stack: Stack, file: Path, *more: str, **env: str) -> Ended:
    own = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    return await typed("induction", "prompts", "check", file, *more, env=os.environ | own | env)


@pytest.mark.parametrize("format", ["py", "json"])
async def test_the_file_that_serves_passes_and_an_older_one_shows_what_differs(
    stack: Stack, files: Path, format: str
) -> None:
    newer = await check(stack, files / f"newer.{format}")
    assert (newer.code, newer.complained) == (0, "")
    older = await check(stack, files / f"older.{format}")
    assert older.code == 1, older
    lines = older.printed.splitlines()
    assert "is not what serves" in lines[0]
    assert {"-Be brief.", "+Be careful."} <= set(lines)
    assert lines[1].startswith("serving: version ")
    assert lines[2].startswith("the file: version ")


async def test_a_file_is_held_to_staging_where_that_is_named(stack: Stack, files: Path) -> None:
    staging = ("--alias", "staging")
    nothing = await check(stack, files / "older.py", *staging)
    assert (nothing.code, nothing.printed) == (2, "")
    items = (await stack.induction.get(f"/v1/prompts/{TASK}/versions")).json()["items"]
    older = next(one["id"] for one in items if one["id"] in (files / "older.py").read_text())
    path = f"/v1/prompts/{TASK}/versions/{older}/promote"
    assert (await stack.induction.post(path, json={"alias": "staging"})).is_success
    in_staging = await check(stack, files / "older.py", *staging)
    assert (in_staging.code, in_staging.printed.strip()[-7:]) == (0, "staging")
    assert (await check(stack, files / "newer.py", *staging)).code == 1
    assert (await check(stack, files / "newer.py")).code == 0
    assert (await check(stack, files / "newer.py", "--alias", "nowhere")).code != 0


async def test_a_file_that_somebody_changed_is_no_longer_what_serves(
    stack: Stack, files: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "prompts.py"
    document = (files / "newer.json").read_text().replace("Be careful.", "Be careless.")
    edited.with_suffix(".json").write_text(document)
    ended = await check(stack, edited.with_suffix(".json"))
    assert ended.code == 1
    assert ", changed since" in ended.printed
    assert "-Be careless." in ended.printed.splitlines()


async def test_a_file_from_before_it_told_how_its_model_is_asked_is_behind_where_that_matters(
    stack: Stack, files: Path, tmp_path: Path
) -> None:
    """Its lines are those of the Messages form, whatever the prompt was measured in."""
    before = tmp_path / "before.py"
    module = (files / "newer.py").read_text()
    before.write_text(module.replace("'endpoint': {", "'of_later': {"))
    assert (await check(stack, before)).code == 0
    before.write_text(module.replace("'takes_temperature': False", "'takes_temperature': True"))
    ended = await check(stack, before)
    assert ended.code == 1
    assert "the request that is made of it is sent in another form" in ended.printed


async def test_a_text_of_ones_own_needs_the_task_named(
    stack: Stack, files: Path, tmp_path: Path
) -> None:
    own = tmp_path / "prompts.py"
    own.write_text(f"INSTRUCTIONS = {RULES!r}\n")
    nameless = await check(stack, own)
    assert (nameless.code, nameless.printed) == (2, "")
    assert "give --task" in nameless.complained
    named = await check(stack, own, "--task", TASK)
    assert named.code == 1, named
    assert "the file: no export" in named.printed


async def test_what_cannot_be_told_is_not_taken_for_behind(
    stack: Stack, files: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import os; os.system('true')\n")
    newer = files / "newer.py"
    for ended in (
        await check(stack, tmp_path / "nowhere.py"),
        await check(stack, broken, "--task", TASK),
        await check(stack, newer, INDUCTION_KEY="wrong"),
        await check(stack, newer, "--task", "unknown"),
        await check(stack, newer, "--task", "../runs"),
    ):
        assert (ended.code, ended.printed) == (2, ""), ended
        assert ended.complained.startswith("induction: ")
