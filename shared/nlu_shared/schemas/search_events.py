"""What a run says while it searches: scores, mistakes, changes, and what became of each change."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.evaluated import FAULTS, LENIENT, ConversationScore, ErrorPattern
from nlu_shared.schemas.event_fields import (
    TYPE,
    BestHash,
    BrokenCases,
    FixedCases,
    Iteration,
    ParentHash,
    VersionHash,
)
from nlu_shared.schemas.prompts import Aim, Change, PromptContent
from nlu_shared.schemas.steering import Decision, Unanswered


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class PromptEvaluated(Schema):
    """A prompt scored on one split. Iteration 0 is the baseline."""

    type: Annotated[Literal["prompt_evaluated"], TYPE] = "prompt_evaluated"
    iteration: int = Field(
        description="of the search, from 1; 0: the baseline. Of an ensemble's run: the place of the"
        " prompt among those it asks, from 0, and last the vote"
    )
    split: Split = Field(description="the part of the data set that was scored")
    version_hash: VersionHash
    objective: float = Field(description="what is optimised, over all scored cases, 0 to 1")
    components: dict[str, float] = Field(
        description="F1, 0 to 1, by component: a label, or a part of an extraction"
    )
    pooled: dict[str, tuple[int, int, int]] = Field(
        default_factory=dict, description="TP, FP and FN by component, summed over the cases"
    )
    support: dict[str, int] = Field(
        default_factory=dict, description="how many cases carry each component in their truth"
    )
    per_conversation: ConversationScore | None = Field(
        default=None, description="extraction: what whole discussions add up to, if there are any"
    )
    cases: int = Field(description="how many were scored")
    unanswered: int = Field(default=0, description="calls that ended without a usable answer")
    faults: dict[str, int] = Field(default_factory=dict, description=FAULTS)
    lenient: dict[str, int] = Field(default_factory=dict, description=LENIENT)
    lost: int = Field(
        default=0, description="cases the provider let no model answer; they are not scored"
    )


class PatternsFound(Schema):
    """Which mistakes of a prompt come back on the training cases."""

    type: Annotated[Literal["patterns_found"], TYPE] = "patterns_found"
    iteration: int = Field(description="of the search, from 1; 0: of the baseline, before it")
    version_hash: str | None = Field(
        default=None, description="of the prompt whose mistakes these are; null: of older runs"
    )
    patterns: list[ErrorPattern] = Field(description="the most frequent first, 10 at most")


class PromptProposed(Schema):
    """A change that is tried, and the prompt it makes of the best one so far."""

    type: Annotated[Literal["prompt_proposed"], TYPE] = "prompt_proposed"
    iteration: Iteration
    change: Change = Field(description="what is edited, and why its proposer expects a gain")
    content: PromptContent = Field(description="the whole prompt after the change")
    version_hash: VersionHash
    parent_hash: ParentHash
    aims: list[Aim] = Field(default=[], description="the patterns of mistakes it is to correct")


class Stage(StrEnum):
    """How far a change came, the first stage first."""

    PROPOSE = "propose"
    SCREEN = "screen"
    GATE = "gate"
    VALIDATION = "validation"
    APPROVAL = "approval"


class ApprovalAwaited(Schema):
    """A change that has passed every gate waits for a person; `unanswered` is what becomes of it
    when nobody has decided in so many minutes by the clock. `fixed` and `broke` are what it would
    do, as in `ChangeKept`."""

    type: Annotated[Literal["approval_awaited"], TYPE] = "approval_awaited"
    iteration: Iteration
    version_hash: VersionHash
    minutes: float = Field(description="how long it waits, by the clock; above 0, at most 10,080")
    unanswered: Unanswered = Field(description="what becomes of it when nobody has decided by then")
    fixed: FixedCases
    broke: BrokenCases


class ApprovalDecided(Schema):
    """The end of the wait. `decided_by` is null where time decided."""

    type: Annotated[Literal["approval_decided"], TYPE] = "approval_decided"
    iteration: Iteration
    version_hash: VersionHash
    decision: Decision = Field(description="what was decided")
    decided_by: str | None = Field(default=None, description="who decided; null: time did")
    reason: str | None = Field(
        default=None, description="of a veto, in the person's words; null: none was given"
    )


class ChangeRejected(Schema):
    """A change that is not let in, and where it fell. What was refused before it was tried has
    neither a version nor cases."""

    type: Annotated[Literal["change_rejected"], TYPE] = "change_rejected"
    iteration: Iteration
    stage: Stage = Field(description="where it fell")
    reason: str = Field(description="why, in words")
    version_hash: str | None = Field(
        default=None,
        description="SHA-256, hex, of its prompt; null: not stored, or no failure of its own",
    )
    fixed: FixedCases = []
    broke: BrokenCases = []


class ChangeKept(Schema):
    """A change that is let in: its prompt is the best from here on."""

    type: Annotated[Literal["change_kept"], TYPE] = "change_kept"
    iteration: Iteration
    version_hash: VersionHash
    gain: float = Field(
        description="of the component in focus, else the objective, on the cases that decided:"
        " validation, and with a rung of examples the training cases that were asked beside it;"
        " a difference of scores, -1 to 1"
    )
    fixed: FixedCases
    broke: BrokenCases


class HintTaken(Schema):
    """What an operator, a veto or the focus says to the next proposals."""

    type: Annotated[Literal["hint_taken"], TYPE] = "hint_taken"
    iteration: int = Field(description="of the search, from 1: whose proposals are given it first")
    hint: str = Field(description="in words, as proposals are given it")


class FrontPoint(Schema):
    """A prompt of the front. Tokens are of all of a request but the text it asks about, as the
    model counts them, about."""

    version_hash: VersionHash
    tokens: int = Field(description="of a request but its text, as the model counts, about")
    examples: int = Field(description="that one request shows, at most")
    objective: float = Field(description="on validation, 0 to 1")


class FrontMeasured(Schema):
    """What F1 costs in tokens: each prompt that scores higher on validation than all that are
    shorter, the shortest first; and of the prompts as good as the best the cheapest, the winner."""

    type: Annotated[Literal["front_measured"], TYPE] = "front_measured"
    iteration: int = Field(description="the last of the search; 0: it had none")
    points: list[FrontPoint] = Field(description="the shortest first")
    chosen_hash: str = Field(
        description="of the winner: the cheapest of those within the noise of the best"
    )
    best_hash: str = Field(description="of the one with the highest rank, before tokens counted")


class SearchStopped(Schema):
    """No further change is sought."""

    type: Annotated[Literal["search_stopped"], TYPE] = "search_stopped"
    iteration: int = Field(description="the last of the search; 0: it had none")
    reason: str = Field(description="why, in words")
    best_hash: BestHash


__all__ = [
    "ApprovalAwaited",
    "ApprovalDecided",
    "ChangeKept",
    "ChangeRejected",
    "FrontMeasured",
    "FrontPoint",
    "HintTaken",
    "PatternsFound",
    "PromptEvaluated",
    "PromptProposed",
    "SearchStopped",
    "Split",
    "Stage",
]
