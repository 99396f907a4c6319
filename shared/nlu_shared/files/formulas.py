"""Cells that no spreadsheet executes: an apostrophe before a formula, and off again. Pure."""

import re

# What makes a cell a formula, also as the wide and small signs some spreadsheets take for it.
_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫−⁼⁺⁻₌₊₋"
# Cells end at these where a spreadsheet splits by another sign than the comma.
_ENDS = ";\t\r\n|"
# What a reader does not see before a sign, or what a program takes away: spaces, quotes, controls,
# zero-width and default-ignorable characters, variation selectors, blank letters. Apostrophes are
# among them, so that what stood there already is told from ours.
_UNSEEN = (
    " '\"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_RUNS = f"[{_UNSEEN}]*[{_SIGNS}]"
_FORMULA = re.compile(f"^(?='*[\t\r\n])|(?:^|[{_ENDS}])(?={_RUNS})")
_QUOTED = re.compile(f"^'(?='*[\t\r\n])|(^|[{_ENDS}])'(?={_RUNS})")


def quoted(cell: str) -> str:
    """An apostrophe goes before whatever a spreadsheet might execute, where the cell begins or
    where one would begin that is split by semicolons."""
    return _FORMULA.sub(r"\g<0>'", cell)


def unquoted(cell: str) -> str:
    """Takes back the apostrophes that `quoted` put there."""
    return _QUOTED.sub(r"\1", cell)
