"""`induction runs`: the runs there are, what they came to, checked and continued."""

import json
import sys
import time
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Annotated, Literal, NoReturn
from uuid import UUID

import httpx2
from cyclopts import App, Parameter
from nlu_shared.client.patient import unanswered
from nlu_shared.kit.options import field
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.continuations import LimitsChange
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.verifications import EventDifference, Verification, VerificationOutcome
from pydantic import JsonValue

from induction.commands.remote import HERE, Key, Output, Url, answer, client, write
from induction.commands.runs import AsJson, EventsAsJson, NamedModel, Watch, start
from induction.run_kinds import SEEK_BETTER
from induction.sentences import standing
from induction.watching import screen, waiting

runs = App(name="runs", help="Runs: list, show, report, steer, verify, continue.")
EXITS = {
    VerificationOutcome.SAME: 0,
    VerificationOutcome.DIFFERENT: 1,
    VerificationOutcome.UNCHECKED: 2,
}
LOOK_SECONDS = 0.5
MOST_DIFFERENCES, MOST_SHOWN = 10, 300
"""Values of two events that are shown, and characters of each."""
NO_WORKER = "No worker of its engine version has done it in that time."


@runs.command(name="list")
def list_runs(*, task: str | None = None, limit: int = 20, url: Url = HERE, key: Key = "") -> None:
    """Lists runs, the newest first: id, task, kind, status, F1 before
    and after (one, where nothing better was sought), reason.

    Parameters
    ----------
    task
        Of this task alone.
    limit
        How many: a number from 1 to 100.
    """
    params = {"limit": limit} | ({} if task is None else {"task": task})
    with client(url, key) as http:
        content = answer(http.get("/v1/runs", params=params)).content
    for run in Page[RunView].model_validate_json(content).items:
        measured = (run.baseline_f1, run.final_f1)[: 1 + (run.kind in SEEK_BETTER)]
        scores = " → ".join("-" if one is None else f"{one:.3f}" for one in measured)
        status = standing(run)
        print(run.id, run.task, run.kind, status, scores, run.reason or "", sep="\t")


@runs.command
def show(run_id: UUID, /, *, as_json: AsJson = False, url: Url = HERE, key: Key = "") -> None:
    """Shows how a run stands: its verdict, its scores, what it has cost, and the change that it
    waits for, with the commands that decide on it.

    Parameters
    ----------
    run_id
        Which run.
    as_json
        Print it as the API gives it.
    """
    with client(url, key) as http:
        content = answer(http.get(f"/v1/runs/{run_id}")).content
    if as_json:
        print(json.dumps(json.loads(content), ensure_ascii=False))
        return
    run = RunView.model_validate_json(content)
    reason = "" if run.reason is None else f": {run.reason}"
    print(f"{run.task} {run.kind}: {standing(run)}{reason}")
    if run.retry_at is not None:
        print(f"it goes on by itself at {run.retry_at:%Y-%m-%d %H:%M:%S} UTC")
    console = screen.console_for()
    waiting.print_waiting(console, run)
    screen.print_ending(console, run)


@runs.command
def report(
    run_id: UUID,
    /,
    *,
    format: Literal["md", "html", "json"] = "md",
    output: Output = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Writes the evidence of a run: its verdict, interval, scores, changes, cost, hashes, and how
    to roll back. It holds ids of cases and none of their texts.

    Parameters
    ----------
    run_id
        Which run.
    format
        Markdown, as for a pull request; a page of HTML; or JSON.
    """
    with client(url, key) as http:
        params = {"format": format}
        content = answer(http.get(f"/v1/runs/{run_id}/report", params=params)).content
    write(content, output)


@runs.command
def verify(
    run_id: UUID,
    /,
    *,
    seconds: float = 3600.0,
    as_json: AsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Executes a finished run again from its ledger, without a call to a model, and compares every
    event with what is stored.

    Exits 0 where all are the same, 1 at the first difference, which is shown, and 2 where it cannot
    be checked, with the reason.

    Parameters
    ----------
    run_id
        Which run.
    seconds
        How long to wait for a worker to do it, as a number.
    as_json
        Print the outcome as the API gives it.
    """
    try:
        checked = _verified(run_id, seconds, url, key)
    except httpx2.HTTPError as away:
        _exit_unchecked(unanswered(away))
    except SystemExit as refused:
        _exit_unchecked(str(refused.code).removeprefix("induction: "))
    if as_json:
        print(checked.model_dump_json())
    else:
        print(*_in_words(checked), sep="\n")
    unchecked = VerificationOutcome.UNCHECKED
    sys.exit(EXITS[checked.outcome or unchecked])


def _exit_unchecked(reason: str) -> NoReturn:
    """A refusal exits with 1 elsewhere, which here would say that an event differs."""
    print(f"induction: {reason}", file=sys.stderr)
    sys.exit(EXITS[VerificationOutcome.UNCHECKED])


def _verified(run_id: UUID, seconds: float, url: str, key: str) -> Verification:
    """As it stands once it is done, or when the time is up."""
    until = time.monotonic() + seconds
    with client(url, key) as http:
        content = answer(http.post(f"/v1/runs/{run_id}/verify")).content
        checked = Verification.model_validate_json(content)
        while checked.outcome is None and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
            content = answer(http.get(f"/v1/runs/{run_id}/verification")).content
            checked = Verification.model_validate_json(content)
    return checked


def _in_words(checked: Verification) -> list[str]:
    counted = f"{checked.events} events are the same"
    reason = "" if checked.reason is None else f" {checked.reason}"
    match checked.outcome:
        case VerificationOutcome.SAME:
            return [f"same: {counted}.{reason}"]
        case VerificationOutcome.DIFFERENT if checked.difference is not None:
            first = f"different: {counted}, event {checked.difference.n} is not.{reason}"
            return [first, *_sides(checked.difference)]
        case None:
            return [f"unchecked: {NO_WORKER}"]
    return [f"unchecked:{reason}"]


def _sides(difference: EventDifference) -> list[str]:
    """What differs, each value as it is recorded and as it is replayed."""
    recorded, replayed = difference.recorded, difference.replayed
    values = list(islice(_differing("", recorded, replayed), MOST_DIFFERENCES + 1))
    lines = [
        line
        for path, before, after in values[:MOST_DIFFERENCES]
        for line in (
            f"  recorded{path}: {_value(before)}",
            f"  replayed{path}: {_value(after)}",
        )
    ]
    return lines + (["  and more: --json prints both events"] if values[MOST_DIFFERENCES:] else [])


def _differing(
    path: str, recorded: JsonValue, replayed: JsonValue
) -> Iterator[tuple[str, JsonValue, JsonValue]]:
    """The smallest values that differ, each with its path; what one side lacks is null there."""
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        for name in {**recorded, **replayed}:
            yield from _differing(f"{path} {name}", recorded.get(name), replayed.get(name))
    elif isinstance(recorded, list) and isinstance(replayed, list):
        for n, (before, after) in enumerate(zip_longest(recorded, replayed)):
            yield from _differing(f"{path} {n}", before, after)
    elif recorded != replayed:
        yield path, recorded, replayed


def _value(value: JsonValue) -> str:
    if value is None:
        return "nothing"
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= MOST_SHOWN else f"{written[:MOST_SHOWN]}…"


@runs.command(name="continue")
def go_on(
    run_id: UUID,
    /,
    *,
    model: NamedModel = None,
    proposer_model: NamedModel = None,
    hint: Annotated[list[str] | None, Parameter(negative_iterable=())] = None,
    iterations: Annotated[int | None, field(LimitsChange, "iterations")] = None,
    calls: Annotated[int | None, field(LimitsChange, "calls")] = None,
    money_usd: Annotated[float | None, field(LimitsChange, "money_usd")] = None,
    minutes: Annotated[float | None, field(LimitsChange, "minutes")] = None,
    watch: Watch = False,
    as_json: EventsAsJson = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Goes on as a new run from the best prompt of one that was superseded, failed or cancelled,
    and prints its id.

    Limits and options are those of that run where no others are named.

    Parameters
    ----------
    run_id
        Which run.
    model
        Who answers in this run, as `provider/model`.
    proposer_model
        Who proposes in this run.
    hint
        What the proposer is to consider, in place of the hints of before; repeatable.
    """
    limits = {"iterations": iterations, "calls": calls, "money_usd": money_usd, "minutes": minutes}
    body = {
        "limits": limits,
        "models": {"task": model, "proposer": proposer_model},
        "hints": hint,
    }
    start(f"/v1/runs/{run_id}/continue", body, watch=watch, as_json=as_json, url=url, key=key)
