"""`induction prompts replay`: what a version would change of logged traffic, with a price first."""

from typing import Annotated, Any
from uuid import UUID

from nlu_shared.kit.options import field
from nlu_shared.schemas.replays import ReplayIn
from nlu_shared.schemas.runs import RunLimits
from nlu_shared.schemas.traffic import USUAL_REPLAYED

from induction.commands.remote import HERE, Key, Url
from induction.commands.runs import USUAL, DryRun, EventsAsJson, Model, Watch, start


def replay(
    *,
    task: str,
    version: UUID,
    predictions: Annotated[int, field(ReplayIn, "predictions")] = USUAL_REPLAYED,
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
    """Puts a version to the newest logged predictions, as a run, and prints the run's id.

    What was answered otherwise than then is asked twice. No text is kept of it.

    Parameters
    ----------
    task
        The task whose predictions are meant.
    version
        The version that is to answer.
    predictions
        How many, the newest.
    """
    path = f"/v1/prompts/{task}/versions/{version}/replay"
    order: dict[str, Any] = {
        "predictions": predictions,
        "model": model,
        "limits": {"calls": calls, "money_usd": money_usd, "minutes": minutes},
        "dry_run": dry_run,
    }
    start(path, order, watch=watch, as_json=as_json, url=url, key=key)
