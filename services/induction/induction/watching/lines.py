"""How one line of the demo looks: a mark, then text that wraps under itself."""

from dataclasses import dataclass

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INDENT = 4
BAR = 24


@dataclass(frozen=True, slots=True)
class Line:
    mark: Text
    text: Text

    def __rich__(self) -> RenderableType:
        return Padding(hanging(self.mark, self.text, width=2), (0, 0, 0, INDENT), expand=False)


def plain(text: str | Text) -> Line:
    return Line(Text(), _text(text))


def quiet(text: str) -> Line:
    return Line(Text(), Text(text, style="dim"))


def good(text: str | Text) -> Line:
    return Line(Text("✓", style="green"), _text(text))


def bad(text: str) -> Line:
    return Line(Text("✗", style="dim"), Text(text, style="dim"))


def hanging(head: Text, text: Text, *, width: int) -> Table:
    """Two columns without a frame, the first `width` wide."""
    grid = Table.grid()
    grid.add_column(width=width)
    grid.add_column()
    grid.add_row(head, text)
    return grid


def bar(f1: float) -> Text:
    """An F1 from 0 to 1 as a bar and a number."""
    filled = round(f1 * BAR)
    return Text.assemble(
        ("━" * filled, "cyan"), ("╌" * (BAR - filled), "dim"), (f"  {f1:.3f}", "bold")
    )


def _text(text: str | Text) -> Text:
    return Text(text) if isinstance(text, str) else text
