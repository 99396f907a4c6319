"""The report of a run by HTTP and by command, and on its way into a repository."""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
from induction.sentences import readable

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, shown, sql, start

TASK, CASES = "reported", 16
SCRIPT = Path(__file__).parents[3] / "deploy/ci/propose-prompt.sh"
GH = """#!/bin/sh
if [ "$2" = list ]; then printf '%s\\n' "${GH_STATE-OPEN}"; exit; fi
for one in "$@"; do printf '%s\\n' "$one"; done > "$GH_ARGUMENTS"
while [ "$1" != --body-file ]; do shift; done
cp "$2" "$GH_BODY"
exit "${GH_EXIT:-0}"
"""
"""Stands for the program of that name: writes down what it was called with, and knows how one pull
request stands."""


@pytest.fixture(scope="module")
async def run(stack: Stack) -> str:
    """One that is over; the newest version that it made serves, whatever it chose."""
    await make_task(stack, TASK, cases=CASES)
    made = await start(stack, TASK, limits={"iterations": 1})
    async with stack.working():
        await reached(stack, made, "completed")
    lineage = (await stack.induction.get(f"/v1/prompts/{TASK}/lineage")).json()["items"]
    newest = lineage[0]["id"]
    promoted = await stack.induction.post(f"/v1/prompts/{TASK}/versions/{newest}/promote")
    assert promoted.status_code == 200, promoted.text
    assert promoted.json()["run_id"] == made
    return made


async def report(stack: Stack, run: str, format: str) -> str:
    answer = await stack.induction.get(f"/v1/runs/{run}/report", params={"format": format})
    assert answer.status_code == 200, answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    return answer.text


async def test_a_report_holds_what_the_run_found_and_how_to_check_and_undo_it(
    stack: Stack, run: str
) -> None:
    seen = await shown(stack, run)
    answer = await stack.induction.get(f"/v1/runs/{run}/report")
    document: dict[str, Any] = answer.json()
    assert document["verdict"] == seen["verdict"]
    assert document["words"][1] == readable(seen["verdict"]["summary"])
    assert document["before"]["id"] == seen["baseline_version_id"]
    assert (document["dataset_hash"], document["spend"]) == (seen["dataset_hash"], seen["spend"])
    turned = await sql(
        stack, "SELECT n, fixed, broke FROM run_changes WHERE run_id = $1 ORDER BY n", run
    )
    assert turned
    assert [(one["n"], one["fixed"], one["broke"]) for one in document["changes"]] == [
        (row["n"], [*map(str, row["fixed"])], [*map(str, row["broke"])]) for row in turned
    ]
    objective = next(
        one
        for one in document["components"]
        if (one["split"], one["component"]) == ("validation", "objective")
    )
    assert objective["before"] == seen["baseline_f1"]
    assert objective["after"] == pytest.approx(seen["final_f1"])
    better = seen["best_version_id"] not in (None, seen["baseline_version_id"])
    assert (document["roll_back"] is not None) == better
    if better:
        undo = f"induction prompts rollback --task {TASK} --version-hash "
        assert document["roll_back"] == undo + document["after"]["version_hash"]
    assert f"The run ended: {seen['reason']}." in document["words"]
    assert objective["cases"]


async def test_as_a_page_and_as_markdown_it_says_the_same_and_no_text_of_a_case(
    stack: Stack, run: str
) -> None:
    seen = await shown(stack, run)
    written = {one: await report(stack, run, one) for one in ("md", "html", "json")}
    for text in written.values():
        assert run in text
        assert seen["baseline_version_id"] in text
        assert seen["dataset_hash"] in text
        assert not [one for one, _ in texts(CASES) if one in text]
    assert written["md"].startswith(f"# {TASK}: what run {run} found\n")
    assert "## Rolling back" in written["md"]
    assert written["html"].startswith("<!doctype html>")


async def versions_by_choice(stack: Stack, run: str) -> tuple[str, list[str]]:
    """The run's choice, and what it made besides, the newest first."""
    best = (await shown(stack, run))["best_version_id"]
    lineage = (await stack.induction.get(f"/v1/prompts/{TASK}/lineage")).json()["items"]
    return best, [one["id"] for one in lineage if one["run_id"] == run and one["id"] != best]


async def of_version(stack: Stack, version: str, format: str = "json") -> httpx2.Response:
    path = f"/v1/prompts/{TASK}/versions/{version}/report"
    return await stack.induction.get(path, params={"format": format})


async def test_the_report_of_the_version_that_a_run_chose_is_that_of_the_run(
    stack: Stack, run: str
) -> None:
    seen = await shown(stack, run)
    if seen["best_version_id"] != seen["baseline_version_id"]:
        made = await of_version(stack, seen["best_version_id"], "md")
        assert made.text == await report(stack, run, "md")
    imported = await of_version(stack, seen["baseline_version_id"])
    assert (imported.status_code, imported.json()["code"]) == (404, "no_report")


async def test_of_a_version_that_a_run_did_not_choose_it_says_so_first_and_claims_nothing(
    stack: Stack, run: str
) -> None:
    _, others = await versions_by_choice(stack, run)
    seen = await shown(stack, run)
    assert others
    for version in others:
        document = (await of_version(stack, version)).json()
        tried = f"Run {run} tried version {version} and did not choose it."
        assert (document["words"][0], document["is_chosen"]) == (tried, False)
        assert document["verdict"] is None
        assert document["after"]["id"] == version
        changes = [one for one in seen["changes"] if one["version_id"] == version]
        assert [one["n"] for one in document["changes"]] == [one["n"] for one in changes]
        own = [one["after"] for one in document["components"] if one["component"] == "objective"]
        assert own in ([], [changes[-1]["validation_f1"]])
        assert f"--version-hash {document['after']['version_hash']}" in document["roll_back"]
        written = (await of_version(stack, version, "md")).text
        assert "did not choose" in written.splitlines()[0]
        assert "Proven" not in written
        assert "No change." not in written


async def test_a_report_is_typed_as_it_is_asked_for(stack: Stack, run: str, tmp_path: Path) -> None:
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    ended = await typed("induction", "runs", "report", run, env=os.environ | env)
    assert (ended.code, ended.printed) == (0, await report(stack, run, "md"))
    page = tmp_path / "report.html"
    words = ("runs", "report", run, "--format", "html", "--output", page)
    assert (await typed("induction", *words, env=os.environ | env)).printed == ""
    assert page.read_text() == await report(stack, run, "html")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True, env=IDENTITY
    )
    return done.stdout.strip()


IDENTITY = os.environ | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.org",
    "GIT_COMMITTER_NAME": "somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.org",
}


class Repository:
    """A checkout with an old prompt, its remote, and a `gh` that opens nothing."""

    def __init__(self, folder: Path, url: str) -> None:
        self.remote, self.work = folder / "remote.git", folder / "work"
        self.arguments, self.body = folder / "arguments.txt", folder / "body.md"
        programs = folder / "programs"
        programs.mkdir()
        (programs / "gh").write_text(GH)
        (programs / "gh").chmod(0o755)
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        git(folder, "init", "--quiet", "--initial-branch=main", str(self.work))
        git(self.work, "remote", "add", "origin", str(self.remote))
        (self.work / "app").mkdir()
        (self.work / "app/prompts.py").write_text("OLD = 1\n")
        git(self.work, "add", ".")
        git(self.work, "commit", "--quiet", "--message", "first")
        git(self.work, "push", "--quiet", "origin", "main")
        self.environment = IDENTITY | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "INDUCTION_URL": url,
            "INDUCTION_KEY": BOOTSTRAP_KEY,
            "GH_ARGUMENTS": str(self.arguments),
            "GH_BODY": str(self.body),
        }

    async def propose(self, *words: str, **more: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            SCRIPT,
            *(words or (TASK, "app/prompts.py")),
            cwd=self.work,
            env=self.environment | more,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        return process.returncode, printed.decode()

    async def proposed(self, *words: str) -> list[str]:
        """The branches of pull requests that this opened."""
        before = {*self.branches()}
        ended, printed = await self.propose(*words)
        assert ended == 0, printed
        self.arguments.unlink()
        return [one for one in self.branches() if one not in before]

    def branches(self) -> list[str]:
        return git(self.remote, "for-each-ref", "--format=%(refname:short)").split()


@pytest.fixture
def repository(stack: Stack, tmp_path: Path) -> Repository:
    return Repository(tmp_path, str(stack.induction.base_url))


async def test_what_serves_is_proposed_once_with_the_report_as_its_body(
    stack: Stack, run: str, repository: Repository
) -> None:
    (repository.work / "unfinished.txt").write_text("mine")
    ended, printed = await repository.propose()
    assert ended == 0, printed
    branch = next(one for one in repository.branches() if one != "main")
    words = repository.arguments.read_text().splitlines()
    assert words[:6] == ["pr", "create", "--base", "main", "--head", branch]
    assert BOOTSTRAP_KEY not in repository.arguments.read_text()
    served = (await stack.induction.get(f"/v1/prompts/{TASK}/active")).json()["version_id"]
    assert (
        repository.body.read_text().strip() == (await of_version(stack, served, "md")).text.strip()
    )
    exported = await stack.induction.get(f"/v1/prompts/{TASK}/export")
    assert git(repository.remote, "show", f"{branch}:app/prompts.py") == exported.text.strip()
    changed = git(repository.remote, "diff", "--name-only", "main", branch)
    assert changed == "app/prompts.py"
    assert (repository.work / "unfinished.txt").read_text() == "mine"
    assert git(repository.work, "status", "--short") == "?? unfinished.txt"
    assert git(repository.work, "worktree", "list").count("\n") == 0

    repository.arguments.unlink()
    ended, printed = await repository.propose()
    assert (ended, "is there already" in printed) == (0, True)
    git(repository.work, "fetch", "--quiet")
    git(repository.work, "merge", "--quiet", "--ff-only", f"origin/{branch}")
    ended, printed = await repository.propose()
    assert (ended, "is what serves" in printed) == (0, True)
    assert not repository.arguments.exists()


async def test_a_version_that_serves_again_is_proposed_again(
    stack: Stack, run: str, repository: Repository
) -> None:
    made = await repository.proposed()
    (repository.work / "app/prompts.py").write_text("ANOTHER = 1\n")
    git(repository.work, "commit", "--all", "--quiet", "--message", "another served since")
    made += await repository.proposed()
    git(repository.work, "revert", "--no-edit", "HEAD")
    ended, printed = await repository.propose(GH_STATE="CLOSED")
    assert (ended, "was declined" in printed) == (0, True)
    ended, printed = await repository.propose(GH_STATE="MERGED")
    assert (ended, repository.arguments.exists()) == (0, True), printed
    assert {*repository.branches()} == {"main", *made}


async def test_a_version_is_proposed_for_each_file_that_is_to_hold_it(
    run: str, repository: Repository
) -> None:
    files = ["app/prompts.py", "app/second.py", "app/third.json"]
    made = [one for file in files for one in await repository.proposed(TASK, file)]
    assert len({*made}) == len(files)
    for branch, file in zip(made, files, strict=True):
        assert git(repository.remote, "diff", "--name-only", "main", branch) == file


async def test_where_no_pull_request_was_opened_the_next_try_does_it(
    run: str, repository: Repository
) -> None:
    ended, printed = await repository.propose(GH_EXIT="1")
    assert ended == 1, printed
    assert repository.branches() == ["main"]
    assert (await repository.propose())[0] == 0


@pytest.mark.parametrize(
    ("words", "more", "code"),
    [
        ((TASK,), {}, 2),
        (("$(id)", "app/prompts.py"), {}, 2),
        ((TASK, "/etc/prompts.py"), {}, 2),
        ((TASK, "app/prompts.txt"), {}, 2),
        ((TASK, "app/prompts.py"), {"INDUCTION_KEY": ""}, 2),
        ((TASK, "app/prompts.py"), {"INDUCTION_KEY": "wrong"}, 1),
        (("unknown", "app/prompts.py"), {}, 1),
        ((TASK, "app/prompts.py"), {"PROMPT_ALIAS": "nowhere"}, 2),
        ((TASK, "app/prompts.py"), {"PROMPT_ALIAS": "staging"}, 1),
        ((TASK, "app/prompts.py"), {"PATH": "/nowhere"}, 2),
    ],
    ids=[
        "too few",
        "no slug",
        "absolute",
        "no prompt",
        "no key",
        "refused",
        "no task",
        "no alias",
        "nothing staged",
        "no gh",
    ],
)
async def test_what_cannot_be_proposed_changes_nothing(
    run: str, repository: Repository, words: tuple[str, ...], more: dict[str, str], code: int
) -> None:
    ended, printed = await repository.propose(*words, **more)
    assert (ended, repository.branches()) == (code, ["main"]), printed
    assert BOOTSTRAP_KEY not in printed
