"""What failed in earlier runs: which of it a proposer is shown, and what is not tried again.

The very same change to the very same prompt is refused unseen. A change that failed on another
prompt is only told: it may do better here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.base import digest
from nlu_shared.schemas.evaluated import ErrorPattern
from nlu_shared.schemas.prompts import Aim, Block, Change, Edit, Example, Op, PromptContent
from pydantic import JsonValue

from induction.engine.data.folding import words
from induction.engine.leak_guard.leaks import Guarded, leaked
from induction.engine.leak_guard.screen import retold
from induction.engine.plan import Plan, Remembered
from induction.engine.proposal.edits import quoted
from induction.engine.proposal.meta_prompt import Tried

MOST_SHOWN = 8
"""Remembered changes that one proposal is told of."""
BLOCK = "remembered"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run remembers; `failures` by signature."""

    ideas: tuple[Remembered, ...]
    failures: Mapping[str, Remembered]

    @classmethod
    def of(cls, plan: Plan, cases: Guarded) -> "Memory":
        ideas = _sayable(plan, cases) if plan.remembered else ()
        by_signature = {signature(one.change, one.parent_hash): one for one in reversed(ideas)}
        return cls(ideas, by_signature)

    def relevant_to(self, patterns: Sequence[ErrorPattern]) -> tuple[Tried, ...]:
        """Those most worth knowing when working on `patterns`: the more they aimed at the same,
        the sooner; then the newest, those that aimed at nothing last."""
        now = aims(patterns)
        ordered = sorted(
            self.ideas, key=lambda one: (-sum(aim in one.aims for aim in now), not one.aims)
        )
        return tuple(
            Tried(one.change, f"{one.outcome} in an earlier run", one.reason)
            for one in ordered[:MOST_SHOWN]
        )

    def objection(self, change: Change, parent: PromptContent) -> str | None:
        """Why a change need not be tried, or None."""
        known = self.failures.get(signature(change, parent.version_hash))
        if known is None:
            return None
        return f"this very change failed in run {known.run_id}: {known.outcome}: {known.reason}"


def aims(patterns: Sequence[ErrorPattern]) -> list[Aim]:
    return [Aim(kind=one.kind, truth=one.truth, predicted=one.predicted) for one in patterns]


def signature(change: Change, parent_hash: str) -> str:
    """Equal for changes that do the same to the same prompt: whatever the order of the edits, and
    whatever spacing, case and punctuation of their texts."""
    return digest([parent_hash, sorted(digest(_plain(edit)) for edit in change.edits)])


def _plain(edit: Edit) -> JsonValue:
    plain = edit.model_dump(mode="json", exclude_none=True)
    if edit.text is not None:
        plain["text"] = " ".join(words(edit.text)) or edit.text.strip()
    return plain


def _sayable(plan: Plan, cases: Guarded) -> tuple[Remembered, ...]:
    """Those that quote only what may be quoted now, and say nothing that the leak guard would keep
    out of a prompt today: cases and consents change between runs."""
    quotable = {case.id for case in cases.quotable}
    ideas = tuple(one for one in plan.remembered if quoted(one.change) <= quotable)
    if _is_clean(ideas, plan.baseline, cases):  # nearly always, and one look instead of many
        return ideas
    return tuple(one for one in ideas if _is_clean([one], plan.baseline, cases))


def _is_clean(ideas: Sequence[Remembered], before: PromptContent, cases: Guarded) -> bool:
    texts = [edit for one in ideas for edit in one.change.edits if edit.text is not None]
    rules = [Block(name=BLOCK, text=e.text or "") for e in texts if e.op is not Op.ADD_EXAMPLE]
    shown = [Example(text=e.text or "", output=e.output) for e in texts if e.op is Op.ADD_EXAMPLE]
    after = before.model_copy(
        update={
            "instructions": (*before.instructions, *rules),
            "examples": (*before.examples, *shown),
        }
    )
    leaks = leaked(before, after, baseline=before, cases=cases)
    return not leaks and not retold(before, after, cases)
