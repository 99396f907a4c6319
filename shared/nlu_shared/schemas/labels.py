"""The label set of a task: what a truth may be. It is kept where ground truth is kept; predictions
may carry anything."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any
from unicodedata import normalize

from pydantic import BeforeValidator, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

from nlu_shared.schemas.base import Body, Moment, Note, SafeText, Schema, Slug
from nlu_shared.schemas.written import UNSEEN, UNSTORABLE, written_list

LABEL_LIMIT = 200
"""Longest label, in characters."""
A_LABEL = f"one label, of 1 to {LABEL_LIMIT} characters, neither blank nor . or .."


_NOTHING = frozenset({"nan", "null", "\\n", "#n/a", "{}", "{ }"})
"""What other programs write into a cell where nothing is, in small letters."""


_STEPS = frozenset({".", ".."})


class NoLabel(ValueError):
    """What was given is no label: the message says why and never repeats it; `code` is for
    programs."""

    def __init__(self, why: str, code: str = "no_label") -> None:
        super().__init__(why)
        self.code = code


class SeveralLabels(NoLabel):
    """More than one label stands there."""


def normal_label(text: str) -> str:
    """One spelling of a label: NFC, a single blank between words, none around. Raises NoLabel."""
    if len(text) > LABEL_LIMIT:
        raise NoLabel(f"a label has at most {LABEL_LIMIT} characters", "label_too_long")
    spelled = spelling(text)
    if not spelled:
        raise NoLabel("a label is not blank")
    if spelled in _STEPS:
        raise NoLabel("a label is not . or .., which a path steps over")
    return spelled


def spelling(text: str) -> str:
    """NFC, a single blank between words, none around, nothing that no reader sees: what is left may
    be empty."""
    return " ".join(normalize("NFC", text).translate(UNSEEN).split())


def read_label(value: JsonValue) -> str | None:
    """The one reading of an intent's truth, for every door: None where nothing was labelled.

    A list of one is its element, also where the list stands as text, in JSON or as Python writes
    it; None, NaN, an empty list and blank text are no label, nor is what other programs write for
    nothing ("NaN", "null", "\\N", "{}"); a whole number is its digits. Raises SeveralLabels, and
    NoLabel for other numbers, booleans and objects.
    """
    original = value
    while isinstance(value := written_list(value), list):
        if len(value) > 1:
            raise SeveralLabels("several labels for one text: an intent has one", "several_labels")
        value = value[0] if value else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        raise NoLabel("true and false are no labels")
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return normal_label(str(int(value)))
    if not isinstance(value, str):
        raise NoLabel("a label is text")
    if value is not original and UNSTORABLE.search(value):
        raise NoLabel("a label is text without NUL and lone surrogates")
    # What is too long for a label is not spelled out: to order its marks could take for ever.
    plain = spelling(value) if len(value) <= LABEL_LIMIT else value.strip()
    return normal_label(value) if plain and plain.casefold() not in _NOTHING else None


def read_truth(value: JsonValue) -> JsonValue:
    """The one reading of any truth: an object (of an extraction) as it is, else `read_label`.

    None where nothing was labelled. Raises NoLabel.
    """
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else read_label(value)


def _a_label(value: Any) -> str:
    try:
        label = read_label(value)
        if label is None:
            raise NoLabel("a label is not blank")
    except NoLabel as wrong:
        raise PydanticCustomError(wrong.code, A_LABEL) from None
    return label


def _spelled(value: Any) -> Any:
    """What is no text is left to be refused as such: labels are defined by their names."""
    return _a_label(value) if isinstance(value, str) else value


def _label_if_given(value: Any) -> str | None:
    return None if value is None else _a_label(value)


def _label_or_none(value: Any) -> str | None:
    return None if _is_empty(value) else _a_label(value)


def _is_empty(value: Any) -> bool:
    try:
        return read_label(value) is None
    except NoLabel:
        return False


TruthLabel = Annotated[
    SafeText,
    StringConstraints(min_length=1, max_length=LABEL_LIMIT),
    BeforeValidator(_spelled),
]
"""A label as a person defines it, a text: normalised on the way in."""
GivenTruth = Annotated[TruthLabel | None, BeforeValidator(_label_if_given)]
"""A truth as a person gives it, by `read_label`; None where it is left out."""
LabelCell = Annotated[TruthLabel | None, BeforeValidator(_label_or_none)]
"""A label of a file's row; None where the row says nothing."""
AllowNew = Annotated[
    bool,
    Field(description="adds a label that the task's set lacks to the set, on purpose"),
]


class LabelSpec(Body):
    """A label of a task, and what people and the prompt know of it."""

    name: TruthLabel = Field(description="as in truths and answers")
    description: Note = Field(default="", description="what falls under it")
    aliases: tuple[TruthLabel, ...] = Field(
        default=(), max_length=100, description="other spellings that are read as this label"
    )
    retired: bool = Field(default=False, description="stands in old truths; no new one takes it")


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


GivenLabel = Annotated[
    LabelSpec, BeforeValidator(_named, json_schema_input_type=TruthLabel | LabelSpec)
]
"""A label as a person defines it: its name alone, or with what is known of it."""


class LabelWarning(Schema):
    """A label that another one of its task nearly is: probably one label in two spellings."""

    label: str = Field(description="the one that was given")
    like: tuple[str, ...] = Field(
        description="the task's labels that differ in case, blanks, hyphens or underscores only"
    )
    detail: str = Field(
        default=(
            "If they are one label, rename one to the other:"
            " POST /v1/tasks/{slug}/labels/{label}/rename. It changes history too."
        ),
        description="the way out",
    )


class LabelSet(Schema):
    """The labels of a task as of one version."""

    task: Slug = Field(description="whose labels they are")
    version: int = Field(ge=0, description="0: nobody has defined it, any truth is taken")
    labels: tuple[LabelSpec, ...] = Field(description="in the order they were given")
    warnings: tuple[LabelWarning, ...] = Field(
        default=(), description="labels that are nearly another one"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """What a new truth may be."""
        return tuple(label.name for label in self.labels if not label.retired)

    @property
    def spellings(self) -> Mapping[str, str]:
        """From each alias and name to the label's name, retired ones included."""
        return spellings(self.labels)


class LabelSetIn(Body):
    """The whole set as it shall be."""

    labels: tuple[GivenLabel, ...] = Field(
        min_length=1, max_length=1_000, description="all of them, in order; a name or more"
    )
    replaces: int | None = Field(
        default=None, ge=0, description="the version it was made from; another one by now is a 409"
    )


class LabelRename(Body):
    """What a label is called from now on, in history too."""

    to: TruthLabel = Field(description="the name from now on; a label that exists is merged into")


class LabelRenamed(Schema):
    """What a rename changed."""

    version: int = Field(description="of the label set after it")
    cases: int = Field(description="approved cases that carry the new name")
    corrections: int = Field(description="corrections that do")
    conflicts_ended: int = Field(
        default=0, description="open conflicts whose two truths are one label now"
    )


class LabelSetVersion(Schema):
    """One version of a task's label set: who made it, and when."""

    version: int = Field(description="`version` of the label set reads it as it was")
    labels: int = Field(description="how many labels it has, retired ones too")
    made_by: str = Field(description="subject of who made it")
    made_at: Moment = Field(description="when that was")


def spellings(labels: Iterable[LabelSpec]) -> dict[str, str]:
    """From each alias and name to the label's name, retired ones included."""
    return {written: one.name for one in labels for written in (*one.aliases, one.name)}


def like(label: str, names: Collection[str]) -> list[str]:
    """The `names` that differ from `label` in case, blanks, hyphens or underscores only."""
    mine = folded(label)
    return sorted(name for name in names if name != label and folded(name) == mine)


def alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The labels that differ from one another in case, blanks, hyphens or underscores only, those
    of one kind together, by name."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for name in names:
        kinds[folded(name)].add(name)
    return sorted(tuple(sorted(kind)) for kind in kinds.values() if len(kind) > 1)


def nearly_one(names: Iterable[str]) -> list[str]:
    """The same in words, with the way out."""
    return [
        f"{', '.join(kind)} are nearly one label and count as {len(kind)}: if they are one, rename"
        " the others to it, over history too (nlu-logger labels rename)"
        for kind in alike(names)
    ]


@lru_cache(maxsize=10_000)
def folded(label: str) -> str:
    """Equal for labels that differ in case, blanks, hyphens or underscores only."""
    return "".join(label.casefold().replace("_", " ").replace("-", " ").split())
