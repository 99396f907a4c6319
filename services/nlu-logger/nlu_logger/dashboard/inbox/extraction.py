"""An extraction as rows of a form, and a form as an extraction. Pure.

Fields are named `people.0.name`. Ids are links within one extraction, so that a row keeps its own
and a new one has an id of its own from the start.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlu_shared.schemas.extraction import (
    DateCertainty,
    Direction,
    EventKind,
    Extraction,
    Gender,
    Relationship,
)
from pydantic import JsonValue, ValidationError

NAME = re.compile(r"(people|events|pair_bonds)\.(\d{1,4})\.([A-Za-z_]{1,30})")
SPARE = {"people": 2, "events": 1, "pair_bonds": 1}
"""Empty rows that are there without a script."""
WHOLE = re.compile(r"-?\d{1,9}")
PERSON, BOND = "person", "bond"
Row = dict[str, Any]


class NoExtraction(ValueError):
    """What a form holds is none; the message says where, in words."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a row: free text without `choices`; `several`: more than one may be chosen; what
    `is_rare` is folded while it is empty."""

    name: str
    title: str
    choices: tuple[str, ...] | str | None = None
    several: bool = False
    is_rare: bool = False


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "people": (
        Field("name", "Name"),
        Field("last_name", "Last name"),
        Field("gender", "Gender", tuple(Gender)),
        Field("parents", "Child of", BOND),
    ),
    "events": (
        Field("kind", "Kind", tuple(EventKind)),
        Field("person", "Person", PERSON),
        Field("spouse", "Spouse", PERSON, is_rare=True),
        Field("child", "Child", PERSON, is_rare=True),
        Field("description", "Description"),
        Field("dateTime", "Date"),
        Field("endDateTime", "Until", is_rare=True),
        Field("dateCertainty", "Date is", tuple(DateCertainty), is_rare=True),
        Field("symptom", "Symptom", tuple(Direction)),
        Field("anxiety", "Anxiety", tuple(Direction)),
        Field("functioning", "Functioning", tuple(Direction)),
        Field("relationship", "Relationship", tuple(Relationship)),
        Field("relationshipTargets", "Towards", PERSON, several=True),
        Field("relationshipTriangles", "Triangle with", PERSON, several=True, is_rare=True),
        Field("location", "Place", is_rare=True),
        Field("notes", "Notes", is_rare=True),
    ),
    "pair_bonds": (
        Field("person_a", "One", PERSON),
        Field("person_b", "The other", PERSON),
        Field("married", "Married", ("true", "false")),
    ),
}
TITLES = {"people": "People", "events": "Events and codes", "pair_bonds": "Pair bonds"}
ONE = {"people": "person", "events": "event", "pair_bonds": "pair bond"}
HIDDEN = ("id", "confidence")


@dataclass(frozen=True, slots=True)
class ExtractionForm:
    """What the form shows: rows by kind, the names behind ids, and what the model proposed."""

    rows: Mapping[str, Sequence[Row]]
    people: Mapping[str, str]
    bonds: Mapping[str, str]
    proposed: Mapping[str, Mapping[str, Row]]
    delete: str

    def was(self, kind: str, row: Row, name: str) -> Any:
        """What the model proposed for a field of a row; None for a row that is not its."""
        before = self.proposed[kind].get(str(row["id"]))
        return None if before is None else before.get(name, "")


def proposal_of(output: JsonValue) -> Extraction | None:
    """None for what is no extraction."""
    if not isinstance(output, dict) or not output.keys() & FIELDS.keys():
        return None
    try:
        return Extraction.model_validate(output)
    except ValidationError:
        return None


def form_for(proposed: Extraction, filled: "FilledRows | None" = None) -> ExtractionForm:
    """A form that is filled in with the proposal, or with what somebody has given so far."""
    before = _rows(proposed)
    rows = {kind: list(some) for kind, some in (before if filled is None else filled.rows).items()}
    spare = min([0, *(int(row["id"]) for some in rows.values() for row in some)])
    for kind, count in SPARE.items():
        for _ in range(count):
            spare -= 1
            rows[kind].append({"id": str(spare)})
    return ExtractionForm(
        rows=rows,
        people=_people(rows),
        bonds=_bonds(rows),
        proposed={kind: {row["id"]: row for row in some} for kind, some in before.items()},
        delete=" ".join(map(str, proposed.delete) if filled is None else filled.delete),
    )


@dataclass(frozen=True, slots=True)
class FilledRows:
    """What a form gives, as texts; rows in which only the id stands are left out."""

    rows: Mapping[str, Sequence[Row]]
    delete: Sequence[str]


def refilled(proposed: Extraction, corrected: Extraction) -> FilledRows:
    """A form as it was when it said `corrected`: what is missing there was taken out."""
    rows = {}
    for kind, kept in _rows(corrected).items():
        ids = {row["id"] for row in kept}
        gone = [row | {"gone": "yes"} for row in _rows(proposed)[kind] if row["id"] not in ids]
        rows[kind] = [*kept, *gone]
    return FilledRows(rows, [str(one) for one in corrected.delete])


def filled(fields: Iterable[tuple[str, str]]) -> FilledRows:
    rows: dict[str, dict[int, Row]] = {kind: defaultdict(dict) for kind in FIELDS}
    delete: list[str] = []
    several = {one.name for one in FIELDS["events"] if one.several}
    for name, value in fields:
        if name == "delete":
            delete = value.replace(",", " ").split()
        named = NAME.fullmatch(name)
        if named is None or not value.strip():
            continue
        row = rows[named[1]][int(named[2])]
        if named[3] in several:
            row.setdefault(named[3], []).append(value)
        else:
            row[named[3]] = value
    kept = {
        kind: [row for _, row in sorted(some.items()) if _is_filled(row)]
        for kind, some in rows.items()
    }
    return FilledRows(kept, delete)


def read(filled_rows: FilledRows) -> Extraction:
    """What a form says. Raises NoExtraction, which says where it cannot be taken."""
    kept: dict[str, Any] = {
        kind: [_typed(row) for row in some if "gone" not in row]
        for kind, some in filled_rows.rows.items()
    }
    try:
        return Extraction.model_validate({**kept, "delete": filled_rows.delete})
    except ValidationError as wrong:
        raise NoExtraction(_where(wrong)) from None


def plain(extraction: Extraction) -> dict[str, JsonValue]:
    """As JSON, without what is empty."""
    kept: dict[str, JsonValue] = {kind: [] for kind in FIELDS}
    return kept | extraction.model_dump(mode="json", exclude_defaults=True)


def differences(proposed: Extraction, corrected: Extraction) -> list[str]:
    """What was changed, a line each, in words."""
    lines = []
    old, new = _rows(proposed), _rows(corrected)
    names = _people(new) | _people(old)
    for kind in FIELDS:
        before = {row["id"]: row for row in old[kind]}
        after = {row["id"]: row for row in new[kind]}
        for one in [*after, *(one for one in before if one not in after)]:
            title = f"{ONE[kind]} {_title(kind, after.get(one) or before[one], names)}"
            if one not in before:
                lines.append(f"{title}: added")
            elif one not in after:
                lines.append(f"{title}: removed")
            else:
                lines += [
                    f"{title}: {field.title.lower()} {_words(before[one], field, names)} → "
                    f"{_words(after[one], field, names)}"
                    for field in FIELDS[kind]
                    if before[one].get(field.name, "") != after[one].get(field.name, "")
                ]
    return lines


def _rows(extraction: Extraction) -> dict[str, list[Row]]:
    """Values as a form has them: texts, and lists of texts."""
    dumped = extraction.model_dump(mode="json", exclude_defaults=True)
    taken = [row["id"] for kind in FIELDS for row in dumped.get(kind, []) if "id" in row]
    spare = min([0, *taken])
    rows: dict[str, list[Row]] = {}
    for kind in FIELDS:
        rows[kind] = []
        for row in dumped.get(kind, []):
            if "id" not in row:
                spare -= 1
                row = {"id": spare, **row}
            rows[kind].append({name: _text(value) for name, value in row.items()})
    return rows


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(row: Row) -> Row:
    typed = dict(row)
    if "married" in typed:
        typed["married"] = {"true": True, "false": False}.get(typed["married"], typed["married"])
    return typed


def _is_filled(row: Row) -> bool:
    return WHOLE.fullmatch(row.get("id", "")) is not None and bool(row.keys() - set(HIDDEN))


def _people(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """By id; who is linked to and not in the rows is known from before."""
    linked = {
        one
        for kind in ("events", "pair_bonds")
        for row in rows[kind]
        for field in FIELDS[kind]
        if field.choices == PERSON
        for one in _many(row.get(field.name))
    }
    named = {row["id"]: _name(row) or f"person {n}" for n, row in enumerate(rows["people"], 1)}
    return named | {one: f"known person {one}" for one in sorted(linked - named.keys())}


def _bonds(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    people = _people(rows)
    named = {
        row["id"]: _title("pair_bonds", row, people) or f"pair bond {n}"
        for n, row in enumerate(rows["pair_bonds"], 1)
    }
    linked = {row["parents"] for row in rows["people"] if "parents" in row}
    return named | {one: f"known pair bond {one}" for one in sorted(linked - named.keys())}


def _name(row: Row) -> str:
    names = [row[name] for name in ("name", "last_name") if row.get(name)]
    return " ".join(names)


def _title(kind: str, row: Row, people: Mapping[str, str]) -> str:
    if kind == "people":
        return _name(row) or "without a name"
    if kind == "events":
        about = people.get(row.get("person") or row.get("child") or "", "")
        return " ".join(filter(None, (row.get("kind", "new event"), about and f"of {about}")))
    both = [people.get(row.get(side, ""), "") for side in ("person_a", "person_b")]
    return " and ".join(filter(None, both))


def _words(row: Row, field: Field, people: Mapping[str, str]) -> str:
    values = _many(row.get(field.name))
    if field.choices == PERSON:
        values = [people.get(one, one) for one in values]
    return ", ".join(values) or "nothing"


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _where(wrong: ValidationError) -> str:
    for kind, *rest in (error["loc"] for error in wrong.errors()):
        if kind in FIELDS and len(rest) > 1:
            titles = {one.name: one.title for one in FIELDS[str(kind)]}
            what = titles.get(str(rest[1]), "something").lower()
            return f"In {ONE[str(kind)]} {int(rest[0]) + 1}: {what} is missing or cannot be taken."
    return "What was known from before is taken out by its number: whole numbers only."
