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
    return "\n\n".join("\n".join(lines_of(part)) for part in parts) + "\n"


def lines_of(part: Part) -> Iterator[str]:
    """A table with its columns under one another."""
    match part:
        case Heading():
            yield part.text
        case Paragraph():
            yield "".join(map(piece, part.pieces))
        case Link():
            yield f"{part.text}: {part.url}"
        case Table():
            rows = [[*map(piece, row)] for row in (part.head, *part.rows)]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            for row in rows:
                cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                yield "  ".join(cells).rstrip()


def piece(one: Cell) -> str:
    return _BLANKS.sub(" ", one.text if isinstance(one, Quoted) else one)
