"""`induction runs` again: a run is paused, resumed, cancelled, hinted, and its changes decided."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from nlu_shared.kit.options import number
from nlu_shared.schemas.run_views import RunView

from induction.commands.past_runs import runs
from induction.commands.remote import HERE, Key, Url, answer, client
from induction.sentences import standing

__all__ = ["runs"]
ChangeNumber = Annotated[
    int, number("The number of the change.", {"type": "integer", "minimum": 1})
]


@runs.command
def pause(run_id: UUID, /, *, url: Url = HERE, key: Key = "") -> None:
    """Stops asking models at the next step of a run, until it is resumed.

    Parameters
    ----------
    run_id
        Which run.
    """
    _steer(f"/v1/runs/{run_id}/pause", {}, url, key)


@runs.command
def resume(run_id: UUID, /, *, url: Url = HERE, key: Key = "") -> None:
    """Goes on with a run that is paused or parked.

    Parameters
    ----------
    run_id
        Which run.
    """
    _steer(f"/v1/runs/{run_id}/resume", {}, url, key)


@runs.command
def cancel(run_id: UUID, /, *, url: Url = HERE, key: Key = "") -> None:
    """Ends a run: no new call is made, its best prompt is kept, and its test split stays untouched.

    Parameters
    ----------
    run_id
        Which run.
    """
    _steer(f"/v1/runs/{run_id}/cancel", {}, url, key)


@runs.command
def hint(run_id: UUID, text: str, /, *, url: Url = HERE, key: Key = "") -> None:
    """Gives a run a person's hint, which reaches its next proposal.

    Parameters
    ----------
    run_id
        Which run.
    text
        In words, as one would tell a colleague.
    """
    _steer(f"/v1/runs/{run_id}/hints", {"hint": text}, url, key)


@runs.command
def pin(run_id: UUID, block: str, /, *, url: Url = HERE, key: Key = "") -> None:
    """Pins a block while a run goes on: no change that is proposed from now on edits it.

    Parameters
    ----------
    run_id
        Which run.
    block
        By its name.
    """
    _steer(f"/v1/runs/{run_id}/pins", {"block": block}, url, key)


@runs.command
def approve(run_id: UUID, n: ChangeNumber, /, *, url: Url = HERE, key: Key = "") -> None:
    """Keeps change N, for which the run waits, and goes on.

    Parameters
    ----------
    run_id
        Which run.
    """
    _steer(f"/v1/runs/{run_id}/changes/{n}/approve", {}, url, key)


@runs.command
def veto(run_id: UUID, n: ChangeNumber, /, *, reason: str, url: Url = HERE, key: Key = "") -> None:
    """Does not keep change N, for which the run waits, and goes on.

    Parameters
    ----------
    run_id
        Which run.
    reason
        Why: the next proposals are told, and later runs remember it.
    """
    _steer(f"/v1/runs/{run_id}/changes/{n}/veto", {"reason": reason}, url, key)


def _steer(path: str, body: Mapping[str, str], url: str, key: str) -> None:
    with client(url, key) as http:
        content = answer(http.post(path, json=body)).content
    run = RunView.model_validate_json(content)
    print(run.id, standing(run), sep="\t")
