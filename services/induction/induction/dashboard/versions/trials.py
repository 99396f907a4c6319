"""What runs have come to of versions that are no run's best. Pure."""

from dataclasses import dataclass
from uuid import UUID

from nlu_shared.schemas.verdicts import Verdict

from induction.dashboard.drawing import KEPT


@dataclass(frozen=True, slots=True)
class TriedVersion:
    """What became of a version in the newest run that tried it; `before` is the validation F1 of
    what it was made from, `after` its own, None where validation was not reached."""

    run_id: UUID
    parent_id: UUID | None
    outcome: str
    stage: str | None
    reason: str | None
    after: float | None
    before: float | None
    fixed: int
    broke: int

    @property
    def became(self) -> str:
        is_refused = self.outcome == "rejected" and self.stage is not None
        return f"{self.outcome}_at_{self.stage}" if is_refused else self.outcome

    @property
    def is_kept(self) -> bool:
        return self.outcome == KEPT


@dataclass(frozen=True, slots=True)
class Beaten:
    """The newest run that has proven another version better than this one."""

    run_id: UUID
    by_version_id: UUID
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Trials:
    """By version; what no run has found is left out."""

    tried: dict[UUID, TriedVersion]
    beaten: dict[UUID, Beaten]

    @property
    def named(self) -> set[UUID]:
        """The versions that these tell of."""
        parents = {one.parent_id for one in self.tried.values() if one.parent_id is not None}
        return parents | {one.by_version_id for one in self.beaten.values()}

    def speak_against(self, version_id: UUID) -> bool:
        """Does the newest of what is known say that it had better not serve?"""
        tried = self.tried.get(version_id)
        return version_id in self.beaten or (tried is not None and not tried.is_kept)
