"""Why a run has come no further. Pure; who shows it adds what to do there."""

from collections.abc import Mapping
from typing import Any

from nlu_shared.schemas.runs import RunStatus


def why(run: Mapping[Any, Any]) -> str:
    """run: a row of `backlog.stalled`."""
    match RunStatus(run["status"]):
        case RunStatus.WAITING:
            return "no worker takes it; start one of its engine version, or let others end first"
        case RunStatus.PAUSED:
            return "a person paused it"
        case RunStatus.AWAITING_APPROVAL:
            return "a change waits for a person"
        case RunStatus.PARKED:
            reason = run["reason"] or "its provider is away"
            return (
                f"{reason}; it goes on by itself at {run['not_before']:%H:%M:%S} UTC, or cancel it"
            )
        case _ if run["has_no_worker"]:
            return "its worker is gone; another takes it, if one is up"
        case _:
            return run["reason"] or "it waits for answers: look at the worker's log"
