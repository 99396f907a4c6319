"""A document as Slack's Block Kit, within its limits. Pure.

Texts stand in rich text, where nothing is markup: what others named makes no link, no mention and
no list, and needs no escaping.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from induction.reports.document import Cell, Heading, Link, Paragraph, Part, Quoted, Table
from induction.reports.plain import lines_of, piece

MOST_BLOCKS = 50
"""Of one message."""
MOST_HEADER = 150
"""Characters of a header."""
MOST_TEXT = 3_000
"""Characters of one block, as Slack has it for a section."""
MOST_MESSAGE = 12_000
"""Characters of all blocks together."""
CUT = "There is more in the run's report."
Block = dict[str, Any]


def blocks(title: str, parts: Sequence[Part]) -> list[Block]:
    """A message with that headline. What does not fit is left out, and the last block says so."""
    made: list[Block] = [_header(title)]
    left = MOST_MESSAGE - _size(made[0])
    for part in parts:
        block = _block(part)
        if len(made) == MOST_BLOCKS - 1 or _size(block) > left:
            return [*made, _section([_text(CUT)])]
        made.append(block)
        left -= _size(block)
    return made


def _block(part: Part) -> Block:
    match part:
        case Heading():
            return _section([_text(part.text, bold=True)])
        case Link():
            return _section(
                [{"type": "link", "url": part.url, "text": _cut(part.text, MOST_TEXT) or "…"}]
            )
        case Table():
            content = _cut("\n".join(_rows(part)), MOST_TEXT)
            preformatted = {"type": "rich_text_preformatted", "elements": [_text(content)]}
            return {"type": "rich_text", "elements": [preformatted]}
        case Paragraph():
            return _section([*_pieces(part.pieces)])


def _rows(table: Table) -> Iterator[str]:
    """As many whole lines as a block holds."""
    left = MOST_TEXT - len(CUT) - 1
    for line in lines_of(table):
        left -= len(line) + 1
        if left < 0:
            yield CUT
            return
        yield line


def _pieces(pieces: Sequence[Cell]) -> Iterator[Block]:
    left = MOST_TEXT
    for one in pieces:
        if text := _cut(piece(one), left):
            yield _text(text, code=isinstance(one, Quoted))
            left -= len(text)


def _header(title: str) -> Block:
    text = {"type": "plain_text", "text": _cut(piece(title), MOST_HEADER) or "…", "emoji": False}
    return {"type": "header", "text": text}


def _section(elements: list[Block]) -> Block:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": elements or [_text("")]}],
    }


def _text(text: str, **style: bool) -> Block:
    """An element; Slack takes no empty text."""
    element: Block = {"type": "text", "text": _cut(text, MOST_TEXT) or " "}
    chosen = {name: True for name, is_on in style.items() if is_on}
    return {**element, "style": chosen} if chosen else element


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most - 1]}…" if most > 0 else ""


def _size(block: Block) -> int:
    """Characters that are read."""
    texts = [block.get("text", {}).get("text", "")]
    for row in block.get("elements", ()):
        texts += [element["text"] for element in row["elements"]]
    return sum(map(len, texts))
