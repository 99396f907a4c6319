"""How one line of the demo looks: a mark, then text that wraps under itself."""

from dataclasses import dataclass

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INDENT = 4
METER = 24


@dataclass(frozen=True, slots=True)
class Line:
    mark: Text
    said: Text

    def __rich__(self) -> RenderableType:
        return Padding(hanging(self.mark, self.said, width=2), (0, 0, 0, INDENT), expand=False)


def plain(said: str | Text) -> Line:
    return Line(Text(), _text(said))


def quiet(said: str) -> Line:
    return Line(Text(), Text(said, style="dim"))


def good(said: str | Text) -> Line:
    return Line(Text("✓", style="green"), _text(said))


def bad(said: str) -> Line:
    return Line(Text("✗", style="dim"), Text(said, style="dim"))


def hanging(head: Text, said: Text, *, width: int) -> Table:
    """Two columns without a frame, the first `width` wide."""
    grid = Table.grid()
    grid.add_column(width=width)
    grid.add_column()
    grid.add_row(head, said)
    return grid


def meter(f1: float) -> Text:
    """An F1 from 0 to 1 as a bar and a number."""
    filled = round(f1 * METER)
    return Text.assemble(
        ("━" * filled, "cyan"), ("╌" * (METER - filled), "dim"), (f"  {f1:.3f}", "bold")
    )


def _text(said: str | Text) -> Text:
    return Text(said) if isinstance(said, str) else said
