"""The prompt a backend runs, wherever it came from."""

from dataclasses import dataclass
from enum import StrEnum

from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.registry import ActivePrompt
from nlu_shared.schemas.rendered import RenderedPrompt


class Whence(StrEnum):
    """Where a prompt was found, the best place first."""

    LIVE = "live"
    CACHE = "cache"
    BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class ServedPrompt:
    """All that is needed to run a version: what is sent, how it is read, by which model, and how
    that is asked (None: nobody tells, its name says it). `made_on` is what answered in the run
    that made it, as induction files it. A prompt has one form, an ensemble one of
    each member: all are sent, and their answers vote."""

    task: str
    version: str
    answers: AnswerSpace
    forms: tuple[RenderedPrompt, ...]
    model: str | None
    endpoint: ModelEndpoint | None
    made_on: str | None
    whence: Whence


def served_of(active: ActivePrompt, whence: Whence) -> ServedPrompt:
    """Raises ValueError where a request is not the one its hash was taken over, and where there is
    none."""
    forms: tuple[RenderedPrompt, ...] = () if active.rendered is None else (active.rendered,)
    if active.ensemble is not None:
        forms = tuple(one.rendered for one in active.ensemble.members)
    if not forms or any(one.computed_hash != one.rendered_hash for one in forms):
        raise ValueError("the request does not have its hash")
    return ServedPrompt(
        task=active.task,
        version=str(active.version_id),
        answers=AnswerSpace(active.kind, active.labels, active.spellings),
        forms=forms,
        model=active.model,
        endpoint=active.endpoint,
        made_on=None if active.made_on is None else active.made_on.provider,
        whence=whence,
    )
