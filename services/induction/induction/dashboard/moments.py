"""Moments within sentences that were written in UTC, for the clock of whoever reads them. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup
from nlu_shared.kit.pages.unseen import visible

from induction.dashboard.words import sentences

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOMENT = re.compile(
    rf"(?P<until>[Uu]ntil )?(?P<day>{'|'.join(_DAYS)})"
    r"(?P<date> \d{1,2} [A-Z][a-z]+ \d{4})? (?P<time>\d\d:\d\d) UTC"
)


def by_own_clock(reasons: Sequence[str], at: datetime) -> Markup:
    """Reasons as sentences, their moments as `<time>`, which a page tells by the reader's clock.

    at: when they were written: a weekday is of the week before, and after "until" of that to come.
    """
    text = str(visible(sentences(reasons)))
    return Markup(_MOMENT.sub(lambda match: _timed(match, at), text))  # noqa: S704 - just escaped


def _timed(match: re.Match[str], at: datetime) -> str:
    hour, minute = map(int, match["time"].split(":"))
    words = match[0].removeprefix(match["until"] or "")
    if match["date"]:
        day = datetime.strptime(f"{match['date'].strip()} +0000", "%d %B %Y %z")
    else:
        ahead = (_DAYS.index(match["day"]) - at.weekday()) % 7
        day = at + timedelta(days=ahead)
        moment = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if not match["until"] and moment > at:
            day -= timedelta(days=7)
        elif match["until"] and moment < at - timedelta(minutes=1):
            day += timedelta(days=7)
    moment = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return f'{match["until"] or ""}<time datetime="{moment.isoformat()}">{words}</time>'
