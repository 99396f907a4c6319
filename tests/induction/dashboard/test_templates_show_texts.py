"""What people and models wrote is put on pages by the filter that shows characters nobody sees."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from induction.dashboard import house

TEMPLATES = sorted((Path(house.__file__).parent / "templates").glob("*.html"))
_OUTPUT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CODE = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_WRITTEN = re.compile(
    r"(?:\.(?:reason|notes|rationale|conclusion|stopped_because|hint|summary|evidence|truth|why"
    r"|name|by_name|ended_by_name|stopped_by_name)\b|\bnames\.get\(|^(?:note|reason)\b"
    r"|\|(?:made|sentences|by_own_clock))(?!\()"
)
"""Ends of expressions that are such texts."""
_OWN = re.compile(r"^(?:output|evidence|parts\.\w+)\(|^node\.name$|^.; . if ")
"""What pages write themselves, and macros that use the filter."""
_LONG = re.compile(r"\.(?:reason|reasons|notes|rationale|conclusion)\b|\|made\b")
_WRAPS = re.compile(r'class="[^"]*\b(?:clip|why)\b')


def _outputs(source: str) -> Iterator[tuple[str, str]]:
    """Expressions that become text of a page, not part of a tag or of a field one writes in, with
    the HTML before them."""
    for match in _OUTPUT.finditer(source):
        before = _CODE.sub("", source[: match.start()])
        is_in_tag = before.rfind("<") > before.rfind(">")
        is_in_field = before.rfind("<textarea") > before.rfind("</textarea")
        if not is_in_tag and not is_in_field:
            yield match[1].strip(), before


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: str(one.name))
def test_a_page_shows_written_texts_by_the_filter_that_shows_unseen_characters(
    template: Path,
) -> None:
    raw = [
        one
        for one, _ in _outputs(template.read_text(encoding="utf-8"))
        if _WRITTEN.search(one) and "visible" not in one and not _OWN.search(one)
    ]
    assert raw == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: str(one.name))
def test_a_written_text_without_a_blank_wraps_in_its_cell(template: Path) -> None:
    wide = [
        one
        for one, before in _outputs(template.read_text(encoding="utf-8"))
        if _LONG.search(one)
        and not _OWN.search(one)
        and (start := before.rfind("<td")) > before.rfind("</td")
        and not _WRAPS.match(before[start + 4 :])
    ]
    assert wide == []
