"""The commands for a task's label set: shown, defined from a file, renamed over history."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App
from nlu_shared.kit.options import number
from nlu_shared.schemas.labels import LabelRenamed, LabelSet

from nlu_logger.commands.remote import HERE, Key, Url, client, done

VERSION = number("As it was then; without it, as it is.", {"type": "integer", "minimum": 1})
labels = App(name="labels", help="The labels of a task: what its truths may be.")


@labels.command(name="list")
def list_labels(
    *,
    task: str,
    version: Annotated[int | None, VERSION] = None,
    as_json: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """One line per label: name, "retired" or "", aliases, description.

    Parameters
    ----------
    task
        Whose labels they are.
    as_json
        The whole set, as `labels put` takes it again.
    """
    path = _path(task) if version is None else f"{_path(task)}/versions/{version}"
    with client(url, key) as http:
        answer = done(http.get(path))
    shown = LabelSet.model_validate_json(answer.content)
    if as_json:
        print(json.dumps(answer.json(), indent=2, ensure_ascii=False))
        return
    for one in shown.labels:
        print(
            one.name,
            "retired" if one.retired else "",
            ", ".join(one.aliases),
            " ".join(one.description.split()),
            sep="\t",
        )
    if shown.version == 0:
        print(
            "nlu-logger: nobody has defined this set: any truth is taken; these are seen in truths",
            file=sys.stderr,
        )
    _warn(shown)


@labels.command
def put(
    file: Path, *, task: str, replaces: int | None = None, url: Url = HERE, key: Key = ""
) -> None:
    """Defines the set: the whole of it, as a new version.

    Parameters
    ----------
    file
        A name a line; or (.json) what `labels list --as-json` prints, or an array of names or
        labels.
    task
        Whose labels they are.
    replaces
        The version it was made from, else that in the file: another one by now is refused.
    """
    body = _body(file)
    if replaces is not None:
        body["replaces"] = replaces
    with client(url, key) as http:
        made = LabelSet.model_validate_json(done(http.put(_path(task), json=body)).content)
    print(f"version {made.version}, {len(made.labels)} labels")
    _warn(made)


@labels.command
def rename(old: str, new: str, *, task: str, url: Url = HERE, key: Key = "") -> None:
    """Renames a label in the set and over history, or merges it into one that exists.

    Parameters
    ----------
    old
        The label as it is called now; it stays as an alias.
    new
        Its name from now on.
    task
        Whose label it is.
    """
    path = f"{_path(task)}/{quote(old, safe='')}/rename"
    with client(url, key) as http:
        answer = done(http.post(path, json={"to": new}))
    made = LabelRenamed.model_validate_json(answer.content)
    print(
        f"cases renamed: {made.cases}, corrections: {made.corrections},"
        f" conflicts ended: {made.conflicts_ended}; version {made.version}"
    )


def _path(task: str) -> str:
    return f"/v1/tasks/{quote(task, safe='')}/labels"


def _body(file: Path) -> dict[str, Any]:
    """Raises an exit for a file that holds no labels."""
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix.lower() != ".json":
        return {"labels": [{"name": line} for line in text.splitlines() if line.strip()]}
    try:
        whole = json.loads(text)
    except ValueError:
        sys.exit(f"nlu-logger: {file} is not JSON")
    listed = whole.get("labels") if isinstance(whole, dict) else whole
    if not isinstance(listed, list):
        sys.exit(f"nlu-logger: {file} holds no labels")
    labels = [one if isinstance(one, dict) else {"name": one} for one in listed]
    known = {name: one for name, one in _known(whole).items() if one is not None}
    return {"labels": labels, **known}


def _known(whole: Any) -> dict[str, Any]:
    """The version the file was made from."""
    if not isinstance(whole, dict):
        return {}
    return {"replaces": whole.get("replaces", whole.get("version"))}


def _warn(shown: LabelSet) -> None:
    for one in shown.warnings:
        print(
            f"nlu-logger: {one.label} is nearly {', '.join(one.like)}: if they are one label,"
            f" nlu-logger labels rename --task {shown.task} {one.label!r} {one.like[0]!r}",
            file=sys.stderr,
        )
