"""The patterns of what identifies a person, and what each is replaced by. Pure.

Every pattern runs in linear time: a repetition is possessive or bounded by a small number, and
what it repeats cannot match in two ways.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from nlu_logger.anonymise.checks import is_iban, is_ipv4, is_ipv6, passes_luhn


class Pattern(NamedTuple):
    """What is found, and what stands in its place: the match itself where it is nothing after
    all. Digits behind it can `hold` it back, until they turn out to be something themselves."""

    regex: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]
    hold: bool = False


KINDS = ("card", "email", "iban", "ip", "phone", "secret", "term", "token")
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
# What names a value in a URL that opens something.
SECRET_NAMES = re.compile(
    r"([?&#;][\w.-]{0,40}"
    r"(?:token|key|secret|pass|passwd|password|pwd|auth|sig|signature|code|session|sid|otp|jwt)"
    r"=)[^&#;\s]++",
    re.IGNORECASE,
)
USERINFO = re.compile(r"(?<=://)[^/?#@\s]++(?=@)")
_DATE = re.compile(r"\(?\d{1,2}([./-])\d{1,2}\1\d{2,4}(?!\d)")
_DECIMAL = re.compile(r"\d+\.\d+\Z")
_APART = r"[ ./()-]{0,2}"


def _always(kind: str) -> Callable[[re.Match[str]], str]:
    return lambda _: f"[{kind}]"


def _if(kind: str, holds: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda match: f"[{kind}]" if holds(match[0]) else match[0]


def _url(match: re.Match[str]) -> str:
    """The address stays; who signs in there and what opens it do not."""
    return SECRET_NAMES.sub(r"\1[secret]", USERINFO.sub("[secret]", match[0]))


def _iban(match: re.Match[str]) -> str:
    """A word of four letters behind it looks like one more group: shorter ends are tried too."""
    groups = match[0].split(" ")
    for end in range(len(groups), 0, -1):
        if is_iban(" ".join(groups[:end])):
            return " ".join(["[iban]", *groups[end:]])
    return match[0]


def _is_phone(text: str) -> bool:
    """A date or a decimal fraction that begins with 0 has the digits of a phone number too."""
    return _DATE.match(text) is None and _DECIMAL.match(text) is None


def _is_token(text: str) -> bool:
    """Random letters and digits: both cases, and digits that do not only number the end."""
    digits = sum(one.isdecimal() for one in text.rstrip("0123456789"))
    return digits > 1 and text != text.lower() and text != text.upper()


PATTERNS = (
    Pattern(re.compile(r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://\S++"), _url),
    Pattern(
        re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)++"),
        _always("email"),
    ),
    Pattern(
        re.compile(
            r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)",
            re.IGNORECASE | re.ASCII,
        ),
        _iban,
    ),
    Pattern(
        re.compile(r"(?<!\w)(?<!\d[ -])[2-6](?:[ -]?\d){12,18}(?!\w)(?![ -]\d)", re.ASCII),
        _if("card", passes_luhn),
        hold=True,
    ),
    Pattern(
        re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w)(?!\.\d)", re.ASCII),
        _if("ip", is_ipv4),
        hold=True,
    ),
    Pattern(
        re.compile(
            r"(?<![\w:])[0-9A-F]{0,4}(?::[0-9A-F]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?![\w:])",
            re.IGNORECASE | re.ASCII,
        ),
        _if("ip", is_ipv6),
    ),
    # International: +49 170 1234567, 0049 170 1234567.
    Pattern(
        re.compile(
            rf"(?<!\w)(?:\+[1-9](?:{_APART}\d){{7,13}}|00[1-9](?:{_APART}\d){{9,13}})"
            r"(?!\w)(?![ ./-]\d)",
            re.ASCII,
        ),
        _always("phone"),
        hold=True,
    ),
    # National, with the trunk 0: 0170 1234567, (030) 123456-78, 06 12 34 56 78.
    Pattern(
        re.compile(
            rf"(?<!\w)(?<!\d[./-])\(?0{_APART}[1-9](?:{_APART}\d){{7,11}}(?!\w)(?![ ./-]\d)",
            re.ASCII,
        ),
        _if("phone", _is_phone),
        hold=True,
    ),
    # National, in threes and a four: (555) 123-4567, 555.123.4567.
    Pattern(
        re.compile(
            r"(?<!\w)(?<!\d[ .-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}"
            r"(?!\w)(?![ .-]\d)",
            re.ASCII,
        ),
        _always("phone"),
        hold=True,
    ),
    Pattern(re.compile(r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*+", re.ASCII), _always("token")),
    Pattern(re.compile(r"(?<!\w)[0-9A-F]{32,}+(?!\w)", re.ASCII | re.I), _always("token")),
    Pattern(
        re.compile(r"(?<![\w+-])[\w+-]{24,}+={0,2}", re.ASCII),
        _if("token", _is_token),
    ),
)
HELD_BACK = tuple(pattern for pattern in PATTERNS if pattern.hold)
LONGEST_HELD = 48
"""Characters of the longest match of a pattern that digits hold back."""
