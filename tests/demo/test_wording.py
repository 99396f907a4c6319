"""What the demo says of its data, whatever kind of task they are for."""

import io
from collections.abc import AsyncIterator

from induction.model_settings import ModelSettings
from induction.watching.screen import WIDTH
from rich.console import Console

from deploy.demo import options
from deploy.demo.data import DataSet, read
from deploy.demo.discussions import read_discussions
from deploy.demo.show import opening, show
from deploy.demo.steps import Answered, Step

STACK = options.Stack(
    logger_url="",
    induction_url="",
    key="",
    model="m",
    proposer="p",
    providers=ModelSettings(provider="offline").models_of,
)


async def steps(*taken: Step) -> AsyncIterator[Step]:
    for one in taken:
        yield one


async def wording_of(data: DataSet, *confused: tuple[str, str, int]) -> str:
    written = io.StringIO()
    console = Console(file=written, width=WIDTH)
    opening(console, data, STACK)
    await show(steps(Answered(right=3, wrong=2, seconds=1.0, confused=confused)), console)
    return " ".join(written.getvalue().split())


async def test_an_extraction_is_told_without_a_word_of_labels() -> None:
    words = await wording_of(read_discussions(options.FAMILIES), ("nothing", "person", 63))
    assert "121 statements of 14 discussions" in words
    assert "63 times person where nothing belongs" in words
    assert "label" not in words


async def test_intents_are_told_with_their_labels() -> None:
    data = read(options.SHIPPED, text="text", label="label")
    words = await wording_of(data, ("cancel", "move", 7))
    assert f"{len(data.rows)} texts, {len(data.labels)} labels" in words
    assert "7 times move where cancel belongs" in words
