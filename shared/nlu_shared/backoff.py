"""How long to wait before trying again: the one formula, what a server asks for, and how much of it
a caller takes. Pure.

Not here: what may be sent again at all; that is each caller's policy.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 64
"""Characters of a `Retry-After` that is read; a longer one is no wait anybody means."""


def backoff(
    failures: int, *, first: float, longest: float, factor: float = 2.0, jitter: float = 1.0
) -> float:
    """Seconds before the next try after `failures` in a row, counted from 1.

    `first` after the first, `factor` times as long after each further one, never over `longest`.
    `jitter`, from 0 to 1, spreads callers that failed together: 0 halves the wait, 1 leaves it.
    """
    grown = min(first * factor ** min(failures - 1, 32), longest)
    return grown * (0.5 + jitter / 2)


def requested_seconds(header: str | None, now: datetime | None = None) -> float | None:
    """What a `Retry-After` asks for, as a number of seconds or as a date (RFC 9110, 10.2.3).

    A date that is past is 0, and says nothing without a clock; None where the header is missing
    or says neither.
    """
    text = (header or "").strip()
    if len(text) > LONGEST:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now) if now else None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((aware - now).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller puts up with a server that asks to be called later.

    `tries` in all; between them the caller's own pause from `first` to `longest` seconds, or what
    the server asks for where that is more. `most`: seconds one wait may last, whoever wants it.
    """

    tries: int
    first: float
    longest: float
    most: float

    def wait(self, failures: int, *, jitter: float, requested: float | None = None) -> float | None:
        """Seconds before the next try after `failures` in a row; None: it is time to give up.

        Never less than `requested`: a caller that cannot wait so long does not call again.
        """
        if failures >= self.tries or (requested or 0.0) > self.most:
            return None
        own = backoff(failures, first=self.first, longest=self.longest, jitter=jitter)
        return min(max(own, requested or 0.0), self.most)


BRIEF = Patience(tries=3, first=0.1, longest=2.0, most=5.0)
"""For a caller somebody waits for."""
LASTING = Patience(tries=60, first=0.5, longest=5.0, most=120.0)
"""For a command or a demo: minutes, as long as it says so."""
