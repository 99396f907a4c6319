"""The commands for quoting: which texts of a task a prompt may show, by default and by filter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
from cyclopts import App, Parameter
from nlu_shared.schemas.quoting import Quoted, QuotingDefault

from nlu_logger.commands.remote import HERE, Key, Url, client, done

quoting = App(name="quoting", help="Which texts of a task a prompt may show.")
DEFAULTS = {
    None: "nobody has decided: approved predictions may not, cases brought in may",
    True: "new cases may be quoted",
    False: "new cases may not be quoted",
}


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class CaseFilters:
    """Which approved cases: all of a task that every condition given holds for."""

    task: Annotated[str, Parameter(help="Whose cases they are.")]
    label: Annotated[str | None, Parameter(help="Those of this truth alone.")] = None
    group: Annotated[str | None, Parameter(help="Those of this group alone.")] = None
    from_: Annotated[
        datetime | None, Parameter(name="--from", help="Those approved at this moment or later.")
    ] = None
    to: Annotated[datetime | None, Parameter(help="Those approved before it.")] = None


@quoting.command
def show(*, task: str, url: Url = HERE, key: Key = "") -> None:
    """What holds for new cases, and how many of those there are may be quoted.

    Parameters
    ----------
    task
        Whose cases they are.
    """
    with client(url, key) as http:
        default = QuotingDefault.model_validate_json(done(http.get(_path(task))).content)
        counted = _decided(http.post("/v1/ground-truth:quoting", json={"task": task}))
    print(DEFAULTS[default.may_quote])
    print(f"{counted.cases - counted.changed} of {counted.cases} cases may be quoted")


@quoting.command(name="default")
def set_default(may_quote: bool, *, task: str, url: Url = HERE, key: Key = "") -> None:
    """Decides for new cases whose approval or import does not say.

    Parameters
    ----------
    may_quote
        Whether their texts may appear inside a prompt.
    task
        Whose cases they are.
    """
    with client(url, key) as http:
        answer = done(http.put(_path(task), json={"may_quote": may_quote}))
    print(DEFAULTS[QuotingDefault.model_validate_json(answer.content).may_quote])


@quoting.command
def allow(*, filters: CaseFilters, dry_run: bool = False, url: Url = HERE, key: Key = "") -> None:
    """Lets prompts quote the approved cases that every condition holds for.

    Parameters
    ----------
    dry_run
        Count only.
    """
    _decide(True, filters, dry_run=dry_run, url=url, key=key)


@quoting.command
def end(*, filters: CaseFilters, dry_run: bool = False, url: Url = HERE, key: Key = "") -> None:
    """Lets prompts quote them no longer: versions that show them already keep them.

    Parameters
    ----------
    dry_run
        Count only.
    """
    _decide(False, filters, dry_run=dry_run, url=url, key=key)


def _decide(may_quote: bool, filters: CaseFilters, *, dry_run: bool, url: str, key: str) -> None:
    conditions = {
        "label": filters.label,
        "group": filters.group,
        "from": _with_zone(filters.from_),
        "to": _with_zone(filters.to),
    }
    body: dict[str, Any] = {"task": filters.task, "may_quote": may_quote, "dry_run": dry_run}
    body |= {name: value for name, value in conditions.items() if value is not None}
    with client(url, key) as http:
        quoted = _decided(http.post("/v1/ground-truth:quoting", json=body))
    changed = "would change" if dry_run else "changed"
    print(
        f"{changed} {quoted.changed} of {quoted.matched} cases;"
        f" {quoted.quotable} of {quoted.cases} may be quoted"
    )


def _with_zone(moment: datetime | None) -> str | None:
    """A time without a zone is this machine's."""
    return None if moment is None else moment.astimezone().isoformat()


def _path(task: str) -> str:
    return f"/v1/tasks/{quote(task, safe='')}/quoting"


def _decided(answer: httpx2.Response) -> Quoted:
    return Quoted.model_validate_json(done(answer).content)
