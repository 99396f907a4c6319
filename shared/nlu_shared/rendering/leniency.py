"""What an answer means that is not, to the letter, what was asked for. Pure, total, linear time.

One rule for whoever measures and whoever runs a prompt:

- An answer that is one JSON object is that object. Else the one whole JSON object that stands in it
  is read (`prose`: words or a fence round it, or more of it cut away).
- An object that was begun and not ended is cut; two objects, or none, are no answer.
- A label is its name. Else it is the one label whose name or alias it equals but for case, blanks,
  underscores, hyphens and quotes (`spelling`).
- A confidence is a number from 0 to 1. Else one from there to 100 is per cent, and both may stand
  in a text or bear the sign (`confidence`). Words are no confidence: which number they mean nobody
  has measured.

All else is a fault, by its cause.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import JsonValue

from nlu_shared.rendering.answers import ModelAnswer, Outcome, is_plain
from nlu_shared.schemas.labels import LABEL_LIMIT, folded

LONGEST_SPELLING = 2 * LABEL_LIMIT
"""Characters; whatever is longer is no label in other letters."""
ROUNDING = 1e-6
"""So far above 1 a number still is 1, and no per cent."""
_MARKS = re.compile(r'["\\{}]')
_NUMBER = re.compile(r"\s{0,9}(\d{1,3}(?:\.\d{0,20})?)\s{0,9}(%?)\s{0,9}", re.ASCII)
_QUOTES = "\"'`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}" + (
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
)


class Leniency(StrEnum):
    """How an answer that counts differs from what was asked for."""

    PROSE = "prose"  # something stands round the object
    SPELLING = "spelling"  # a label's alias, or its name in other letters
    CONFIDENCE = "confidence"  # per cent, or a text


class Fault(StrEnum):
    """Why an answer says nothing usable; beside these the outcomes of a call (`refused`, …)."""

    CUT = "cut"  # an object that does not end
    NO_OBJECT = "no_object"
    SEVERAL_OBJECTS = "several_objects"
    NO_LABEL = "no_label"  # an object without one
    UNKNOWN_LABEL = "unknown_label"  # none of the task's, or nearly two of them
    NO_EXTRACTION = "no_extraction"  # an object of another shape
    NO_MAJORITY = "no_majority"  # of an ensemble: half of its members or more say nothing usable


_WORDS: Mapping[str, str] = {
    Fault.NO_OBJECT: "without a JSON object",
    Fault.SEVERAL_OBJECTS: "with several JSON objects",
    Fault.NO_LABEL: "without a label",
    Fault.UNKNOWN_LABEL: "with a label that is none",
    Fault.NO_EXTRACTION: "of another shape",
    Fault.NO_MAJORITY: "without a majority of an ensemble",
    Leniency.PROSE: "with words round the JSON",
    Leniency.SPELLING: "with another spelling of the label",
    Leniency.CONFIDENCE: "with a confidence in per cent or as a text",
}


class ReadObject(NamedTuple):
    """The object of an answer, or why there is none."""

    fields: dict[str, Any]
    fault: str | None = None
    lenient: tuple[str, ...] = ()


_READABLE = (Outcome.OK, Outcome.CUT, Outcome.MALFORMED)


def read_object(answer: ModelAnswer) -> ReadObject:
    """By the rule above."""
    if answer.outcome not in _READABLE:
        return ReadObject({}, str(answer.outcome))
    whole = _parsed(answer.text)
    if whole is not None:
        return ReadObject(whole)
    begun, objects = False, []
    for text in _braced(answer.text):
        if text is None:
            begun = True
        elif (fields := _parsed(text)) is not None:
            objects.append(fields)
    if len(objects) > 1 or (objects and begun):
        return ReadObject({}, Fault.SEVERAL_OBJECTS)
    if objects:
        return ReadObject(objects[0], lenient=(Leniency.PROSE,))
    is_cut = begun or answer.outcome is Outcome.CUT
    return ReadObject({}, Fault.CUT if is_cut else Fault.NO_OBJECT)


def label_of(
    written: str, labels: Sequence[str], spellings: Mapping[str, str]
) -> tuple[str, bool] | None:
    """The label that is meant, and whether it is written otherwise; None where it is none of them,
    or nearly two.

    labels: what may be answered.
    spellings: from other spellings to the label; also to labels that may not be answered.
    """
    if written in labels:
        return written, False
    label = spellings.get(written)
    if label is None and len(written) <= LONGEST_SPELLING:
        alike = folded(written.strip().strip(_QUOTES))
        known = {name: name for name in labels} | dict(spellings)
        meant = {name for other, name in known.items() if folded(other) == alike}
        label = meant.pop() if len(meant) == 1 else None
    return None if label is None or label not in labels else (label, True)


def confidence_of(value: JsonValue) -> tuple[float | None, bool]:
    """From 0 to 1, and whether it is written otherwise; None where it is no confidence."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None, False
    if not isinstance(value, str) and 0 <= value <= 1:
        return float(value), False
    confidence = _written(value) if isinstance(value, str) else _share(value)
    return confidence, confidence is not None


def by_cause(counts: Mapping[str, int]) -> str:
    """Counts of faults or leniencies as a person reads them, the largest first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {_WORDS.get(cause, cause)}" for cause, count in ordered)


def _written(text: str) -> float | None:
    number = _NUMBER.fullmatch(text)
    if number is None:
        return None
    amount = float(number[1])
    if not number[2]:
        return _share(amount)
    return amount / 100 if amount <= 100 else None


def _share(number: float) -> float | None:
    """What is above 1 is per cent."""
    if 0 <= number <= 1 + ROUNDING:
        return min(float(number), 1.0)
    return number / 100 if 1 < number <= 100 else None


def _parsed(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, if it is one that can be stored."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and is_plain(value) else None


def _braced(text: str) -> Iterator[str | None]:
    """What stands between outermost braces, braces included, in one pass; None at last where the
    text ends within."""
    start = depth = 0
    in_string, escaped = False, -1
    for mark in _MARKS.finditer(text):
        at, sign = mark.start(), mark.group()
        if in_string:
            if at == escaped:
                continue
            if sign == "\\":
                escaped = at + 1
            elif sign == '"':
                in_string = False
        elif sign == "{":
            start = start if depth else at
            depth += 1
        elif depth and sign == '"':
            in_string = True
        elif depth and sign == "}":
            depth -= 1
            if not depth:
                yield text[start : at + 1]
    if depth:
        yield None
