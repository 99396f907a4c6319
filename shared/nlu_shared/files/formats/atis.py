"""ATIS: lines without a header. Either an intent and a text, parted by a tab (or, as many copies
of the corpus have it, by a comma), or the tokens of a text between BOS and EOS, a tab, and its
slots with the intent as the last word.

Described in "What is left to be understood in ATIS?" (Tur et al., SLT 2010) and used by
https://github.com/yvchen/JointSLU. An intent of two, as in `atis_flight#atis_airfare`, is a label
of its own, as in the corpus. Pure.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from nlu_shared.files.formats.base import Format, Shape
from nlu_shared.files.formats.spoken import LABELS, TEXTS
from nlu_shared.files.rows import Line, Row
from nlu_shared.kit.errors import Invalid

LOOKED_AT = 500
PARTS = "An intent and a text are expected, with one tab between them."


def _of_lines(lines: Iterator[str]) -> Iterator[Line]:
    head = list(islice(lines, LOOKED_AT))
    separator = "\t" if any("\t" in line for line in head) else ","
    intent_first = _intent_is_first(head, separator)
    for number, line in enumerate(chain(head, lines), start=1):
        if line.strip():
            row = _row(line.strip("\r\n"), separator, intent_first=intent_first)
            yield Line(number, row, raw=line)


def _row(line: str, separator: str, *, intent_first: bool) -> Row | Invalid:
    cells = line.split(separator, 1) if intent_first else line.rsplit(separator, 1)
    if len(cells) != 2 or (separator == "\t" and "\t" in line.replace("\t", "", 1)):
        return Invalid(PARTS, code="not_understood")
    if cells[0].lstrip().startswith("BOS "):
        words = cells[0].split()
        return {
            "text": " ".join(one for one in words if one not in ("BOS", "EOS")),
            "label": cells[1].split()[-1] if cells[1].split() else None,
        }
    intent, text = cells if intent_first else reversed(cells)
    return {"text": text.strip().strip('"').strip(), "label": intent.strip()}


def _intent_is_first(head: Sequence[str], separator: str) -> bool:
    """Intents are of fewer words than texts, and fewer."""
    pairs = [line.strip("\r\n").split(separator, 1) for line in head if separator in line]
    if any(first.lstrip().startswith("BOS ") for first, _ in pairs):
        return False
    firsts, seconds = [one for one, _ in pairs], [one for _, one in pairs]
    return _wealth(firsts) <= _wealth(seconds)


def _wealth(cells: Sequence[str]) -> tuple[int, int]:
    return len(set(cells)), sum(len(one.split()) for one in cells)


def _knows(head: Sequence[str]) -> bool:
    lines = [line.strip("\r\n") for line in head if line.strip()]
    if lines and all(line.startswith("BOS ") for line in lines):
        return True
    if lines and all(line.startswith("atis_") for line in lines):
        return True
    pairs = [line.split("\t") for line in lines]
    if len(pairs) < 2 or any(len(pair) != 2 for pair in pairs) or _is_header(pairs[0]):
        return False
    intents = min(([one for one, _ in pairs], [one for _, one in pairs]), key=_wealth)
    return len(set(intents)) < len(intents) and not any(" " in one.strip() for one in intents)


def _is_header(cells: Sequence[str]) -> bool:
    return any(cell.strip().casefold() in (*TEXTS, *LABELS) for cell in cells)


FORMAT = Format(
    name="atis",
    title="ATIS: an intent, a tab, a text, without a header",
    shapes=frozenset({Shape.LINES}),
    knows_lines=_knows,
    of_lines=_of_lines,
)
