"""`induction run` and `induction evaluate`: runs are started, and watched if one likes."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from nlu_shared.backoff import LASTING
from nlu_shared.client.api import induction_api
from nlu_shared.client.runs import follow_run
from nlu_shared.schemas.events import EvaluationProgress, RunFinished
from nlu_shared.schemas.runs import RunKind, RunLimits, RunView

from induction.remote import HERE, Key, Url, answer, client
from induction.watching import screen

Limits = Annotated[RunLimits, Parameter(name="*")]
Watch = Annotated[bool, Parameter(negative=())]
AsJson = Annotated[bool, Parameter(name="--json", negative=())]
Repeatable = Parameter(negative_iterable=())
USUAL = RunLimits()


def run(
    *,
    task: str,
    version: UUID | None = None,
    focus: str | None = None,
    guard: Annotated[list[str] | None, Repeatable] = None,
    proposals: int = 1,
    folds: int | None = None,
    hint: Annotated[list[str] | None, Repeatable] = None,
    may_remove_blocks: bool = False,
    limits: Limits = USUAL,
    seed: int = 0,
    watch: Watch = False,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Starts an improve run and prints its id; with --watch shows it until it is over.

    Parameters
    ----------
    task
        The task whose prompt is to be improved.
    version
        The prompt version to begin with; without it the one that serves.
    focus
        The component to raise: a label, or for extraction people, events, symptom, …
    guard
        By how much a component's F1 may fall at most, as `people=0.02`; repeatable.
    proposals
        How many changes are tried side by side, at most.
    folds
        Repeat the search so many times without a part of the cases, to judge it by those.
    hint
        What the proposer is to consider; repeatable.
    may_remove_blocks
        Let changes take blocks of the prompt it begins with away: they carry the task.
    limits
        The most the run may take.
    seed
        Of all that is drawn at random: the same again repeats a run.
    watch
        Show what happens until the run is over; fails where it does not complete.
    as_json
        With --watch, print each event as a line of JSON.
    """
    request = {
        "task": task,
        "prompt_version": version and str(version),
        "focus": focus,
        "guards": dict(one.rpartition("=")[::2] for one in guard or []),
        "proposals": proposals,
        "folds": folds,
        "hints": hint or [],
        "may_remove_blocks": may_remove_blocks,
        "limits": limits.model_dump(),
        "seed": seed,
    }
    _start(request, watch=watch, as_json=as_json, url=url, key=key)


def evaluate(
    *,
    task: str,
    version: UUID | None = None,
    watch: Watch = False,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Starts an evaluation of a prompt version; with --watch shows it until it is over.

    The cases set aside for verdicts stay untouched.

    Parameters
    ----------
    task
        The task whose cases are answered.
    version
        The prompt version; without it the one that serves.
    watch
        Show what happens until it is over; fails where it does not complete.
    as_json
        With --watch, print each event as a line of JSON.
    """
    request = {"task": task, "kind": RunKind.EVALUATE, "prompt_version": version and str(version)}
    _start(request, watch=watch, as_json=as_json, url=url, key=key)


def _start(
    request: Mapping[str, object], *, watch: bool, as_json: bool, url: str, key: str
) -> None:
    """Prints the run's id; where it is watched, then what happens until it is over."""
    with client(url, key) as http:
        started = answer(http.post("/v1/runs", json=request)).json()
    print(started["id"], flush=True)
    if not watch:
        return
    show = _told if as_json else _seen
    finished = asyncio.run(show(UUID(started["id"]), url, key))
    if finished is not None and finished.status != "completed":
        sys.exit(f"induction: the run is {finished.status}: {finished.reason}")


async def _told(run_id: UUID, url: str, key: str) -> RunFinished | None:
    """Prints each event as JSON; the last of them."""
    finished = None
    async for event in follow_run(run_id, url=url, key=key):
        if not isinstance(event, EvaluationProgress):
            print(event.model_dump_json(), flush=True)
        finished = event if isinstance(event, RunFinished) else finished
    return finished


async def _seen(run_id: UUID, url: str, key: str) -> RunFinished | None:
    """The same for people."""
    async with induction_api(url, key, patience=LASTING) as api:

        async def over() -> RunView:
            return await api.get(f"/v1/runs/{run_id}", RunView)

        events = follow_run(run_id, url=url, key=key)
        return await screen.watch(events, screen.console_for(), over)
