"""What the demo says as it goes. Events of the run itself travel between these as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from nlu_shared.schemas.events import EvaluationProgress, StoredEvent
from nlu_shared.schemas.run_views import RunView


@dataclass(frozen=True, slots=True)
class TaskReady:
    """The task exists and its instructions-only prompt serves. `names`: what it tells apart."""

    slug: str
    names: str
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Going:
    """`done` of `total` of the work under way."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Answered:
    """All messages went through the client. `confused`: the most frequent wrong answers."""

    right: int
    wrong: int
    seconds: float
    confused: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    confirmed: int
    corrected: int
    approved: int


@dataclass(frozen=True, slots=True)
class RunOver:
    run: RunView


@dataclass(frozen=True, slots=True)
class Exported:
    """Written, imported again, and the same prompt."""

    module: Path
    document: Path
    version_id: UUID
    version_hash: str


@dataclass(frozen=True, slots=True)
class Reported:
    path: Path
    report: Mapping[str, object]


Step = (
    TaskReady
    | Going
    | Answered
    | Reviewed
    | StoredEvent
    | EvaluationProgress
    | RunOver
    | Exported
    | Reported
)
