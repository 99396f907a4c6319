"""`induction prompts replay`: what a version would change of logged traffic, with a price first."""

from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter
from nlu_shared.kit.options import field
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.replays import ReplayIn
from nlu_shared.schemas.runs import RunLimits
from nlu_shared.schemas.traffic import USUAL_REPLAYED

from induction.commands_runs import USUAL, AsJson, Model, Watch, start
from induction.remote import HERE, Key, Url, answer, client


def replay(
    *,
    task: str,
    version: UUID,
    predictions: Annotated[int, field(ReplayIn, "predictions")] = USUAL_REPLAYED,
    model: Model = None,
    calls: Annotated[int, field(RunLimits, "calls")] = USUAL.calls,
    money_usd: Annotated[float, field(RunLimits, "money_usd")] = USUAL.money_usd,
    minutes: Annotated[float, field(RunLimits, "minutes")] = USUAL.minutes,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    watch: Watch = False,
    as_json: AsJson = False,
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
    model
        Who answers, as `provider/model`; without it the task's.
    dry_run
        Only say what it could cost.
    watch
        Show what happens until it is over; fails where it does not complete.
    as_json
        Print the run, and with --watch each event, as a line of JSON; of a dry run, the forecast.
    """
    path = f"/v1/prompts/{task}/versions/{version}/replay"
    order: dict[str, Any] = {
        "predictions": predictions,
        "model": model,
        "limits": {"calls": calls, "money_usd": money_usd, "minutes": minutes},
        "dry_run": dry_run,
    }
    if not dry_run:
        start(path, order, watch=watch, as_json=as_json, url=url, key=key)
        return
    with client(url, key) as http:
        forecast = Forecast.model_validate_json(answer(http.post(path, json=order)).content)
    print(forecast.model_dump_json() if as_json else "\n".join(_lines(forecast)))


def _lines(forecast: Forecast) -> list[str]:
    likely = forecast.likely
    lines = [
        f"{forecast.predictions} logged predictions",
        f"at most {forecast.calls} calls, {forecast.money_usd:.4f} US dollars",
    ]
    if likely is not None:
        calls, usd, minutes = likely.calls, likely.money_usd, likely.minutes
        lines.append(
            f"likely {calls[0]} to {calls[1]} calls, {usd[0]:.4f} to {usd[1]:.4f} US dollars,"
            f" {minutes[0]:.1f} to {minutes[1]:.1f} minutes"
        )
    if forecast.month_left_usd is not None:
        lines.append(f"the month's cap leaves {forecast.month_left_usd:.2f} US dollars")
    return [*lines, *forecast.notes, "fits" if forecast.fits else "does not fit"]
