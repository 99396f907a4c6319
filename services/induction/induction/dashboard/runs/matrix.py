"""Cases by versions: which a change turned, of those it was measured on. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from nlu_shared.files.spreadsheets import Columns
from nlu_shared.kit.order import Order
from nlu_shared.kit.pages.tables import Table

from induction.cases.models import SnapshotCaseRow


@dataclass(frozen=True, slots=True)
class ValidatedChange:
    """A change that has met validation: the cases it got right that the best before it had wrong,
    and the other way round."""

    n: int
    version_id: UUID | None
    version_hash: str | None
    outcome: str
    fixed: Sequence[UUID]
    broke: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Turns:
    """A case, and by the number of a change whether that fixed or broke it."""

    case_id: UUID
    by: dict[int, bool]

    @property
    def fixed(self) -> int:
        return sum(self.by.values())

    @property
    def broke(self) -> int:
        return len(self.by) - self.fixed


def turned(changes: Sequence[ValidatedChange]) -> list[Turns]:
    """Every case that any change turned, the most often turned first."""
    by: dict[UUID, dict[int, bool]] = {}
    for one in changes:
        for ids, is_fixed in ((one.fixed, True), (one.broke, False)):
            for case_id in ids:
                by.setdefault(case_id, {})[one.n] = is_fixed
    every = [Turns(case_id, turns) for case_id, turns in by.items()]
    return sorted(every, key=lambda one: (-len(one.by), str(one.case_id)))


def table_of(run_id: UUID, changes: Sequence[ValidatedChange], sort: str | None) -> Table:
    columns = {"text": False, "truth": False, "turned": True}
    columns |= {f"change_{one.n}": True for one in changes}
    return Table(f"/dashboard/runs/{run_id}/cases", columns, "-turned", sort)


def arranged(
    every: Sequence[Turns], cases: Mapping[UUID, SnapshotCaseRow], order: Order
) -> list[Turns]:
    """In an order; by a change, what it fixed comes first or last, what it broke the other way
    round, and what it left alone between them."""

    def value(one: Turns) -> tuple[int, str]:
        case = cases.get(one.case_id)
        match order.name:
            case "text":
                return 0, "" if case is None else (case.text or "").lower()
            case "truth":
                return 0, "" if case is None else _words(case.truth).lower()
            case None | "turned":
                return len(one.by), ""
            case name:
                turn = one.by.get(int(name.removeprefix("change_")))
                return 0 if turn is None else 1 if turn else -1, ""

    return sorted(every, key=value, reverse=order.is_descending)


def saved(changes: Sequence[ValidatedChange], cases: Mapping[UUID, SnapshotCaseRow]) -> Columns:
    """What a spreadsheet is told of each case."""
    words = {True: "fixed", False: "broke", None: None}

    def turn(n: int) -> Callable[[Turns], object]:
        return lambda one: words[one.by.get(n)]

    return {
        "text": lambda one: cases[one.case_id].text if one.case_id in cases else None,
        "truth": lambda one: _words(cases[one.case_id].truth) if one.case_id in cases else None,
        **{f"change_{one.n}": turn(one.n) for one in changes},
        "fixed": attrgetter("fixed"),
        "broke": attrgetter("broke"),
        "case": attrgetter("case_id"),
    }


def _words(truth: object) -> str:
    return truth if isinstance(truth, str) else json.dumps(truth, ensure_ascii=False)
