"""A document as plain text, for mails and chats. Pure.

Nothing in plain text is markup; control characters are blanks, lest what others named look like a
line of ours.
"""

import re
from collections.abc import Iterator, Sequence

from induction.reports.document import Cell, Heading, Link, Paragraph, Part, Quoted, Table

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def plain(parts: Sequence[Part]) -> str:
    """Parts with a blank line between them."""
    return "\n\n".join("\n".join(_lines(part)) for part in parts) + "\n"


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Heading():
            yield part.text
        case Paragraph():
            yield "".join(map(_piece, part.pieces))
        case Link():
            yield f"{part.text}: {part.url}"
        case Table():
            rows = [[*map(_piece, row)] for row in (part.head, *part.rows)]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            for row in rows:
                cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                yield "  ".join(cells).rstrip()


def _piece(piece: Cell) -> str:
    return _BLANKS.sub(" ", piece.text if isinstance(piece, Quoted) else piece)
