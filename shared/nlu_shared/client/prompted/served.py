"""The prompt a backend runs, wherever it came from."""

from dataclasses import dataclass
from enum import StrEnum

from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.registry import ActivePrompt
from nlu_shared.schemas.rendered import RenderedPrompt


class Whence(StrEnum):
    """Where a prompt was found, the best place first."""

    LIVE = "live"
    CACHE = "cache"
    BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class ServedPrompt:
    """All that is needed to run a version: what is sent, how it is read, and by which model."""

    task: str
    version: str
    answers: AnswerSpace
    rendered: RenderedPrompt
    model: str | None
    whence: Whence


def served_of(active: ActivePrompt, whence: Whence) -> ServedPrompt:
    """Raises ValueError where the request is not the one its hash was taken over."""
    one = active.rendered
    if one.computed_hash != one.rendered_hash:
        raise ValueError("the request does not have its hash")
    return ServedPrompt(
        task=active.task,
        version=str(active.version_id),
        answers=AnswerSpace(active.kind, active.labels, active.spellings),
        rendered=one,
        model=active.model,
        whence=whence,
    )
