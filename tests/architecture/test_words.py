"""The words of the code: the field's own in identifiers, each with one meaning."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "services", "deploy", "benchmarks", "examples")
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
NO_NAMES = {"said", "told", "asked"}


def sources() -> Iterator[Path]:
    """What a migration names is what stood there then, so the old ones keep their words."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def given_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The lines and names of parameters and of whatever is assigned or defined."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name


def words_of(name: str) -> str:
    """`_next_slot`, `NextSlot` and `NEXT_SLOT` are all "next slot"."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ")
    return " ".join(apart.lower().split())


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the glossary."""
    _, _, rest = GLOSSARY.partition(f"\n## {heading}\n")
    body, _, _ = rest.partition("\n## ")
    lines = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


WORDS = rows("Words")
GIVEN_UP = rows("Words we gave up")


def test_nothing_is_named_by_somebody_having_said_it() -> None:
    """`told` was twelve types in one code base: a name says what a thing is, not how it came."""
    named = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sources()
        for line, name in given_names(ast.parse(path.read_text()))
        if name in NO_NAMES
    ]
    assert not named, "\n".join(named)


def test_words_we_gave_up_do_not_come_back() -> None:
    """Two words for one thing are how a newcomer is lost."""
    gone = {word for word, _ in GIVEN_UP}
    back = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sources()
        for line, name in given_names(ast.parse(path.read_text()))
        if words_of(name) in gone
    ]
    assert not back, "\n".join(back)


def test_no_word_of_the_glossary_has_two_meanings() -> None:
    """A word stands once, and nothing stands both for itself and as given up."""
    words = [row[0] for row in WORDS] + [row[0] for row in GIVEN_UP]
    assert WORDS
    assert GIVEN_UP
    assert [word for word, count in Counter(words).items() if count > 1] == []


def test_the_glossary_is_in_order() -> None:
    """So that who adds a word sees the one that is there."""
    for table in (WORDS, GIVEN_UP):
        words = [row[0] for row in table]
        assert words == sorted(words)


@pytest.mark.parametrize(("word", "meaning", "where"), WORDS, ids=[row[0] for row in WORDS])
def test_every_word_is_where_the_glossary_says(word: str, meaning: str, where: str) -> None:
    """The file it names uses it, in a name or in prose."""
    assert meaning
    text = words_of((ROOT / where.strip("`")).read_text())
    assert word.replace("-", " ") in text.replace("-", " ")
