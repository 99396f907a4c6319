"""Discussions as the original system exports them, read as cases of the extraction task.

Every new item of a discussion gets a number of its own: negative in the statement that brings it,
the same without the sign once it is known. So ids hold through the discussion, whatever the export
did, and a positive id always is an item that stands in the statement's context.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from nlu_shared.schemas.base import Schema, Slug
from nlu_shared.schemas.discussions import cumulated, ids_of, linked, renumbered
from nlu_shared.schemas.extraction import Event, Extraction, PairBond, Person
from nlu_shared.schemas.ground_truth import MOST_TURNS, Context, GroundTruthIn, Turn


class _Lenient(BaseModel):
    """A part of the foreign export: what it says beyond this is left aside."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ExportedFeedback(_Lenient):
    auditor_id: str | None = None
    edited_extraction: dict[str, JsonValue] | None = None
    approved: bool = False


class ExportedStatement(_Lenient):
    id: int | str
    text: str | None = None
    speaker_type: str | None = None
    pdp_deltas: dict[str, JsonValue] | None = None
    approved_feedback: ExportedFeedback | None = None


class ExportedHead(_Lenient):
    id: int | str


class ExportedDiscussion(_Lenient):
    """One discussion as the original system exports it."""

    discussion: ExportedHead
    statements: tuple[ExportedStatement, ...]


@dataclass(frozen=True, slots=True)
class CodedStatement:
    """A statement with its approved extraction, what stands before it, and what the original
    system itself had `predicted`, where that can be read."""

    discussion: str
    statement: str
    text: str
    context: Context
    truth: Extraction
    predicted: Extraction | None

    @property
    def group(self) -> str:
        return f"discussion-{self.discussion}"

    def as_ground_truth(self, task: Slug, *, may_quote: bool | None) -> GroundTruthIn:
        """The case to send to nlu-logger; cases of one discussion are one group."""
        return GroundTruthIn(
            task=task,
            text=self.text,
            context=self.context,
            truth=self.truth.model_dump(mode="json", exclude_defaults=True),
            group=self.group,
            may_quote=may_quote,
        )


@dataclass(frozen=True, slots=True)
class RefusedStatement:
    """An approved statement that cannot become a case, and the first reason why."""

    discussion: str
    statement: str
    reason: str


def read_export(export: JsonValue) -> Iterator[CodedStatement | RefusedStatement]:
    """The approved statements of an export (one discussion, or a list of them), in its order.

    Fields that this data model does not know are left aside; values it does not know refuse
    the statement. Statements without an approved extraction are only conversation. Where ids
    start again with each statement nothing links to an earlier one, and no item is known. Raises
    ValidationError where the whole is not such an export.
    """
    for one in export if isinstance(export, list) else [export]:
        yield from _coded(ExportedDiscussion.model_validate(one))


@dataclass(slots=True)
class _Numbers:
    """What each exported id of a discussion is called; `last` is the highest number given."""

    hold: bool
    last: int
    known: dict[int, int] = field(default_factory=dict)

    def of(self, truth: Extraction) -> dict[int, int]:
        """For one statement: known items by their positive number, new ones by a negative one."""
        named = dict(self.known) if self.hold else {}
        for old in ids_of(truth):
            if old < 0 and old not in named:
                self.last += 1
                named[old] = -self.last
        if self.hold:
            self.known = {old: abs(new) for old, new in named.items()}
        return named


def _coded(exported: ExportedDiscussion) -> Iterator[CodedStatement | RefusedStatement]:
    discussion = str(exported.discussion.id)
    read = [(one, _approved(one)) for one in exported.statements]
    truths = [truth for _, truth in read if isinstance(truth, Extraction)]
    context_ids = (abs(one) for truth in truths for one in ids_of(truth) if one > 0)
    numbers = _Numbers(hold=_ids_hold(truths), last=max(context_ids, default=0))
    before: list[Turn] = []
    known = Extraction()
    for one, truth in read:
        statement = str(one.id)
        if isinstance(truth, str):
            yield RefusedStatement(discussion, statement, truth)
        elif truth is not None:
            ids = numbers.of(truth)
            truth = renumbered(truth, ids)
            predicted = _read(one.pdp_deltas) if one.pdp_deltas is not None else None
            yield CodedStatement(
                discussion,
                statement,
                one.text or "",
                Context(before=tuple(before[-MOST_TURNS:]), known=_short(known)),
                truth,
                renumbered(predicted, ids) if isinstance(predicted, Extraction) else None,
            )
            if numbers.hold:
                positive = {one: abs(one) for one in ids_of(truth)}
                known = cumulated([known, renumbered(truth, positive)])
        try:
            before.append(Turn(speaker=one.speaker_type or None, text=one.text or ""))
        except ValidationError:
            continue  # nothing was said, or nothing that a text can be


def _approved(statement: ExportedStatement) -> Extraction | str | None:
    feedback = statement.approved_feedback
    if feedback is None or not feedback.approved or feedback.edited_extraction is None:
        return None
    truth = _read(feedback.edited_extraction)
    return "no text" if isinstance(truth, Extraction) and not statement.text else truth


def _ids_hold(truths: Sequence[Extraction]) -> bool:
    """Does each id stand for one item through the discussion?

    It does where a statement links to an item of an earlier one, and where no two statements give
    one id to people of different names, events of different kinds, or different sorts of item.
    """
    meant: dict[int, tuple[str, str | None]] = {}
    clash = False
    for truth in truths:
        meanings: list[tuple[int | None, tuple[str, str | None]]] = [
            *((one.id, ("person", one.name)) for one in truth.people),
            *((one.id, ("event", one.kind)) for one in truth.events),
            *((one.id, ("pair bond", None)) for one in truth.pair_bonds),
        ]
        own = {number for number, _ in meanings}
        if any(link < 0 and link in meant and link not in own for link in linked(truth)):
            return True
        for number, meaning in meanings:
            clash |= number is not None and meant.setdefault(number, meaning) != meaning
    return not clash


def _short(known: Extraction) -> JsonValue:
    fields: JsonValue = known.model_dump(mode="json", exclude_defaults=True)
    return fields or None


def _read(exported: dict[str, JsonValue]) -> Extraction | str:
    """The extraction, or the place and the reason where it fails."""
    parts: dict[Literal["people", "events", "pair_bonds"], type[Schema]] = {
        "people": Person,
        "events": Event,
        "pair_bonds": PairBond,
    }
    known: dict[str, Any] = {"delete": exported.get("delete")}
    for part, model in parts.items():
        items = exported.get(part) or []
        known[part] = [_known(item, model) for item in items] if isinstance(items, list) else items
    try:
        return Extraction.model_validate(known)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _known(item: JsonValue, model: type[Schema]) -> JsonValue:
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if name in model.model_fields}
