"""Whatever a label or a model is called, a report is one page of tables and quotes it."""

from html.parser import HTMLParser
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some
from induction.reports.html import to_html
from induction.reports.markdown import to_markdown
from markdown_it import MarkdownIt
from markdown_it.token import Token
from nlu_shared.schemas.reports import (
    ReportedChange,
    ReportedComponent,
    ReportedVersion,
    RunReport,
)
from nlu_shared.schemas.runs import RunKind, RunStatus
from nlu_shared.schemas.spending import Spend

ID = UUID("01890000-0000-7000-8000-000000000000")
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://example.org/seen.png)",
    "[click](javascript:alert(1))",
    "@everyone closes #1",
    "`` ` ```",
    "a | b |\n\n# heading",
    "\\|\\` a\\",
    "&lt;b&gt; &amp;",
    "\u202egnp.exe",
    "```\nfence",
    " ",
]


def reporting(text: str) -> RunReport:
    version = ReportedVersion(id=ID, version_hash="0" * 64, rendered_hash=None)
    return RunReport(
        run_id=ID,
        task="t",
        kind=RunKind.IMPROVE,
        status=RunStatus.COMPLETED,
        completed_at=None,
        verdict=None,
        words=["There is no verdict."],
        before=version,
        after=version,
        components=[
            ReportedComponent(split="test", component=text, before=0.5, after=1.0, cases=1)
        ],
        changes=[
            ReportedChange(
                n=1,
                strategy=text,
                outcome="kept",
                what=text,
                validation_f1=None,
                version_id=ID,
                fixed=[ID] * 12,
                broke=[],
            )
        ],
        spend=Spend(),
        dataset_hash="d" * 64,
        dataset_size=1,
        splits=None,
        scorer="macro_f1/2",
        engine_version="9",
        task_model=text,
        answered_by=text,
        proposed_by=text,
        proposer_model=text,
        made_on=None,
        roll_back=None,
    )


PLAIN = reporting("plain")


class Page(HTMLParser):
    """The tags of a page, and what its quotes hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, object]] = []
        self.quotes: list[str] = []
        self._in_quote = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))
        self._in_quote = tag == "code"
        if self._in_quote:
            self.quotes.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_quote = False

    def handle_data(self, data: str) -> None:
        if self._in_quote:
            self.quotes[-1] += data


def flat(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *flat(token.children or []))]


def read(report: str) -> list[Token]:
    return flat(MarkdownIt("commonmark").enable("table").parse(report))


def holds(text: str) -> None:
    page = Page(to_html(reporting(text)))
    assert page.tags == Page(to_html(PLAIN)).tags
    assert page.quotes.count(text) >= 4
    tokens, plain = read(to_markdown(reporting(text))), read(to_markdown(PLAIN))
    assert [one.type for one in tokens] == [one.type for one in plain]
    quotes = [one.content for one in tokens if one.type == "code_inline"]
    shown = " ".join(text.split()) or "-"
    assert quotes.count(shown.replace("|", "¦")) >= 4, quotes


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_quoted_and_changes_nothing_around_it(text: str) -> None:
    holds(text)


@given(some.text(some.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1))
def test_any_name_is_quoted_and_changes_nothing_around_it(text: str) -> None:
    holds(text)


def test_a_long_list_of_cases_is_cut_and_counted() -> None:
    assert "12: " in to_markdown(PLAIN)
    assert "and 2 more" in to_html(PLAIN)
