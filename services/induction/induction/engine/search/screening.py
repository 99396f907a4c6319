"""What is refused before a call is spent on it: known failures, repeats, leaks, long prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from nlu_shared.schemas.evaluated import ErrorPattern
from nlu_shared.schemas.events import ChangeRejected, Stage

from induction.engine.leak_guard import prompt_texts, screen
from induction.engine.proposal.meta_prompt import Candidate, Tried
from induction.engine.search.state import Search


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is nothing to ask a task model about.

    stage: how far it came.
    reason: without the words of the change: it is stored.
    patterns: what it was aimed at.
    tried: what later proposals are shown of it; None: nothing.
    """

    stage: Stage
    reason: str
    patterns: tuple[ErrorPattern, ...]
    tried: Tried | None = None


async def screened(search: Search, proposed: Sequence[Candidate | Refused]) -> list[Candidate]:
    """The candidates that nothing speaks against; an event tells of each of the others."""
    candidates = []
    for one in proposed:
        refused = one if isinstance(one, Refused) else _refusal(search, one)
        if isinstance(one, Candidate) and refused is None:
            candidates.append(one)
        elif refused is not None:
            search.refused(refused.tried, refused.patterns)
            await search.run.tell(
                ChangeRejected(
                    iteration=search.iteration, stage=refused.stage, reason=refused.reason
                )
            )
    return candidates


def _refusal(search: Search, candidate: Candidate) -> Refused | None:
    if not (objections := _objections(search, candidate)):
        return None
    reason = "; ".join(objections)
    tried = candidate.tried("rejected unseen", reason)
    return Refused(Stage.SCREEN, reason, candidate.patterns, tried)


def _objections(search: Search, candidate: Candidate) -> list[str]:
    content = candidate.content
    if known := search.memory.objection(candidate.change, search.best):
        return [known]
    if content.version_hash in search.seen:
        return ["this very prompt was tried before"]
    search.seen.add(content.version_hash)
    texts = prompt_texts.changed(candidate.change)
    objections = screen.objections(
        search.run.plan.task,
        search.best,
        content,
        baseline=search.run.plan.baseline,
        cases=search.guarded,
        beside=texts,
        earlier=search.texts,
        room=search.room,
    )
    if not objections:
        search.texts += texts
    return objections
