"""The words of the code: the field's own in identifiers, each with one meaning."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared", "services", "deploy", "benchmarks", "examples")
AROUND = ("docs", "tests")
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
NO_NAMES = {"said", "told", "asked", "given", "wanted", "found"}
DISTRIBUTED = (
    "services/induction/induction",
    "services/nlu-logger/nlu_logger",
    "shared/nlu_shared",
)
TWICE = {
    # A client raises by the name by which a service refuses.
    "shared/nlu_shared": {
        "Conflict",
        "Forbidden",
        "NotFound",
        "Unauthenticated",
        "Unavailable",
    },
}
"""Public classes that share a name with another of their package, and why."""


def sources(*more: str) -> Iterator[Path]:
    """What a migration names is what stood there then, so the old ones keep their words."""
    for package in (*PACKAGES, *more):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The lines and names of parameters and of whatever is assigned, defined, matched, caught or
    imported under another name; of a parametrised test those in its strings too."""
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
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.MatchMapping(rest=str(name)):
                yield node.lineno, name
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, *_]):
                yield from parametrised_names(names)


def parametrised_names(names: ast.expr) -> Iterator[tuple[int, str]]:
    """pytest takes one string, several in one with commas, or a sequence of them."""
    for node in ast.walk(names):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for name in node.value.split(","):
                yield node.lineno, name.strip()


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
    """`told` was twelve types in one code base, and `given` nineteen after it: a name says what a
    thing is, not how it came. A test is read to learn what a thing is, so its names are no
    exception."""
    named = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sources(*AROUND)
        for line, name in bound_names(ast.parse(path.read_text()))
        if words_of(name) in NO_NAMES
    ]
    assert not named, "\n".join(named)


@pytest.mark.parametrize(
    "code",
    [
        "told = 1",
        "TOLD: int = 1",
        "first, *told = range(3)",
        "self.told += 1",
        "for told in (): pass",
        "[told for told in ()]",
        "(told := 1)",
        "with open(0) as told: pass",
        "def told(): pass",
        "async def _told(): pass",
        "def f(*, told): pass",
        "def f(**told): pass",
        "lambda told: 1",
        "class Told: told: int",
        "import json as told",
        "try: pass\nexcept ValueError as told: pass",
        "match 1:\n case int() as told: pass",
        "match 1:\n case [*told]: pass",
        "match 1:\n case {**told}: pass",
        "@pytest.mark.parametrize('told', [1])\ndef f(x): pass",
        "@pytest.mark.parametrize('code, told', [])\ndef f(x): pass",
        "@pytest.mark.parametrize(('code', 'told'), [])\ndef f(x): pass",
    ],
)
def test_a_name_is_noticed_however_it_is_bound(code: str) -> None:
    """Or the rule before this one would hold by what it overlooks."""
    assert "told" in {words_of(name) for _, name in bound_names(ast.parse(code))}


def public_classes(package: str) -> Counter[str]:
    """How many classes of the package have each public name, wherever they are defined."""
    return Counter(
        node.name
        for path in sources()
        if path.is_relative_to(ROOT / package)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )


@pytest.mark.parametrize("package", DISTRIBUTED)
def test_a_public_class_name_is_one_type_in_its_package(package: str) -> None:
    """`Standing` was five, so that who read of one had to look whose it was. An exemption that is
    no longer one goes, too."""
    classes = public_classes(package)
    assert classes
    assert {name for name, count in classes.items() if count > 1} == TWICE.get(package, set())


def test_words_we_gave_up_do_not_come_back() -> None:
    """Two words for one thing are how a newcomer is lost."""
    gone = {word for word, _ in GIVEN_UP}
    back = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sources()
        for line, name in bound_names(ast.parse(path.read_text()))
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
