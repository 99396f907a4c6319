"""Bytes as the lines of a text, whatever program wrote them. Pure.

UTF-8, UTF-16 or UTF-32, by their mark or guessed; ended by LF, CRLF or CR. One line is held at a
time.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from nlu_shared.kit.errors import Invalid

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The longer before those they begin with."""
GUESSED_FROM = 1_024
"""Bytes that tell the encoding; of UTF-16 every other one is 0 in the letters of most scripts."""
NOT_UTF8 = (
    "not UTF-8, perhaps ANSI (Windows-1252): save the file as UTF-8,"
    " which a spreadsheet calls CSV UTF-8"
)
BINARY = {
    b"PK\x03\x04": "a workbook or an archive: save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old workbook: save the sheet as CSV UTF-8",
    b"\x1f\x8b": "compressed: unpack it first",
    b"PAR1": "Parquet: write it as CSV or JSON lines",
    b"%PDF": "a PDF: save the table as CSV UTF-8",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "a database: write the table as CSV",
}
"""What is no text, by how it begins."""
_END = re.compile(r"\r\n|\r|\n")
_SURROGATE = re.compile("[\ud800-\udfff]")


def lines_of(file: Iterable[bytes]) -> Iterator[str]:
    """Every line with its end. A byte that is not UTF-8 stays as a lone surrogate, so that it
    spoils its own row only. Raises Invalid for what is no text, and where UTF-16 or UTF-32 breaks
    off."""
    return _split(_decoded(file))


def is_broken(text: str) -> bool:
    """Whether bytes that are no text, or half characters, stand in it."""
    return _SURROGATE.search(text) is not None


def _decoded(file: Iterable[bytes]) -> Iterator[str]:
    chunks = iter(file)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= GUESSED_FROM:
            break
    if other := next((what for begins, what in BINARY.items() if head.startswith(begins)), None):
        raise Invalid(f"The file is no text; it is {other}.", code="no_text_file")
    encoding = _encoding(head)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "surrogatepass"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        for chunk in chain([head], chunks):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Invalid(f"The file is no whole {encoding.upper()}.", code="invalid_text") from None


def _encoding(head: bytes) -> str:
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    sample = head[: len(head) // 2 * 2][:GUESSED_FROM]
    even, odd, many = sample[::2].count(0), sample[1::2].count(0), len(sample) // 2
    if 10 * odd > 4 * many and 20 * even <= many:
        return "utf-16-le"
    if 10 * even > 4 * many and 20 * odd <= many:
        return "utf-16-be"
    return "utf-8"


def _split(pieces: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for new in pieces:
        if not new:
            continue
        # A CR at the end of a piece may be half of a CRLF.
        piece = held.pop() + new if held and held[-1].endswith("\r") else new
        start = 0
        for end in _END.finditer(piece):
            if end.group() == "\r" and end.end() == len(piece):
                break
            yield "".join([*held, piece[start : end.end()]])
            held.clear()
            start = end.end()
        if start < len(piece):
            held.append(piece[start:])
    if held:
        yield "".join(held)
