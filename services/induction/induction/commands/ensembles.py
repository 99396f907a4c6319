"""`induction prompts vote`: what several versions come to by vote, beside each of them alone."""

from typing import Annotated, Any
from uuid import UUID

from nlu_shared.kit.options import field
from nlu_shared.schemas.runs import RunKind, RunLimits

from induction.commands.remote import HERE, Key, Task, Url
from induction.commands.runs import (
    USUAL,
    DryRun,
    EventsAsJson,
    Model,
    Repeatable,
    Watch,
    start,
)


def vote(
    *,
    task: Task,
    member: Annotated[list[UUID], Repeatable],
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
    """Measures an ensemble, as a run, and prints the run's id. The ensemble becomes a version.

    It is judged on the cases set aside for verdicts, against the version that serves.

    Parameters
    ----------
    member
        A version that votes; twice or more. Where a vote is even, the first counts.
    version
        What the vote is compared with; without it the version that serves.
    """
    order: dict[str, Any] = {
        "task": task,
        "kind": RunKind.ENSEMBLE,
        "members": [str(one) for one in member],
        "prompt_version": version and str(version),
        "models": {"task": model},
        "limits": {"calls": calls, "money_usd": money_usd, "minutes": minutes},
        "dry_run": dry_run,
    }
    start("/v1/runs", order, watch=watch, as_json=as_json, url=url, key=key)
