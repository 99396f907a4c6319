"""`induction prompts`: what is in the registry, as files and as lines, and files into it."""

import sys
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter
from nlu_shared.schemas.blame import Blame
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.prompts import PromptVersion, caution_of
from nlu_shared.schemas.registry import PromptImport
from nlu_shared.schemas.runs import RunView

from induction.history.blame import as_lines as blame_lines
from induction.prompts.diff import as_lines
from induction.prompts.handwritten import UnreadableModule
from induction.prompts.reading import read_document, read_module
from induction.remote import HERE, Key, Url, answer, client

prompts = App(name="prompts", help="The prompt registry.")


@prompts.command
def export(
    *,
    task: str,
    version: UUID | None = None,
    format: Literal["py", "json"] = "py",
    output: Path | None = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Writes a version, or the one that serves, to a file or standard output, in UTF-8.

    Parameters
    ----------
    task
        The task the prompt is for.
    version
        The version; without it the one that serves.
    format
        A Python module of constants, or JSON.
    output
        The file; without it standard output.
    """
    params = {"format": format} | ({"version": str(version)} if version else {})
    with client(url, key) as http:
        content = answer(http.get(f"/v1/prompts/{task}/export", params=params)).content
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)


@prompts.command(name="import")
def bring_in(
    file: Path,
    /,
    *,
    task: str,
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
    task
        The task the prompt is for.
    notes
        What people should know of this version.
    promote
        Let it serve from now on.
    """
    body = _read(file).model_copy(update={"notes": notes, "promote": promote})
    with client(url, key) as http:
        version = answer(
            http.post(
                f"/v1/prompts/{task}/versions",
                content=body.model_dump_json(exclude_none=True),
                headers={"content-type": "application/json"},
            )
        ).json()
    print(version["id"])


@prompts.command
def promote(
    *,
    task: str,
    version: UUID | None = None,
    run: UUID | None = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Lets a version serve from now on, and prints its id.

    Parameters
    ----------
    task
        The task the prompt is for.
    version
        The version that is to serve.
    run
        In its place a run, whose best version is to serve.
    """
    if (version is None) == (run is None):
        sys.exit("induction: name --version or --run, one of them")
    with client(url, key) as http:
        if run is not None:
            seen = RunView.model_validate_json(answer(http.get(f"/v1/runs/{run}")).text)
            if seen.task != task:
                sys.exit(f"induction: that run is of the task {seen.task}")
            version = seen.best_version_id
        if version is None:
            sys.exit("induction: that run has found no version that is better than its baseline")
        response = answer(http.post(f"/v1/prompts/{task}/versions/{version}/promote"))
    promoted = PromptVersion.model_validate_json(response.text)
    print(promoted.id)
    if caution := caution_of(promoted.made_on):
        print(f"induction: {caution}", file=sys.stderr)


@prompts.command
def diff(*, task: str, version: UUID, against: UUID, url: Url = HERE, key: Key = "") -> None:
    """Prints what changed from one version to another.

    Parameters
    ----------
    task
        The task the prompts are for.
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
def blame(*, task: str, version: UUID, url: Url = HERE, key: Key = "") -> None:
    """Prints what made each part of a prompt, the cases that fixed and broke, and its tokens.

    Parameters
    ----------
    task
        The task the prompt is for.
    version
        The version.
    """
    with client(url, key) as http:
        response = http.get(f"/v1/prompts/{task}/versions/{version}/blame")
    print("\n".join(blame_lines(Blame.model_validate_json(answer(response).text))))


def _read(file: Path) -> PromptImport:
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix == ".py":
            read = read_module(text, most_code=None)
            return PromptImport(content=read.content, constants=read.constants)
        if file.suffix == ".json":
            read = read_document(text)
            return PromptImport(content=read.content, constants=read.constants)
        return PromptImport(text=text)
    except OSError as away:
        sys.exit(f"induction: {file}: {away.strerror}")
    except UnreadableModule as unreadable:
        sys.exit(f"induction: {file}: {unreadable}")
    except ValueError:  # it is no UTF-8, or too long for one block
        sys.exit(f"induction: {file} holds no text of a prompt")
