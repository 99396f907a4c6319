"""What failed in earlier runs: which of it a proposer is told, and what is not tried again.

The very same change to the very same prompt is refused unseen. A change that failed on another
prompt is only told: it may do better here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.base import digest
from nlu_shared.schemas.events import ErrorPattern
from nlu_shared.schemas.prompts import Aim, Block, Change, Edit, Example, Op, PromptContent
from pydantic import JsonValue

from induction.engine.change import quoted
from induction.engine.groups import words
from induction.engine.plan import Plan, Remembered
from induction.engine.propose import Tried
from induction.engine.screen import Guarded, leaked, retold

TOLD = 8
"""Remembered changes that one proposal is told of."""
SAID = "remembered"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a run remembers; `failures` by signature."""

    ideas: tuple[Remembered, ...]
    failures: Mapping[str, Remembered]

    @classmethod
    def of(cls, plan: Plan, cases: Guarded) -> "Memory":
        """What may be told about today's cases: see `_is_clean`."""
        ideas = tuple(one for one in plan.remembered if _is_clean(one.change, plan, cases))
        by_signature = {signature(one.change, one.parent_hash): one for one in reversed(ideas)}
        return cls(ideas, by_signature)

    def told(self, patterns: Sequence[ErrorPattern]) -> tuple[Tried, ...]:
        """Those most worth knowing when working on `patterns`: the more they aimed at the same,
        the sooner; then the newest."""
        now = [_aim(pattern) for pattern in patterns]
        ordered = sorted(self.ideas, key=lambda one: -sum(aim in one.aims for aim in now))
        return tuple(
            Tried(one.change, f"{one.outcome} in an earlier run", one.reason)
            for one in ordered[:TOLD]
        )

    def objection(self, change: Change, parent: PromptContent) -> str | None:
        """Why a change need not be tried, or None."""
        known = self.failures.get(signature(change, parent.version_hash))
        if known is None:
            return None
        return f"this very change failed in run {known.run_id}: {known.outcome}: {known.reason}"


def aims(patterns: Sequence[ErrorPattern]) -> list[Aim]:
    return [_aim(pattern) for pattern in patterns]


def signature(change: Change, parent_hash: str) -> str:
    """Equal for changes that do the same to the same prompt: whatever the order of the edits, and
    whatever spacing, case and punctuation of their texts."""
    return digest([parent_hash, sorted(digest(_plain(edit)) for edit in change.edits)])


def _plain(edit: Edit) -> JsonValue:
    told = edit.model_dump(mode="json", exclude_none=True)
    if edit.text is not None:
        told["text"] = " ".join(words(edit.text)) or edit.text.strip()
    return told


def _aim(pattern: ErrorPattern) -> Aim:
    return Aim(kind=pattern.kind, truth=pattern.truth, predicted=pattern.predicted)


def _is_clean(change: Change, plan: Plan, cases: Guarded) -> bool:
    """Whether it quotes only what may be quoted now, and its texts say nothing that the leak
    guard would keep out of a prompt today: cases and consents change between runs."""
    if not quoted(change) <= {case.id for case in cases.quotable}:
        return False
    texts = [edit for edit in change.edits if edit.text is not None]
    if not texts:
        return True
    said = plan.baseline.model_copy(
        update={
            "instructions": (
                *plan.baseline.instructions,
                *(
                    Block(name=SAID, text=edit.text or "")
                    for edit in texts
                    if edit.op is not Op.ADD_EXAMPLE
                ),
            ),
            "examples": (
                *plan.baseline.examples,
                *(
                    Example(text=edit.text or "", output=edit.output)
                    for edit in texts
                    if edit.op is Op.ADD_EXAMPLE
                ),
            ),
        }
    )
    return not leaked(plan.baseline, said, baseline=plan.baseline, cases=cases) and not retold(
        plan.baseline, said, cases
    )
