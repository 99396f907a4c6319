"""What we agreed on about statements of SQL."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_house import named, sources

SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|FROM|WHERE|ORDER BY|CREATE|GRANT)\b")


def glued(path: Path) -> Iterator[int]:
    """The lines on which a string of SQL begins that is put together from pieces."""
    pieces: list[tokenize.TokenInfo] = []
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.STRING:
                pieces.append(token)
            elif token.type not in {tokenize.NL, tokenize.COMMENT}:
                if len(pieces) > 1 and SQL.search(" ".join(one.string for one in pieces)):
                    yield pieces[0].start[0]
                pieces = []


def added(path: Path) -> Iterator[int]:
    """The lines on which a string of SQL is put together by `+`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                for piece in (left, right):
                    if isinstance(piece, ast.Constant | ast.JoinedStr) and SQL.search(
                        ast.unparse(piece)
                    ):
                        yield node.lineno


def test_sql_of_more_than_one_line_can_be_read_as_sql() -> None:
    """Glued from quoted pieces it cannot be pasted into psql, and a lost blank breaks it."""
    assert not [
        f"{named(path)}:{line}" for path in sources() for line in (*glued(path), *added(path))
    ]


def test_what_is_taken_by_a_locking_choice_is_chosen_once() -> None:
    """A subquery with a LIMIT that is joined may be planned as a loop, and takes more than its
    LIMIT then. One that is materialised, or compared by `=`, runs once."""
    inside = r"(?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*"
    choice = re.compile(rf"(\S+) \(\s*(SELECT {inside}? LIMIT \S+ FOR UPDATE)")
    for path in sources():
        for before, chosen in choice.findall(path.read_text()):
            assert before in {"MATERIALIZED", "="}, f"{path}: {chosen}"
