"""What a browser keeps of a session of reviewing: how far it is, what it passed over, what is on.

It is the reviewer's own and decides nothing: whoever changes it changes what they are shown. Pure.
"""

import base64
import binascii
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from nlu_shared.schemas.base import Schema, Slug
from pydantic import AwareDatetime, Field, ValidationError

MOST_SKIPPED, MOST_STEPS, MOST_KEYS, MOST_NAMED = 36, 10, 3, 24
"""A cookie holds four kilobytes."""


class Quoting(StrEnum):
    """May the texts that are approved stand in prompts?"""

    TASK = "task"
    YES = "yes"
    NO = "no"

    @property
    def may_quote(self) -> bool | None:
        return None if self is Quoting.TASK else self is Quoting.YES


class Worth(Schema):
    """So many labels of a task would decide what its last verdict left open: induction's word, by
    the link that its page leads here with."""

    task: Slug
    labels: Annotated[int, Field(ge=1, le=1_000_000)]


class Keys(Schema):
    """Which labels of a task that has no set the number keys give, as `choices.keys` has them."""

    task: Slug
    marks: tuple[str, ...]


class IssueCount(Schema):
    """So many labels of a task, or of all, are in doubt; counted anew after `until`."""

    task: Slug | None = None
    count: int
    until: AwareDatetime


class StepKind(StrEnum):
    """What a press of a key was: what can be taken back, and then what cannot."""

    CORRECTION = "correction"
    SKIP = "skip"
    DEFINE = "define"
    KEEP = "keep"
    REPLACE = "replace"
    NEITHER = "neither"
    CLEAR = "clear"
    REMOVE = "remove"

    @property
    def is_undoable(self) -> bool:
        return self in (StepKind.CORRECTION, StepKind.SKIP)


class Step(Schema):
    """`id` is of the correction, of the item that was skipped, or of what tells its text."""

    id: UUID
    kind: StepKind = StepKind.CORRECTION


class Memory(Schema):
    """`steps` are the latest, the newest last; `undone`: what was done last was to take one back,
    `taken_back` is the correction that it was, and `stays` the label that it had added to the set;
    `keys` are those of the latest tasks without a set."""

    since: AwareDatetime
    done: int = 0
    quoting: Quoting = Quoting.TASK
    approves: bool = False
    skipped: tuple[UUID, ...] = ()
    steps: tuple[Step, ...] = ()
    undone: bool = False
    taken_back: UUID | None = None
    stays: str | None = None
    worth: Worth | None = None
    keys: tuple[Keys, ...] = ()
    issues: IssueCount | None = None

    @classmethod
    def read(cls, kept: str | None, *, now: datetime) -> Self:
        """A new one where none was kept, or what was kept is none."""
        try:
            return cls.model_validate_json(base64.urlsafe_b64decode(kept or ""))
        except (ValidationError, ValueError, binascii.Error):
            return cls(since=now)

    def write(self) -> str:
        plain = self.model_dump_json(exclude_defaults=True).encode()
        return base64.urlsafe_b64encode(plain).decode()

    def with_step(self, step: Step, *, done: int = 1) -> Self:
        steps = (*self.steps, step)[-MOST_STEPS:]
        now = {"steps": steps, "done": self.done + done}
        undid = {"undone": False, "taken_back": None, "stays": None}
        return self.model_copy(update=now | undid)

    def without_step(self, *, done: int, stays: str | None = None) -> Self:
        """The latest is taken back; what was skipped is offered again."""
        *steps, latest = self.steps
        now = {
            "steps": tuple(steps),
            "skipped": tuple(one for one in self.skipped if one != latest.id),
            "done": max(0, self.done - done),
            "undone": True,
            "taken_back": latest.id if latest.kind is StepKind.CORRECTION else None,
            "stays": stays and (stays if len(stays) <= MOST_NAMED else f"{stays[:MOST_NAMED]}…"),
        }
        return self.model_copy(update=now)

    def with_skipped(self, item: UUID) -> Self:
        skipped = (*self.skipped, item)[-MOST_SKIPPED:]
        step = Step(id=item, kind=StepKind.SKIP)
        return self.model_copy(update={"skipped": skipped}).with_step(step, done=0)

    def without_skipped(self) -> Self:
        """All of it is offered again, and none of it is left to take back."""
        steps = tuple(one for one in self.steps if one.kind is not StepKind.SKIP)
        return self.model_copy(update={"skipped": (), "steps": steps})

    def keys_of(self, task: str) -> tuple[str, ...]:
        return next((one.marks for one in self.keys if one.task == task), ())

    def with_keys(self, task: str, marks: tuple[str, ...]) -> Self:
        if marks == self.keys_of(task):
            return self
        others = [one for one in self.keys if one.task != task]
        return self.model_copy(
            update={"keys": (*others, Keys(task=task, marks=marks))[-MOST_KEYS:]}
        )
