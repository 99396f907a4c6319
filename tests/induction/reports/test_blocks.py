"""A report as Slack gets it: within the limits of Block Kit whatever it says, and no markup."""

from collections.abc import Iterator
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from induction.reports.blocks import CUT, MOST_BLOCKS, MOST_HEADER, MOST_MESSAGE, MOST_TEXT, blocks
from induction.reports.document import Heading, Link, Paragraph, Part, Quoted, Table

from tests.induction.reports.test_hostile_texts import HOSTILE

URL = "https://induction.example/dashboard/runs/1"
words = st.text(max_size=40) | st.sampled_from([*HOSTILE, "<!channel>", "*bold*", "x" * 5_000])
cells = words | st.builds(Quoted, words)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Heading, words),
    st.builds(lambda pieces: Paragraph(tuple(pieces)), st.lists(cells, min_size=1, max_size=4)),
    st.builds(lambda text: Link(text, URL), words),
    st.builds(
        lambda rows: Table(("a", "b"), tuple(rows)), st.lists(st.tuples(cells, cells), max_size=80)
    ),
)


def elements(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in block.get("elements", ()):
        assert row["type"] in ("rich_text_section", "rich_text_preformatted")
        yield from row["elements"]


@given(words, st.lists(parts, max_size=60))
@example("title", [Paragraph(("x" * 4_000,))] * 60)
@example("title", [Heading("")])
def test_whatever_it_says_fits_and_is_text_alone(title: str, body: list[Part]) -> None:
    first, *rest = blocks(title, body)
    head = first["text"]
    assert (first["type"], head["type"], head["emoji"]) == ("header", "plain_text", False)
    assert 0 < len(head["text"]) <= MOST_HEADER
    assert len(rest) < MOST_BLOCKS
    total = len(head["text"])
    for block in rest:
        assert block["type"] == "rich_text"
        inside = list(elements(block))
        assert inside
        assert {one["type"] for one in inside} <= {"text", "link"}
        assert all(one.get("url", URL) == URL for one in inside)
        assert all(one["text"] for one in inside)
        size = sum(len(one["text"]) for one in inside)
        assert size <= MOST_TEXT + len(inside)
        total += size
    assert total <= MOST_MESSAGE + len(CUT)


def test_what_does_not_fit_is_left_out_and_the_end_says_so() -> None:
    made = blocks("title", [Paragraph((f"sentence {number}",)) for number in range(60)])
    assert len(made) == MOST_BLOCKS
    assert [one["text"] for one in elements(made[-1])] == [CUT]


def test_a_table_stands_in_columns_by_whole_lines() -> None:
    rows = tuple((Quoted(f"label {number}"), "0.5") for number in range(400))
    (_, block) = blocks("title", [Table(("component", "F1"), rows)])
    (text,) = [one["text"] for one in elements(block)]
    assert block["elements"][0]["type"] == "rich_text_preformatted"
    first, second, *_, last = text.splitlines()
    assert (first, second, last) == ("component  F1", "label 0    0.5", CUT)


def test_what_others_named_is_code_and_never_a_mention() -> None:
    (_, block) = blocks("title", [Paragraph(("Label ", Quoted("<!channel> *x*"), " fell."))])
    assert list(elements(block)) == [
        {"type": "text", "text": "Label "},
        {"type": "text", "text": "<!channel> *x*", "style": {"code": True}},
        {"type": "text", "text": " fell."},
    ]
