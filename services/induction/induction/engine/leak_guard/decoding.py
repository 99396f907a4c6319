"""Texts hidden in a text by an encoding that anybody can undo. Pure, and linear in the text.

What is told apart: base64 (of any alphabet, in groups of any size, in padded pieces, reversed),
base32, base85 and Ascii85, and UTF-16, zlib and gzip under these; hexadecimal, percent signs,
quoted-printable, entities, escapes of programming languages, rows of decimal, octal or binary
codes, and tag characters, which models read and people do not see. Each up to twice, one around
the other.
"""

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote

DEEP = 2
LEGIBLE = 0.9
"""Share of letters, digits and spaces from which bytes count as a text."""
INFLATED = 10_000
"""Bytes that are read of what was compressed, and of what all of it in a text becomes."""
INFLATIONS = 4
"""Beginnings of compressed bytes that are tried in one row of bytes."""
_PIECE = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]+")
_BASE32 = re.compile(r"[A-Z2-7](?:[A-Z2-7\s-]{22,})|[a-z2-7]{24,}")
_NO_BASE32 = re.compile(r"[^A-Z2-7]+")
_BASE85 = re.compile(r"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{20,}")
_ASCII85 = re.compile(r"[!-u]{20,}")
_HEX = re.compile(r"(?:(?:0[xX])?[0-9A-Fa-f]{2}[\s:,;./|-]{0,3}){8,}")
_NO_HEX = re.compile(r"0[xX]|[^0-9A-Fa-f]+")
_CODES = re.compile(r"\d{2,8}(?:[\s,;:./|\\-]{1,4}\d{2,8}){7,}")
_QUOTED = re.compile(r"=(?=[0-9A-Fa-f]{2})")
_ESCAPED = re.compile(
    r"\\u\{([0-9A-Fa-f]{1,5})\}|\\u([0-9A-Fa-f]{4})|\\U000([0-9A-Fa-f]{5})|\\x([0-9A-Fa-f]{2})"
    r"|[Uu]\+([0-9A-Fa-f]{4,5})|(?<![0-9A-Za-z])0[xX]([0-9A-Fa-f]{2,5})(?![0-9A-Za-z])"
)
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_ORDINARY = str.maketrans("-_", "+/")
_TEXT = re.compile(rb"(?:[\t\n\r\x20-\x7e]|[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}){12,}")
_COMPRESSED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def decoded(text: str) -> list[str]:
    """What was encoded in a text, in no order; nothing where nothing was."""
    readings: list[str] = []
    level = [text]
    for _ in range(DEEP):
        level = list({one for reading in level for one in _decoded(reading)})
        readings += level
    return readings


def _decoded(text: str) -> Iterator[str]:
    left = INFLATED
    for raw in (*_from_base64(text), *_from_base32(text), *_from_base85(text)):
        if legible := _texts_in(raw):
            yield legible
        for inflated in _inflated(raw, left):
            left -= len(inflated)
            yield inflated.decode(errors="replace")
    if pieces := "".join(filter(None, map(_from_piece, _PIECE.findall(text)))):
        yield pieces
    if joined := " ".join(filter(None, map(_from_hex, _HEX.findall(text)))):
        yield joined
    for row in _CODES.findall(text):
        yield from _from_codes(row)
    if "%" in text and (plain := unquote(text, errors="replace")) != text:
        yield plain
    if _QUOTED.search(text):
        yield unquote(_QUOTED.sub("%", text.replace("=\n", "")), errors="replace")
    if "&" in text and (plain := html.unescape(text)) != text:
        yield plain
    if _ESCAPED.search(text):
        yield _ESCAPED.sub(lambda match: chr(int(match[match.lastindex or 0], 16)), text)
    if hidden := _TAGS.findall(text):
        yield "".join(chr(ord(one) - 0xE0000) for run in hidden for one in run)


def _from_base64(text: str) -> Iterator[bytes]:
    """The bytes of a text whose blanks are left out, from each of the places where a group of four
    may begin, forwards and backwards; after a padding anew."""
    alphabet = _NO_BASE64.sub("", text.translate(_ORDINARY))
    for run in alphabet.split("="):
        for turned in (run, run[::-1]):
            for start in range(4):
                end = start + (len(run) - start) // 4 * 4
                if end - start >= 16:
                    yield binascii.a2b_base64(turned[start:end])


def _from_base32(text: str) -> Iterator[bytes]:
    for run in _BASE32.findall(text):
        letters = _NO_BASE32.sub("", run.upper())
        for start in range(8):
            yield from _bytes(base64.b32decode, letters[start:], 8)


def _from_base85(text: str) -> Iterator[bytes]:
    for runs, decode in ((_BASE85, base64.b85decode), (_ASCII85, base64.a85decode)):
        for run in runs.findall(text):
            for start in range(5):
                yield from _bytes(decode, run[start:], 5)


def _bytes(decode: Callable[[str], bytes], text: str, size: int) -> Iterator[bytes]:
    """What whole groups stand for, where they stand for anything."""
    with suppress(ValueError):
        yield decode(text[: len(text) // size * size])


def _texts_in(raw: bytes) -> str:
    """Every stretch of a text in a row of bytes, also of one in UTF-16."""
    return "\n".join(one.decode(errors="replace") for one in _TEXT.findall(raw.replace(b"\0", b"")))


def _inflated(raw: bytes, most: int) -> Iterator[bytes]:
    """What is compressed in a row of bytes, `most` bytes of it in all."""
    for _, match in zip(range(INFLATIONS), _COMPRESSED.finditer(raw), strict=False):
        with suppress(zlib.error):
            if most > 0:  # to zlib 0 is no limit
                # zlib or gzip, as the first bytes say
                inflated = zlib.decompressobj(wbits=47).decompress(
                    raw[match.start() :][:INFLATED], most
                )
                most -= len(inflated)
                yield inflated


def _from_piece(run: str) -> str | None:
    whole = run.translate(_ORDINARY)[: len(run) // 4 * 4]
    rest = run.translate(_ORDINARY)[len(whole) :]
    if len(rest) > 1:
        whole += rest + "=" * (4 - len(rest))
    try:
        return _legible(base64.b64decode(whole))
    except binascii.Error:
        return None


def _from_hex(run: str) -> str | None:
    digits = _NO_HEX.sub("", run)
    raw = bytes.fromhex(digits[: len(digits) // 2 * 2])
    return _texts_in(raw) or _legible(raw)


def _from_codes(row: str) -> Iterator[str]:
    """A row of numbers as characters, in each base in which it is a text."""
    numbers = re.findall(r"\d+", row)
    for base in (10, 8, 2):
        with suppress(ValueError):
            codes = [int(one, base) for one in numbers]
            if max(codes) < 0x2FFFF and (text := _legible_text("".join(map(chr, codes)))):
                yield text


def _legible(content: bytes) -> str | None:
    return _legible_text(content.decode(errors="replace"))


def _legible_text(text: str) -> str | None:
    good = sum(one.isalnum() or one.isspace() or one in ".,;:!?'\"()-" for one in text)
    return text if text and good >= LEGIBLE * len(text) else None
