"""Ground truth as it travels: approved cases, one per line, and the hash of the whole."""

import hashlib
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import Body, Label, SafeJson, Schema, Slug, Utterance, digest
from nlu_shared.schemas.labels import AllowNew, LabelWarning

MOST_TURNS = 1_000


class Turn(Schema):
    """One thing said in a conversation; `speaker` is a role, such as expert or subject."""

    speaker: Label | None = Field(
        default=None, description="a role, such as expert or subject; null: not known"
    )
    text: Utterance = Field(description="what was said")


class Context(Schema):
    """What stands before a case: the conversation, oldest first, and the items already `known`
    (committed), in the shape of the task's own truths."""

    before: Annotated[
        tuple[Turn, ...],
        Field(max_length=MOST_TURNS, description="the turns before the case, oldest first"),
    ] = ()
    known: SafeJson = Field(
        default=None,
        description="items that are already committed, in the shape of the task's truths",
    )

    @property
    def short(self) -> JsonValue:
        """In its shortest JSON, as it is stored, hashed and shown."""
        fields: JsonValue = self.model_dump(mode="json", exclude_defaults=True)
        return fields


def transcript(text: str, context: Context | None) -> str:
    """All that people said up to and in a text, one turn a line."""
    before = () if context is None else context.before
    return "\n".join([*(turn.text for turn in before), text])


class GroundTruthIn(Body):
    """A case that never was a prediction."""

    task: Slug = Field(description="the task it is a case of")
    text: Utterance = Field(description="what a model is to read")
    context: Context | None = Field(
        default=None, description="what stands before the text; null: nothing"
    )
    truth: SafeJson = Field(
        description="a label for an intent task, an object for an extraction; not null"
    )
    group: Label | None = Field(
        default=None,
        description="what it must not be separated from in a split, such as a conversation",
    )
    may_quote: bool | None = Field(
        default=None,
        description="may this text appear inside a prompt? null: as the task's default says, else"
        " yes",
    )
    allow_new: AllowNew = False

    @property
    def stored_context(self) -> JsonValue:
        """The context as it is stored; an empty one is none."""
        return self.context.short or None if self.context else None


class GroundTruthMade(Schema):
    """Approved, under this id."""

    id: UUID = Field(description="of the case, in the stream too")
    warning: LabelWarning | None = Field(default=None, description="what to look at; null: nothing")


class GroundTruthCase(Schema):
    """One approved case. `truth` is a label for an intent task, an object for an extraction.

    `group` names what the case must not be separated from in a split (one conversation).
    """

    id: UUID = Field(description="of the case")
    task: str = Field(description="the task it is a case of")
    text: str = Field(description="what a model is to read")
    context: Context | None = Field(
        default=None, description="what stands before the text; null: nothing"
    )
    truth: JsonValue = Field(
        description="a label for an intent task, an object for an extraction; not null"
    )
    group: str | None = Field(
        default=None, description="what it must not be separated from in a split; null: nothing"
    )
    may_quote: bool = Field(description="may this text appear inside a prompt?")
    hash: str = Field(description="SHA-256, hex, of all that the case says but its id")


class StreamEnd(Schema):
    """The last line of the stream; without it the stream was cut."""

    count: int = Field(description="of the cases before it")
    sha256: str = Field(
        description="of the data set, hex, as in the ETag: taken over the cases' hashes, one a line"
    )


def case_hash(
    *,
    task: str,
    text: str,
    truth: JsonValue,
    group: str | None,
    may_quote: bool,
    context: JsonValue = None,
) -> str:
    """Hex SHA-256 of what a case says; two cases that say the same hash the same. A case without
    a context hashes as it did before there were any; `context` is `Context.short`."""
    fields = {"task": task, "text": text, "truth": truth, "group": group, "may_quote": may_quote}
    return digest(fields if context is None else {**fields, "context": context})


def dataset_hash(case_hashes: Iterable[str]) -> str:
    """Hex SHA-256 over per-case hashes, given in id order, one per line."""
    running = hashlib.sha256()
    for one in case_hashes:
        running.update(one.encode() + b"\n")
    return running.hexdigest()
