"""How a sentence of a run reads. Runs hold their sentences as they were written, and are compared
with them when they are executed again: what is wrong in one for a reader is mended here. Pure."""

import re

from nlu_shared.schemas.runs import RunStatus, RunView

# Of no name, version or decimal number.
_THOUSANDS = re.compile(r"(?<![\w.,/-])\d{4,}(?![\w-]|[.,]\d)")
_ONE_LOOK = "Verdicts of 1 earlier runs rest on these cases too"
_AS_ONE = "The verdict of one earlier run rests on these cases too"
SMALLEST = 0.0001
"""Of chances that are told."""


def readable(sentences: str) -> str:
    """Thousands are parted, and one is no plural."""
    return _THOUSANDS.sub(lambda number: f"{int(number[0]):,}", sentences).replace(
        _ONE_LOOK, _AS_ONE
    )


def chance(p_value: float) -> str:
    """In decimals: a power of ten is no word."""
    return f"p = {p_value:.3g}" if p_value >= SMALLEST else f"p < {SMALLEST}"


def ended(run: RunView) -> str:
    """How a run ended and why, or how it stands."""
    why = f": {readable(run.reason)}" if run.reason else ""
    match run.status:
        case RunStatus.COMPLETED:
            return f"The run ended{why}."
        case RunStatus.CANCELLED:
            return "The run was cancelled."
        case RunStatus.FAILED:
            return f"The run failed{why}."
        case RunStatus.SUPERSEDED:
            return f"The run was given up{why}."
        case status:
            return f"The run is not over, it is {status.value.replace('_', ' ')}{why}."
