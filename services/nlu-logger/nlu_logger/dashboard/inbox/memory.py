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

MOST_SKIPPED, MOST_ACTS, MOST_KEYS = 45, 10, 3
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


class Memory(Schema):
    """`acts` are the corrections of the latest labels and decisions, the newest last; `undone`:
    what was done last was to take one back; `keys` are those of the latest tasks without a set."""

    since: AwareDatetime
    done: int = 0
    quoting: Quoting = Quoting.TASK
    approves: bool = False
    skipped: tuple[UUID, ...] = ()
    acts: tuple[UUID, ...] = ()
    undone: bool = False
    worth: Worth | None = None
    keys: tuple[Keys, ...] = ()

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

    def with_act(self, correction: UUID | None, *, done: int = 1) -> Self:
        acts = self.acts if correction is None else (*self.acts, correction)[-MOST_ACTS:]
        now = {"acts": acts, "done": self.done + done, "undone": False}
        return self.model_copy(update=now)

    def without_act(self, *, done: int) -> Self:
        left = max(0, self.done - done)
        return self.model_copy(update={"acts": self.acts[:-1], "done": left, "undone": True})

    def with_skipped(self, item: UUID) -> Self:
        return self.model_copy(update={"skipped": (*self.skipped, item)[-MOST_SKIPPED:]})

    def keys_of(self, task: str) -> tuple[str, ...]:
        return next((one.marks for one in self.keys if one.task == task), ())

    def with_keys(self, task: str, marks: tuple[str, ...]) -> Self:
        if marks == self.keys_of(task):
            return self
        others = [one for one in self.keys if one.task != task]
        return self.model_copy(
            update={"keys": (*others, Keys(task=task, marks=marks))[-MOST_KEYS:]}
        )
