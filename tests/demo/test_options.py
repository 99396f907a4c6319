"""What the demo is told, and what it says when it cannot follow."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.demo.__main__ import main
from deploy.demo.options import SHIPPED, BadOption, choice, stack

NAMED = {"DATA", "TEXT", "LABEL", "LIMIT", "OUT", "TASK", "NLU_ADMIN_KEY"}
Demo = Callable[..., tuple[int, str, str]]


def demo(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in NAMED}
    return subprocess.run(
        [sys.executable, "-m", "deploy.demo", *arguments],
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_options_left_empty_are_options_not_given() -> None:
    chosen = choice(dict.fromkeys(("DATA", "TEXT", "LABEL", "LIMIT", "OUT", "TASK"), ""))
    assert (chosen.data, chosen.text, chosen.label) == (SHIPPED, None, None)
    assert (chosen.limit, chosen.out, chosen.task) == (None, Path("demo-output"), None)


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", "²"])
def test_a_limit_that_is_no_number_is_refused(limit: str) -> None:
    with pytest.raises(BadOption, match="LIMIT"):
        choice({"LIMIT": limit})


@pytest.mark.parametrize("task", ["Upper", "a b", "-first", "ü", "x" * 64])
def test_a_task_that_is_no_slug_is_refused(task: str) -> None:
    with pytest.raises(BadOption, match="TASK"):
        choice({"TASK": task})


def test_a_stack_that_is_not_named_is_asked_for() -> None:
    with pytest.raises(BadOption, match=r"INDUCTION_URL, NLU_ADMIN_KEY.*make demo"):
        stack({"NLU_LOGGER_URL": "http://127.0.0.1:1", "ANTHROPIC_API_KEY": "x"})


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Demo:
    """The same without an interpreter of its own: exit code, standard output, standard error."""

    def run(*arguments: str, **variables: str) -> tuple[int, str, str]:
        for name in NAMED:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return main([*arguments]), *capsys.readouterr()

    return run


def test_a_check_reads_the_data_and_needs_no_stack(in_process: Demo, tmp_path: Path) -> None:
    assert in_process("--check", OUT=str(tmp_path / "out")) == (0, "", "")


def test_bad_data_ends_the_demo_with_one_line(in_process: Demo, tmp_path: Path) -> None:
    ended = in_process(DATA="nowhere.csv", OUT=str(tmp_path))
    assert ended == (1, "", "demo: there is no file nowhere.csv\n")


def test_a_place_for_the_output_that_cannot_be_made_is_named(
    in_process: Demo, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    ended = in_process("--check", OUT=str(in_the_way / "out"))
    why = f"demo: OUT={in_the_way / 'out'} cannot be made: Not a directory\n"
    assert ended == (1, "", why)


@pytest.mark.law
def test_a_service_that_is_away_is_named(tmp_path: Path) -> None:
    away = "http://127.0.0.1:9"
    addresses = {"NLU_LOGGER_URL": away, "INDUCTION_URL": away, "ANTHROPIC_BASE_URL": away}
    ended = demo(NLU_ADMIN_KEY="nlk_x", ANTHROPIC_API_KEY="x", OUT=str(tmp_path), **addresses)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"demo: no answer from {away}")
    assert ended.stderr.count("\n") == 1
