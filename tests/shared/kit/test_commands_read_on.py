"""Both command lines explain themselves, and end quietly where nobody reads on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from cyclopts import App
from induction.cli import app as of_induction
from nlu_logger.cli import app as of_logger

UNBOUNDED = {"--seed", "--replaces", "--fail-under"}
BIN = Path(sys.executable).parent
APPS = {"nlu-logger": of_logger, "induction": of_induction}


def commands(app: App, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    if app.default_command is not None and words:
        yield words, app
    for name in app:
        if not name.startswith("-"):
            yield from commands(app[name], (*words, name))


@pytest.mark.parametrize("program", APPS)
def test_every_option_of_every_command_is_explained(program: str) -> None:
    silent = [
        (*words, *argument.names)
        for words, command in commands(APPS[program])
        for argument in command.assemble_argument_collection(parse_docstring=True)
        if argument.show and not argument.parameter.help
    ]
    assert not silent
    assert len(list(commands(APPS[program]))) > 8


@pytest.mark.law
@pytest.mark.parametrize(
    "words",
    [
        ("induction", "run", "--help"),
        ("nlu-logger", "--help"),
        ("nlu-logger", "keys", "scopes"),
    ],
)
def test_an_output_that_nobody_reads_is_no_traceback(words: tuple[str, ...]) -> None:
    """As with `… | head -0`: the reading end is closed before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [BIN / words[0], *words[1:]],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    os.close(writing)
    assert ended.stderr == ""
    assert ended.returncode in {1, 141}


@pytest.mark.parametrize("program", APPS)
def test_every_number_that_has_bounds_says_them(program: str) -> None:
    """All but seeds, a version that is compared as it is, and what says its own."""
    silent = [
        (*words, *argument.names)
        for words, command in commands(APPS[program])
        for argument in command.assemble_argument_collection(parse_docstring=True)
        if {int, float} & {argument.hint, *get_args(argument.hint)}
        and "number" not in (argument.parameter.help or "")
        and argument.name not in UNBOUNDED
    ]
    assert not silent
