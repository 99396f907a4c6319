"""A forecast in lines for a person. Pure."""

from nlu_shared.schemas.events import Split
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.tasks import UnanswerableTruths

from induction.sentences import counted


def in_words(forecast: Forecast) -> list[str]:
    """What the order is about, what it could take and is likely to, what is to be known of it, and
    last whether it fits."""
    return [
        *_cases(forecast),
        f"at most {counted(forecast.calls, 'call')}, {forecast.money_usd:.4f} US dollars",
        *_likely(forecast),
        *forecast.notes,
        _end(forecast),
    ]


def _end(forecast: Forecast) -> str:
    if not forecast.starts:
        return "would be refused"
    return "fits" if forecast.fits else "may end early"


def _cases(forecast: Forecast) -> list[str]:
    if forecast.predictions is not None:
        return [counted(forecast.predictions, "logged prediction")]
    parts = ", ".join(f"{count} {split}" for split, count in forecast.splits.items())
    train = forecast.splits.get(Split.TRAIN, 0)
    return [
        f"{counted(forecast.cases, 'approved case')}: {parts}",
        f"{forecast.quotable} of {train} training cases may be quoted in a prompt",
        *map(_unanswerable, forecast.unanswerable),
    ]


def _unanswerable(one: UnanswerableTruths) -> str:
    label = "" if one.label is None else f" {one.label!r}"
    return f"{one.cases} left out: {one.reason.replace('_', ' ')}{label}"


def _likely(forecast: Forecast) -> list[str]:
    lines, likely = [], forecast.likely
    if likely is not None:
        minutes = likely.minutes
        rate = "" if minutes is None else f", {_range(minutes, '.1f')} minutes"
        basis = "" if likely.runs else ", estimated: no run of its kind and model has finished"
        lines.append(
            f"likely {_range(likely.calls, ',')} calls, {_range(likely.money_usd, '.4f')} US"
            f" dollars{rate}{basis}"
        )
    if forecast.month_left_usd is not None:
        lines.append(f"the month's cap leaves {forecast.month_left_usd:.2f} US dollars")
    return lines


def _range(ends: tuple[float, float], digits: str) -> str:
    """Once, where both ends are written alike."""
    least, most = (format(end, digits) for end in ends)
    return least if least == most else f"{least} to {most}"
