"""Cases by versions: which a change turned, of those it was measured on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Measured:
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


def turned(changes: Sequence[Measured]) -> list[Turns]:
    """Every case that any change turned, the most often turned first."""
    by: dict[UUID, dict[int, bool]] = {}
    for one in changes:
        for ids, is_fixed in ((one.fixed, True), (one.broke, False)):
            for case_id in ids:
                by.setdefault(case_id, {})[one.n] = is_fixed
    every = [Turns(case_id, turns) for case_id, turns in by.items()]
    return sorted(every, key=lambda one: (-len(one.by), str(one.case_id)))
