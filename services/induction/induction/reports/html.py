"""A report as a page of its own: no script, nothing loaded, every text escaped. Pure."""

from collections.abc import Iterator, Sequence
from html import escape

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

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}"
)


def to_html(report: RunReport) -> str:
    return page(title(report), parts(report))


def page(title: str, parts: Sequence[Part]) -> str:
    """A whole document."""
    name = escape(title)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f"<title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>",
            *(line for part in parts for line in _lines(part)),
            "</body>\n</html>\n",
        ]
    )


def _lines(part: Part) -> Iterator[str]:
    match part:
        case Heading():
            yield f"<h2>{escape(part.text)}</h2>"
        case Paragraph():
            yield f"<p>{''.join(map(_piece, part.pieces))}</p>"
        case Link():
            yield f'<p><a href="{escape(part.url)}">{escape(part.text)}</a></p>'
        case Table():
            yield "<table>"
            yield f"<tr>{''.join(f'<th>{escape(one)}</th>' for one in part.head)}</tr>"
            for row in part.rows:
                yield f"<tr>{''.join(f'<td>{_piece(one)}</td>' for one in row)}</tr>"
            yield "</table>"


def _piece(piece: Cell) -> str:
    return f"<code>{escape(piece.text)}</code>" if isinstance(piece, Quoted) else escape(piece)
