"""Everything a run is given before it starts. Equal plans and answers make equal runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from nlu_shared.schemas.events import PartName
from nlu_shared.schemas.prompts import PromptContent

from induction.tasks.base import Case, Component, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`parts` says for every case of `cases` which part it belongs to (see `split.assign`).

    `guards` are tolerances by component (see `guards`), `proposals` the most changes tried side by
    side, `calls` how many the run may make, None where nobody counts them. With `opening` the
    search begins by showing as many cases as there is room for (see `showing`).
    """

    task: Task
    cases: tuple[Case, ...]
    dataset_hash: str
    parts: Mapping[UUID, PartName]
    baseline: PromptContent
    task_model: str
    proposer_model: str
    max_iterations: int = 20
    seed: int = 0
    hints: tuple[str, ...] = ()
    focus: str | None = None
    opening: bool = True
    guards: Mapping[str, float] = field(default_factory=dict)
    proposals: int = 1
    calls: int | None = None

    @property
    def aim(self) -> Component | None:
        """The component in focus; None where the objective is all that is aimed at."""
        return None if self.focus is None else self.task.component(self.focus)
