"""`induction run` and `induction evaluate`: runs are started, and watched if one likes."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import aclosing
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import Parameter
from nlu_shared.backoff import LASTING
from nlu_shared.client.api import induction_api
from nlu_shared.client.runs import follow_run
from nlu_shared.kit.options import field
from nlu_shared.schemas.events import EvaluationProgress, RunFinished
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.migration import MARGIN
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind, RunLimits, RunRequest
from nlu_shared.schemas.steering import ApprovalMode, ChosenApprovals, Unanswered

from induction.commands.remote import HERE, Key, Url, answer, client
from induction.watching import forecasts, screen

Watch = Annotated[
    bool,
    Parameter(
        negative=(),
        help="Show what happens until it is over; fails where it does not complete, or has"
        " measured nothing.",
    ),
]
DryRun = Annotated[
    bool,
    Parameter(
        negative=(),
        help="Only say what it could cost and what stands in its way; with --json as JSON.",
    ),
]
AsJson = Annotated[bool, Parameter(name="--json", negative=())]
EventsAsJson = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        help="Print the run, and with --watch each event, as a line of JSON.",
    ),
]
NamedModel = Annotated[str | None, Parameter(show_default=False)]
Model = Annotated[
    str | None,
    Parameter(show_default=False, help="Who answers, as `provider/model`; without it the task's."),
]
Repeatable = Parameter(negative_iterable=())
USUAL = RunLimits()
MEASURING = {RunKind.IMPROVE, RunKind.EVALUATE}
"""Kinds of run that are worth nothing without a score."""
Kind = Literal["improve", "migrate", "headroom", "canary"]


def run(
    *,
    task: str,
    kind: Annotated[Kind, Parameter(show_choices=True)] = "improve",
    version: UUID | None = None,
    model: Model = None,
    proposer_model: NamedModel = None,
    to: Annotated[list[str] | None, Repeatable] = None,
    margin: Annotated[float, field(RunRequest, "margin")] = MARGIN,
    optimise: bool = False,
    agreement: bool = False,
    predictions: Annotated[int | None, field(RunRequest, "predictions")] = None,
    focus: str | None = None,
    guard: Annotated[list[str] | None, Repeatable] = None,
    proposals: Annotated[int, field(RunRequest, "proposals")] = 1,
    folds: Annotated[int | None, field(RunRequest, "folds")] = None,
    hint: Annotated[list[str] | None, Repeatable] = None,
    may_remove_blocks: bool = False,
    retrieval: bool | None = None,
    batches: bool | None = None,
    pin: Annotated[list[str] | None, Repeatable] = None,
    candidate: UUID | None = None,
    approval: ApprovalMode | None = None,
    approval_minutes: Annotated[float | None, field(ChosenApprovals, "approval_minutes")] = None,
    unanswered: Unanswered | None = None,
    iterations: Annotated[int, field(RunLimits, "iterations")] = USUAL.iterations,
    calls: Annotated[int, field(RunLimits, "calls")] = USUAL.calls,
    money_usd: Annotated[float, field(RunLimits, "money_usd")] = USUAL.money_usd,
    minutes: Annotated[float, field(RunLimits, "minutes")] = USUAL.minutes,
    max_prompt_tokens: Annotated[int | None, field(RunLimits, "max_prompt_tokens")] = None,
    seed: Annotated[int, field(RunRequest, "seed")] = 0,
    dry_run: DryRun = False,
    watch: Watch = False,
    as_json: EventsAsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Starts a run and prints its id; with --watch shows it until it is over.

    Parameters
    ----------
    task
        The task it is about.
    kind
        To improve its prompt; to migrate: compare new models with the task's own; headroom:
        measure with few calls what a prompt could gain; or canary: ask the same cases again to see
        whether the model has changed.
    version
        The prompt version to begin with; without it the one that serves.
    proposer_model
        Who proposes in this run; without it the task's.
    to
        To migrate: a new model; repeatable, five at most.
    optimise
        To migrate: search a better prompt for each new model first.
    agreement
        To migrate: compare with the old model's answers instead of the labels; on logged
        predictions, where there are too few approved cases for an answer.
    focus
        The component to raise: a label, or for extraction people, events, symptom, …
    guard
        By how much a component's F1 may fall at most, as `people=0.02`; repeatable.
    hint
        What the proposer is to consider; repeatable.
    may_remove_blocks
        Let changes take blocks of the prompt it begins with away: they carry the task.
    retrieval
        Also try examples that are chosen for each text; without it as the task says.
    batches
        Ask large evaluations as Message Batches: half the price, and their answers can take a day;
        without it as the task says.
    pin
        A block of the prompt it begins with that no change may edit; repeatable.
    candidate
        A version to try in place of proposals, by the same gates.
    approval
        Whether each change waits for a person before it is kept; without it as the task says.
    unanswered
        What becomes of a change that nobody has decided on in time.
    """
    request: dict[str, object] = {
        "task": task,
        "kind": kind,
        "prompt_version": version and str(version),
        "models": {"task": model, "proposer": proposer_model},
        "to_models": to or [],
        "margin": margin,
        "optimise": optimise,
        "agreement": agreement,
        "predictions": predictions,
        "focus": focus,
        "guards": dict(map(_tolerance, guard or [])),
        "proposals": proposals,
        "folds": folds,
        "hints": hint or [],
        "may_remove_blocks": may_remove_blocks,
        "retrieval": retrieval,
        "batches": batches,
        "pins": pin or [],
        "candidate": candidate and str(candidate),
        "approval": approval,
        "approval_minutes": approval_minutes,
        "unanswered": unanswered,
        "limits": {
            "iterations": iterations,
            "calls": calls,
            "money_usd": money_usd,
            "minutes": minutes,
            "max_prompt_tokens": max_prompt_tokens,
        },
        "seed": seed,
        "dry_run": dry_run,
    }
    start("/v1/runs", request, watch=watch, as_json=as_json, url=url, key=key)


def _tolerance(guard: str) -> tuple[str, float | str]:
    """A component and how far it may fall; what is no number is refused with the request."""
    component, _, tolerance = guard.rpartition("=")
    try:
        return component, float(tolerance)
    except ValueError:
        return component, tolerance


def evaluate(
    *,
    task: str,
    version: UUID | None = None,
    model: Model = None,
    calls: Annotated[int, field(RunLimits, "calls")] = USUAL.calls,
    money_usd: Annotated[float, field(RunLimits, "money_usd")] = USUAL.money_usd,
    minutes: Annotated[float, field(RunLimits, "minutes")] = USUAL.minutes,
    dry_run: DryRun = False,
    watch: Watch = False,
    as_json: EventsAsJson = False,
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
    """
    request = {
        "task": task,
        "kind": RunKind.EVALUATE,
        "prompt_version": version and str(version),
        "models": {"task": model},
        "limits": {"calls": calls, "money_usd": money_usd, "minutes": minutes},
        "dry_run": dry_run,
    }
    start("/v1/runs", request, watch=watch, as_json=as_json, url=url, key=key)


def start(
    path: str, request: Mapping[str, object], *, watch: bool, as_json: bool, url: str, key: str
) -> None:
    """Prints the run's id, as JSON where that is wanted; where the run is watched, then what
    happens until it is over. Of a dry run, what it could cost."""
    with client(url, key) as http:
        started = answer(http.post(path, json=request)).json()
    if request.get("dry_run"):
        forecast = Forecast.model_validate(started)
        print(forecast.model_dump_json() if as_json else "\n".join(forecasts.in_words(forecast)))
        return
    made = {"type": "run", "id": started["id"]}
    print(json.dumps(made) if as_json else started["id"], flush=True)
    if not watch:
        return
    show = _as_lines if as_json else _on_screen
    finished = asyncio.run(show(UUID(started["id"]), url, key))
    if finished is None:
        return
    if finished.status != "completed":
        sys.exit(f"induction: the run is {finished.status}: {finished.reason}")
    if finished.final_f1 is None and request.get("kind") in MEASURING:
        sys.exit(f"induction: the run has measured nothing: {finished.reason}")


async def _as_lines(run_id: UUID, url: str, key: str) -> RunFinished | None:
    """Prints each event as JSON; the last of them."""
    finished = None
    async with aclosing(follow_run(run_id, url=url, key=key)) as events:
        async for event in events:
            if not isinstance(event, EvaluationProgress):
                print(event.model_dump_json(), flush=True)
            finished = event if isinstance(event, RunFinished) else finished
    return finished


async def _on_screen(run_id: UUID, url: str, key: str) -> RunFinished | None:
    """The same for people."""
    async with induction_api(url, key, patience=LASTING) as api:

        async def over() -> RunView:
            return await api.get(f"/v1/runs/{run_id}", RunView)

        async with aclosing(follow_run(run_id, url=url, key=key)) as events:
            return await screen.watch(events, screen.console_for(), over)
