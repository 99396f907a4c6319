"""Everything a run is given before it starts. Equal plans and answers make equal runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from nlu_shared.schemas.events import Split
from nlu_shared.schemas.prompts import Aim, Change, PromptContent

from induction.task_kinds.base import Case, Component, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A change to the prompt `parent_hash` that failed in an earlier run, and how (see `memory`).
    Its rationale is empty: no guard has read that."""

    run_id: UUID
    change: Change
    parent_hash: str
    aims: tuple[Aim, ...]
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`splits` says for every case of `cases` which split it belongs to (see `splits.assign`); with
    `opening` the search begins by showing as many of them as there is room for (see `many_shot`).
    `calls` is the most the run may ask, None where nobody said; who answers holds it to that.
    `guards` are tolerances by component (see `acceptance`), `proposals` the most changes that are
    tried side by side. `remembered` is what failed before, the newest first. `looks` says how
    often verdicts of this task have been made on its test cases. `folds` asks for the search to
    be cross-validated, in so many folds."""

    task: Task
    cases: tuple[Case, ...]
    dataset_hash: str
    splits: Mapping[UUID, Split]
    baseline: PromptContent
    task_model: str
    proposer_model: str
    max_iterations: int = 20
    seed: int = 0
    hints: tuple[str, ...] = ()
    focus: str | None = None
    opening: bool = True
    calls: int | None = None
    guards: Mapping[str, float] = field(default_factory=dict)
    proposals: int = 1
    remembered: tuple[Remembered, ...] = ()
    looks: int = 0
    folds: int | None = None

    @property
    def focused(self) -> Component | None:
        """The component in focus; None where the objective is all that is aimed at."""
        return None if self.focus is None else self.task.component(self.focus)
