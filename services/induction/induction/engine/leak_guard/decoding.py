"""Texts hidden in a text by an encoding that anybody can undo. Pure.

What is told apart: base64 (of any alphabet, also in pieces), hexadecimal, percent signs, escapes of
programming languages, and tag characters, which models read and people do not see. Each up to
twice, one around the other.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote

DEEP = 2
LEGIBLE = 0.9
"""Share of letters, digits and spaces from which bytes count as a text."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:,-]?){8,}")
_ESCAPED = re.compile(r"\\(?:u\{?([0-9A-Fa-f]{4})\}?|x([0-9A-Fa-f]{2}))")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_ORDINARY = str.maketrans("-_", "+/")


def decoded(text: str) -> list[str]:
    """What was encoded in a text, in no order; nothing where nothing was."""
    readings: list[str] = []
    level = [text]
    for _ in range(DEEP):
        level = [one for reading in level for one in _decoded(reading)]
        readings += level
    return readings


def _decoded(text: str) -> Iterator[str]:
    for start in range(4):  # a letter put before the first shifts every group of four
        pieces = [_from_base64(run[start:]) for run in _BASE64.findall(text)]
        if joined := "".join(one for one in pieces if one):
            yield joined
    if joined := " ".join(filter(None, map(_from_hex, _HEX.findall(text)))):
        yield joined
    if "%" in text and (plain := unquote(text, errors="replace")) != text:
        yield plain
    if _ESCAPED.search(text):
        yield _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    if hidden := _TAGS.findall(text):
        yield "".join(chr(ord(one) - 0xE0000) for run in hidden for one in run)


def _from_base64(run: str) -> str | None:
    whole = run.translate(_ORDINARY)[: len(run) // 4 * 4]
    rest = run.translate(_ORDINARY)[len(whole) :]
    if len(rest) > 1:
        whole += rest + "=" * (4 - len(rest))
    try:
        return _legible(base64.b64decode(whole))
    except binascii.Error:
        return None


def _from_hex(run: str) -> str | None:
    return _legible(bytes.fromhex(re.sub(r"[^0-9A-Fa-f]", "", run)))


def _legible(content: bytes) -> str | None:
    text = content.decode(errors="replace")
    good = sum(one.isalnum() or one.isspace() or one in ".,;:!?'\"()-" for one in text)
    return text if text and good >= LEGIBLE * len(text) else None
