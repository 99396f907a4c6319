"""What serves on its way into a repository: a pull request with the report as its body."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack
from tests.induction.reports.test_reports import ended, of_version

pytestmark = pytest.mark.law
TASK = "in-a-repository"
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
    return await ended(stack, TASK)


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
        code, printed = await self.propose(*words)
        assert code == 0, printed
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
    code, printed = await repository.propose()
    assert code == 0, printed
    branch = next(one for one in repository.branches() if one != "main")
    words = repository.arguments.read_text().splitlines()
    assert words[:6] == ["pr", "create", "--base", "main", "--head", branch]
    assert BOOTSTRAP_KEY not in repository.arguments.read_text()
    served = (await stack.induction.get(f"/v1/prompts/{TASK}/active")).json()["version_id"]
    assert (
        repository.body.read_text().strip()
        == (await of_version(stack, served, "md", task=TASK)).text.strip()
    )
    exported = await stack.induction.get(f"/v1/prompts/{TASK}/export")
    assert git(repository.remote, "show", f"{branch}:app/prompts.py") == exported.text.strip()
    changed = git(repository.remote, "diff", "--name-only", "main", branch)
    assert changed == "app/prompts.py"
    assert (repository.work / "unfinished.txt").read_text() == "mine"
    assert git(repository.work, "status", "--short") == "?? unfinished.txt"
    assert git(repository.work, "worktree", "list").count("\n") == 0

    repository.arguments.unlink()
    code, printed = await repository.propose()
    assert (code, "is there already" in printed) == (0, True)
    git(repository.work, "fetch", "--quiet")
    git(repository.work, "merge", "--quiet", "--ff-only", f"origin/{branch}")
    code, printed = await repository.propose()
    assert (code, "is what serves" in printed) == (0, True)
    assert not repository.arguments.exists()


async def test_a_version_that_serves_again_is_proposed_again(
    stack: Stack, run: str, repository: Repository
) -> None:
    made = await repository.proposed()
    (repository.work / "app/prompts.py").write_text("ANOTHER = 1\n")
    git(repository.work, "commit", "--all", "--quiet", "--message", "another served since")
    made += await repository.proposed()
    git(repository.work, "revert", "--no-edit", "HEAD")
    code, printed = await repository.propose(GH_STATE="CLOSED")
    assert (code, "was declined" in printed) == (0, True)
    code, printed = await repository.propose(GH_STATE="MERGED")
    assert (code, repository.arguments.exists()) == (0, True), printed
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
    code, printed = await repository.propose(GH_EXIT="1")
    assert code == 1, printed
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
    done, printed = await repository.propose(*words, **more)
    assert (done, repository.branches()) == (code, ["main"]), printed
    assert BOOTSTRAP_KEY not in printed
