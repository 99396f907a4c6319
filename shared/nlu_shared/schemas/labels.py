"""The label set of a task: what a truth may be. It is kept where ground truth is kept; predictions
may carry anything."""

import math
from collections.abc import Collection, Mapping
from typing import Annotated, Any
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints

from nlu_shared.schemas.base import Note, SafeText, Schema, Slug

LABEL_LIMIT = 200
"""Longest label, in characters."""


_NOTHING = frozenset({"nan", "null", "\\n"})
"""What other programs write into a cell where nothing is, in small letters."""


class NoLabel(ValueError):
    """What was given is no label; the message says why and never repeats it."""


class SeveralLabels(NoLabel):
    """More than one label stands there."""


def normal_label(text: str) -> str:
    """One spelling of a label: NFC, a single blank between words, none around. Raises NoLabel."""
    if len(text) > LABEL_LIMIT:
        raise NoLabel(f"a label has at most {LABEL_LIMIT} characters")
    spelled = " ".join(normalize("NFC", text).split())
    if not spelled:
        raise NoLabel("a label is not blank")
    return spelled


def read_label(value: JsonValue) -> str | None:
    """The one reading of an intent's truth, for every door: None where nothing was labelled.

    A list of one is its element; None, NaN, an empty list and blank text are no label, nor is what
    other programs write for nothing ("NaN", "null", "\\N"); a whole number is its digits. Raises
    SeveralLabels, and NoLabel for other numbers, booleans and objects.
    """
    while isinstance(value, list):
        if len(value) > 1:
            raise SeveralLabels("several labels for one text: an intent has one")
        value = value[0] if value else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        raise NoLabel("true and false are no labels")
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    if not isinstance(value, str):
        raise NoLabel("a label is text")
    plain = value.strip()
    return normal_label(value) if plain and plain.casefold() not in _NOTHING else None


def _whole_number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


TruthLabel = Annotated[
    SafeText,
    BeforeValidator(_whole_number_as_text),
    AfterValidator(normal_label),
    StringConstraints(min_length=1, max_length=LABEL_LIMIT),
]
"""A label as a person gives it: normalised on the way in."""


class LabelSpec(Schema):
    """A label of a task, and what people and the prompt know of it."""

    name: TruthLabel = Field(description="as in truths and answers")
    description: Note = Field(default="", description="what falls under it")
    aliases: tuple[TruthLabel, ...] = Field(
        default=(), max_length=100, description="other spellings that are read as this label"
    )
    retired: bool = Field(default=False, description="stands in old truths; no new one takes it")


class LabelSet(Schema):
    """The labels of a task as of one version."""

    task: Slug = Field(description="whose labels they are")
    version: int = Field(ge=0, description="0: nobody has defined it, any truth is taken")
    labels: tuple[LabelSpec, ...] = Field(description="in the order they were given")

    @property
    def names(self) -> tuple[str, ...]:
        """What a new truth may be."""
        return tuple(label.name for label in self.labels if not label.retired)

    @property
    def spellings(self) -> Mapping[str, str]:
        """From each alias and name to the label's name, retired ones included."""
        return {
            spelling: label.name
            for label in self.labels
            for spelling in (*label.aliases, label.name)
        }


class LabelSetIn(Schema):
    """The whole set as it shall be."""

    labels: tuple[LabelSpec, ...] = Field(max_length=1_000, description="all of them, in order")
    replaces: int | None = Field(
        default=None, description="the version it was made from; another one by now is a 409"
    )


class LabelRename(Schema):
    to: TruthLabel = Field(description="the name from now on; a label that exists is merged into")


class LabelRenamed(Schema):
    """What a rename changed."""

    version: int = Field(description="of the label set after it")
    cases: int = Field(description="approved cases that carry the new name")
    corrections: int = Field(description="corrections that do")


def like(label: str, names: Collection[str]) -> list[str]:
    """The `names` that differ from `label` in case, blanks, hyphens or underscores only."""
    return sorted(name for name in names if name != label and _folded(name) == _folded(label))


def _folded(label: str) -> str:
    return "".join(label.casefold().replace("_", " ").replace("-", " ").split())
