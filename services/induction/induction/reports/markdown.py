"""The report as Markdown, for a pull request. Pure.

What others named stands in code spans: nothing in them is a link, a mention, HTML or the end of a
row. A table has no way to hold a bar in code safely, so there it becomes a broken one.
"""

import re
from collections.abc import Iterator

from nlu_shared.schemas.reports import RunReport

from induction.reports.document import (
    Cell,
    Heading,
    Link,
    Paragraph,
    Part,
    Quoted,
    Table,
    parts,
    title,
)

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&@!])")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_TICKS = re.compile(r"`+")


def to_markdown(report: RunReport) -> str:
    lines = [f"# {_piece(title(report))}", ""]
    for part in parts(report):
        lines += [*_lines(part), ""]
    return "\n".join(lines)


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Heading():
            yield f"## {_piece(part.text)}"
        case Paragraph():
            yield "".join(map(_piece, part.pieces))
        case Link():
            yield f"[{_piece(part.text)}](<{part.url}>)"
        case Table():
            yield _row(map(_piece, part.head))
            yield _row("---" for _ in part.head)
            for row in part.rows:
                yield _row(map(_cell, row))


def _row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return _code(cell.text.replace("|", "¦")) if isinstance(cell, Quoted) else _piece(cell)


def _piece(piece: Cell) -> str:
    return _code(piece.text) if isinstance(piece, Quoted) else _MARKUP.sub(r"\\\1", piece)


def _code(text: str) -> str:
    """A fence one longer than any within (CommonMark 0.31, section 6.1)."""
    line = _BLANKS.sub(" ", text).strip() or "-"
    fence = "`" * (1 + max((len(one) for one in _TICKS.findall(line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
