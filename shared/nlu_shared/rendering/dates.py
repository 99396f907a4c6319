"""Dates as people tell them: spans of days, never more precise than what was said.

"1985" is the whole year and "March 1985" the whole month. A text without a year is no date.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from nlu_shared.schemas.extraction import DateCertainty

CERTAIN_WITHIN = timedelta(days=7)
APPROXIMATE_WITHIN = timedelta(days=730)
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[t ]\d{1,2}:\d{2}.*)?")
NUMERIC = re.compile(r"\b(\d{1,2})([/.])(\d{1,2})\2(\d{4})\b")
YEARS = re.compile(r"\b(1[5-9]\d\d|20\d\d|21\d\d)(s)?\b")
NAMED = re.compile(
    r"\b(?:(\d{1,2})(?:st|nd|rd|th)?(?: of)? )?"
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
    r"(?: (\d{1,2})(?:st|nd|rd|th)?)?,?(?: of)? \d{4}\b"
)
"""Only a month right before the year is one: "it may have been 1985" is no May."""


@dataclass(frozen=True, slots=True)
class Span:
    """The first and last day a date can mean."""

    first: date
    last: date

    @property
    def is_year_only(self) -> bool:
        """A whole year, or 1 January, which is how a bare year is stored."""
        start = (self.first.month, self.first.day) == (1, 1)
        whole = self.last == date(self.first.year, 12, 31)
        return start and (whole or self.last == self.first)


@dataclass(frozen=True, slots=True)
class When:
    """A date of an event as far as it can be read, and how sure it is."""

    span: Span | None
    certainty: DateCertainty

    @property
    def is_a_certain_year(self) -> bool:
        certain = self.certainty is DateCertainty.CERTAIN
        return certain and self.span is not None and self.span.is_year_only


@lru_cache(65_536)
def when(text: str | None, certainty: DateCertainty | None) -> When:
    """Missing certainty is approximate."""
    return When(read(text) if text else None, certainty or DateCertainty.APPROXIMATE)


def read(text: str) -> Span | None:
    """The span a text means; None where it names no year or a day that does not exist.

    Reads ISO dates, "March 12, 1985", "12 March 1985", "3/12/1985" (month first, unless only the
    other way is a date; with points day first), "1985", "the 1980s", "1985 to 1987".
    """
    plain = text.strip().lower()
    try:
        if iso := ISO.fullmatch(plain):
            year, month, day = (int(part) if part else None for part in iso.groups())
            return _span(year or 0, month, day)
        if numeric := NUMERIC.search(plain):
            return _numeric(numeric)
        return _in_words(plain)
    except ValueError:
        return None


def within_tolerance(one: When, other: When, *, loose: bool = False) -> bool:
    """Can both be the same date? Symmetric. `loose`: as if both were approximate."""
    if one.span is None or other.span is None:
        return True
    certainties = {one.certainty, other.certainty}
    if DateCertainty.UNKNOWN in certainties:
        return True
    if not loose and (one.is_a_certain_year or other.is_a_certain_year):
        return (
            one.span.first.year <= other.span.last.year
            and other.span.first.year <= one.span.last.year
        )
    least = loose or DateCertainty.APPROXIMATE in certainties
    return _gap(one.span, other.span) <= (APPROXIMATE_WITHIN if least else CERTAIN_WITHIN)


def closeness(one: When, other: When) -> float:
    """1 for the same span, falling to 0 with the distance of their ends; 0.5 is a year apart.

    0.5 also where either is missing.
    """
    if one.span is None or other.span is None:
        return 1.0 if one.span is other.span else 0.5
    apart = abs(one.span.first - other.span.first) + abs(one.span.last - other.span.last)
    return 1 / (1 + apart.days / 730)


def _gap(one: Span, other: Span) -> timedelta:
    return max(one.first - other.last, other.first - one.last, timedelta(0))


def _span(year: int, month: int | None = None, day: int | None = None) -> Span:
    if month is None:
        return Span(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        first = date(year, month, 1)
        return Span(first, date(year, month, calendar.monthrange(year, month)[1]))
    return Span(date(year, month, day), date(year, month, day))


def _numeric(match: re.Match[str]) -> Span:
    one, other, year = int(match[1]), int(match[3]), int(match[4])
    day_first = match[2] == "." or one > 12
    return _span(year, other, one) if day_first else _span(year, one, other)


def _in_words(plain: str) -> Span | None:
    years = list(YEARS.finditer(plain))
    if not years:
        return None
    spans = [
        Span(date(int(one[1]), 1, 1), date(int(one[1]) + (9 if one[2] else 0), 12, 31))
        for one in years
    ]
    if len(spans) > 1:
        return Span(min(span.first for span in spans), max(span.last for span in spans))
    named = NAMED.search(plain)
    if named is None:
        return spans[0]
    before, month, after = named.groups()
    day = before or after
    return _span(int(years[0][1]), MONTHS[month[:3]], int(day) if day else None)
