"""Where the versions of a lineage lie in a drawing of it. Pure; colours are in the style sheet.

A generation is a column; what was made from a version stands to its right, the best first and in
the same row, the others in rows of their own below.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.lineage import Ancestor

from induction.dashboard.words import origin
from induction.sentences import outcome_in_words

COLUMN, ROW = 142.0, 38.0
LEFT, TOP, RIGHT = 66.0, 28.0, 220.0
NAME = 12
"""Characters of a version's hash that people call it by."""


@dataclass(frozen=True, slots=True)
class Node:
    """A version, where it lies, how it is drawn, and what to say of it. Its name and score stand
    above it; its label, where nothing was made from it, beside it."""

    id: UUID
    x: float
    y: float
    kind: str
    name: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Tree:
    """`edges` are paths from each version to what was made from it."""

    nodes: list[Node]
    edges: list[str]
    width: float
    height: float


def tree(versions: Sequence[Ancestor], outcomes: Mapping[UUID, str]) -> Tree:
    """Of versions whose parents stand among them, or are drawn as if they had none.

    outcomes: what became of each, where a run made it.
    """
    known = {one.id: one for one in versions}
    children: dict[UUID | None, list[Ancestor]] = defaultdict(list)
    for one in versions:
        children[one.parent_id if one.parent_id in known else None].append(one)
    serves = _line_of_production(known)
    for siblings in children.values():
        siblings.sort(key=lambda one: _rank(one, serves, bool(children.get(one.id))))
    places = _places(children)
    return Tree(
        nodes=[
            _node(known[one], places[one], outcomes.get(one), is_leaf=not children.get(one))
            for one in places
        ],
        edges=[
            _edge(places[one.parent_id], places[one.id])
            for one in versions
            if one.parent_id in places
        ],
        width=LEFT + RIGHT + max((x for x, _ in places.values()), default=0) * COLUMN,
        height=TOP + ROW * (1 + max((y for _, y in places.values()), default=0)),
    )


def _rank(one: Ancestor, serves: set[UUID], has_children: bool) -> tuple[object, ...]:
    """What serves, and what leads there, stands first; then what was built on, then the best."""
    return one.id not in serves, not has_children, -(one.validation_f1 or 0.0), one.id.int


def _line_of_production(known: Mapping[UUID, Ancestor]) -> set[UUID]:
    at = next((one for one in known.values() if one.is_production), None)
    line: set[UUID] = set()
    while at is not None and at.id not in line:
        line.add(at.id)
        at = None if at.parent_id is None else known.get(at.parent_id)
    return line


def _places(children: Mapping[UUID | None, list[Ancestor]]) -> dict[UUID, tuple[int, int]]:
    """Column and row by version, in the order they are drawn."""
    places: dict[UUID, tuple[int, int]] = {}
    rows = 0
    waiting = [(one, 0, True) for one in reversed(children.get(None, []))]
    while waiting:
        one, column, opens_row = waiting.pop()
        rows += opens_row
        places[one.id] = column, rows - 1
        own = children.get(one.id, [])
        waiting += [(child, column + 1, n > 0) for n, child in reversed(list(enumerate(own)))]
    return places


def _edge(parent: tuple[int, int], child: tuple[int, int]) -> str:
    (from_x, from_y), (to_x, to_y) = _at(parent), _at(child)
    return f"M {from_x:g} {from_y:g} V {to_y:g} H {to_x:g}"


def _at(place: tuple[int, int]) -> tuple[float, float]:
    column, row = place
    return LEFT + column * COLUMN, TOP + row * ROW


def _node(one: Ancestor, place: tuple[int, int], outcome: str | None, *, is_leaf: bool) -> Node:
    x, y = _at(place)
    score = "" if one.validation_f1 is None else f"{one.validation_f1:.3f}"
    stands = (
        "in production"
        if one.is_production
        else outcome_in_words(outcome)
        if outcome
        else origin(one)
    )
    rationale = one.change.rationale if one.change is not None else one.notes or ""
    return Node(
        id=one.id,
        x=x,
        y=y,
        name=f"{one.version_hash[:NAME]} {score}".strip(),
        kind="production" if one.is_production else _kind(outcome),
        label=stands if is_leaf else "",
        title=f"{one.version_hash[:NAME]}, {stands}. {rationale}".strip(),
    )


def _kind(outcome: str | None) -> str:
    if outcome is None:
        return "root"
    return "mark" if outcome == "kept" else "hollow"
