"""`induction prompts`: what is in the registry, as files and as lines, and files into it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from urllib.parse import quote
from uuid import UUID

import httpx2
from cyclopts import App, Parameter
from nlu_shared.client.patient import unanswered
from nlu_shared.files.lines import NOT_UTF8
from nlu_shared.schemas.blame import Blame
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.promotions import ProposalStatus
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias
from nlu_shared.schemas.registry import PromptImport

from induction.commands.remote import HERE, Key, Output, Task, Url, answer, client, write
from induction.history.blame import as_lines as blame_lines
from induction.prompts.behind import behind
from induction.prompts.diff import as_lines
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.reading import ReadPrompt, read_document, read_module

prompts = App(name="prompts", help="The prompt registry.")
BEHIND, UNKNOWN = 1, 2
SERVES = "serves"
"""What follows the id of a version that serves from then on; `waiting` follows what is proposed."""


@prompts.command
def export(
    *,
    task: Task,
    version: UUID | None = None,
    alias: ServingAlias = ServingAlias.PRODUCTION,
    format: Literal["py", "json"] = "py",
    output: Output = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Writes a version, or the one that serves, to a file or standard output, in UTF-8.

    Parameters
    ----------
    version
        The version; without it the one that serves.
    alias
        Which of those that serve: production or staging.
    format
        A Python module of constants, or JSON.
    """
    params = {"format": format, "alias": alias.value}
    params |= {"version": str(version)} if version else {}
    with client(url, key) as http:
        content = answer(http.get(f"/v1/prompts/{task}/export", params=params)).content
    write(content, output)


@prompts.command(name="import")
def bring_in(
    file: Path,
    /,
    *,
    task: Task,
    notes: str | None = None,
    promote: Annotated[bool, Parameter(negative=())] = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings a prompt in and prints the id of its version; one that is there already is that one.

    The file is read here and nothing in it is run, so that whatever was exported comes back.

    Parameters
    ----------
    file
        An export (.py, .json), or a text that becomes one block.
    notes
        What people should know of this version.
    promote
        Let it serve in production from now on, or propose it where the task asks for approvals: a
        tab and `serves` or `waiting` follow the id.
    """
    body = _read(file).model_copy(update={"notes": notes, "promote": promote})
    with client(url, key) as http:
        content = answer(
            http.post(
                f"/v1/prompts/{task}/versions",
                content=body.model_dump_json(exclude_none=True),
                headers={"content-type": "application/json"},
            )
        ).content
    version = PromptVersion.model_validate_json(content)
    stands = SERVES if version.is_production else ProposalStatus.WAITING.value
    print(version.id, *([stands] if promote else []), sep="\t")


@prompts.command
def diff(*, task: Task, version: UUID, against: UUID, url: Url = HERE, key: Key = "") -> None:
    """Prints what changed from one version to another.

    Parameters
    ----------
    version
        The newer version.
    against
        The version it is compared with.
    """
    with client(url, key) as http:
        response = http.get(
            f"/v1/prompts/{task}/versions/{version}/diff", params={"against": str(against)}
        )
    print("\n".join(as_lines(PromptDiff.model_validate_json(answer(response).text))))


@prompts.command
def blame(*, task: Task, version: UUID, url: Url = HERE, key: Key = "") -> None:
    """Prints what made each part of a prompt, the cases that fixed and broke, and its tokens.

    Parameters
    ----------
    version
        The version.
    """
    with client(url, key) as http:
        response = http.get(f"/v1/prompts/{task}/versions/{version}/blame")
    print("\n".join(blame_lines(Blame.model_validate_json(answer(response).text))))


@prompts.command
def check(
    file: Path,
    /,
    *,
    task: str | None = None,
    alias: ServingAlias = ServingAlias.PRODUCTION,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Says whether a file holds the prompt that serves.

    Exits 0 where it does, 1 where it does not, which is shown, and 2 where that cannot be told: the
    file cannot be read, or the service is away, refuses, or serves nothing. Nothing in it is run.

    Parameters
    ----------
    file
        An export: prompts.py, or JSON.
    task
        The task the prompt is for; without it the one that the file names.
    alias
        Which of those that serve: production or staging.
    """
    try:
        read = _prompt(file)
        named = task or (read.origin.task if read.origin else None)
        if named is None:
            sys.exit(f"induction: {file} names no task: give --task")
        with client(url, key) as http:
            path = f"/v1/prompts/{quote(named, safe='')}/export"
            params = {"format": "json", "alias": alias.value}
            serving = read_document(answer(http.get(path, params=params)).text)
    except httpx2.HTTPError as away:
        _exit_unknown(f"induction: {unanswered(away)}")
    except UnreadableModule:
        _exit_unknown("induction: what serves there cannot be read")
    except SystemExit as refused:
        _exit_unknown(str(refused.code))
    differences = behind(read, serving)
    if not differences:
        print(f"{file} is what serves in {alias}")
        return
    print(f"{file} is not what serves in {alias}", *differences, sep="\n")
    sys.exit(BEHIND)


def _exit_unknown(reason: str) -> NoReturn:
    """A refusal exits with 1 elsewhere, which here would say that the file is behind."""
    print(reason, file=sys.stderr)
    sys.exit(UNKNOWN)


def _read(file: Path) -> PromptImport:
    if file.suffix in READERS:
        read = _prompt(file)
        return PromptImport(content=read.content, constants=read.constants)
    with _readable(file):
        return PromptImport(text=file.read_text(encoding="utf-8-sig"))


def _prompt(file: Path) -> ReadPrompt:
    with _readable(file):
        return READERS.get(file.suffix, _module)(file.read_text(encoding="utf-8-sig"))


def _module(text: str) -> ReadPrompt:
    return read_module(text, most_code=None)


READERS: dict[str, Callable[[str], ReadPrompt]] = {".py": _module, ".json": read_document}


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Ends the command with a line for a person where the file is not."""
    try:
        yield
    except OSError as away:
        sys.exit(f"induction: {file}: {away.strerror}")
    except UnreadableModule as unreadable:
        sys.exit(f"induction: {file}: {unreadable}")
    except UnicodeDecodeError:
        sys.exit(f"induction: {file} is {NOT_UTF8}")
    except ValueError:  # too long for one block
        sys.exit(f"induction: {file} holds no text of a prompt")
