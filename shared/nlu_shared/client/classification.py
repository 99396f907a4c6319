"""What a classifier says, in whatever form it says it, as something that can be logged. Pure.

Nothing here raises for what a classifier returned or a caller passed: what cannot be read is None.
"""

import logging
import operator
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, TypeVar
from uuid import UUID, uuid5

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from nlu_shared.schemas.base import PROMPT_LIMIT, Label
from nlu_shared.schemas.predictions import (
    SECONDARY_LIMIT,
    OutcomeIn,
    PredictionIn,
    SecondaryIntent,
)

log = logging.getLogger(__name__)
Fact = TypeVar("Fact", PredictionIn, OutcomeIn)
UNIT: TypeAdapter[str] = TypeAdapter(Label)

OF_UNITS = UUID("6d1c3b52-6f0e-4b7e-9d55-3f1d0b8c2a41")
"""The namespace of units that are no UUID. Never changed: a unit counts once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What a classifier says about one message. `confidence` is from 0 to 1."""

    intent: str
    confidence: float
    secondary_intents: Sequence[SecondaryIntent] = ()
    output: JsonValue = None
    model_version: str | None = None
    prompt_version: str | None = None


NAMES = tuple(field.name for field in fields(Classification))
SECONDARY = ("intent", "confidence")
ASIDE = frozenset(
    {
        "user_id",
        "conversation_id",
        "message_index",
        "model_version",
        "prompt_version",
        "latency_ms",
    }
)
"""What a prediction is logged without, rather than not at all."""


def classification_of(answer: object) -> Classification | None:
    """Reads a Classification, a dict or an object with its names (`predicted_intent` is `intent`),
    or a tuple of its first ones: intent, confidence, secondary intents. None: it is none of these.

    Secondary intents may be dicts or pairs; those that cannot be read are left out.
    """
    try:
        values = _named(answer)
        return Classification(
            intent=values["intent"],
            confidence=number_of(values["confidence"]),
            **{name: values[name] for name in NAMES[3:] if values.get(name) is not None},
            secondary_intents=secondary_of(values.get("secondary_intents")),
        )
    except Exception as error:  # noqa: BLE001 - whatever a classifier may hand back
        log.error("classification not readable error=%s", type(error).__name__)
        return None


def secondary_of(answers: Any) -> tuple[SecondaryIntent, ...]:
    """Secondary intents from dicts, pairs or objects; one that cannot be read is left out."""
    read = []
    for one in answers or ():
        values = dict(zip(SECONDARY, one, strict=False)) if isinstance(one, tuple | list) else one
        if isinstance(values, BaseModel):
            values = values.model_dump()
        if isinstance(values, Mapping) and "confidence" in values:
            values = {**values, "confidence": number_of(values["confidence"])}
        try:
            intent = SecondaryIntent.model_validate(values)
        except ValidationError as error:
            log.error("secondary intent left out fields=%s", ",".join(places_of(error)))
        else:
            read.append(intent)
    return tuple(read)


def number_of(value: Any) -> Any:
    """What other libraries have for a number (float32, Decimal, a text of one) as a float; anything
    else, and a boolean, as it is."""
    try:
        return value if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return value


def index_of(value: Any) -> Any:
    """What other libraries have for a whole number (int64) as one; anything else as it is."""
    try:
        return value if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return value


def unit_of(value: Any) -> str | None:
    """A unit of an experiment as induction takes it; None, with a line of the log, for another."""
    if value is None:
        return None
    try:
        return UNIT.validate_python(str(value))
    except Exception as error:  # noqa: BLE001 - an object that cannot even be written down
        log.warning("unit left out error=%s", type(error).__name__)
        return None


def id_of_unit(unit: str) -> UUID:
    """What a unit is logged as: an id is itself, another name always the same UUID."""
    with suppress(ValueError):
        return UUID(unit)
    return uuid5(OF_UNITS, unit)


def ids_with(
    unit: str | None, user_id: object, conversation_id: object
) -> tuple[object, object, bool]:
    """User and conversation as they are logged, and whether one of them is the unit.

    What is given as the unit is logged as the unit is; where neither is, the unit is the
    conversation if none is given.
    """
    if unit is None:
        return user_id, conversation_id, True
    as_id = id_of_unit(unit)
    user, conversation = (_as(one, unit, as_id) for one in (user_id, conversation_id))
    if as_id not in (user, conversation) and conversation is None:
        conversation = as_id
    return user, conversation, as_id in (user, conversation)


def _as(own_id: object, unit: str, as_id: UUID) -> object:
    with suppress(Exception):
        text = str(own_id)
        return as_id if text == unit or UUID(text) == as_id else own_id
    return own_id


def unread(answer: Any) -> Classification:
    """Stands for an answer that cannot be read whole: the intent where it has one, no confidence,
    and the answer as the output."""
    return Classification(intent=_intent_of(answer), confidence=0.0, output=answer)


def _intent_of(answer: Any) -> str:
    with suppress(Exception):
        intent = answer if isinstance(answer, str) else _named(answer)["intent"]
        return intent if isinstance(intent, str) else ""
    return ""


def prediction_of(
    classification: Classification, *, id: UUID, known: set[str], **values: object
) -> PredictionIn | None:
    """What was classified, with what else is known of it; None where no log would take it.

    A prediction is worth more than what stands beside it: fields of ASIDE that no log takes are
    left out, and what is too long is cut. A line of the log says so once a field: `known` are the
    fields it has been said of.
    """
    whole = {
        "id": id,
        "predicted_intent": classification.intent,
        "confidence": classification.confidence,
        "secondary_intents": list(classification.secondary_intents),
        "output": classification.output,
        "model_version": classification.model_version,
        "prompt_version": classification.prompt_version,
        **values,
    }
    fitting = _fitting(whole)
    for name in sorted(name for name in whole if fitting.get(name) is not whole[name]):
        if name not in known:
            known.add(name)
            log.warning("%s cut or left out of what is logged log_id=%s", name, id)
    return loggable(PredictionIn, id, **fitting)


def loggable(schema: type[Fact], log_id: object, /, **values: object) -> Fact | None:
    """The fact as the log takes it, or None and a line that holds no user text."""
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        places = ",".join(places_of(error))
    except Exception as error:  # noqa: BLE001 - an object that cannot even be looked at
        places = type(error).__name__
    log.error("%s not loggable log_id=%s fields=%s", schema.__name__, log_id, places)
    return None


def places_of(error: ValidationError) -> list[str]:
    """The names of the fields at fault, without their values."""
    return sorted({str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]})


def _fitting(values: Mapping[str, object]) -> dict[str, object]:
    """Values without what a log would refuse beside a prediction."""
    fitting = dict(values)
    text, others = fitting.get("prompt"), fitting["secondary_intents"]
    if isinstance(text, str) and len(text) > PROMPT_LIMIT:
        fitting["prompt"] = text[:PROMPT_LIMIT]
    if isinstance(others, list) and len(others) > SECONDARY_LIMIT:
        fitting["secondary_intents"] = others[:SECONDARY_LIMIT]
    try:
        PredictionIn.model_validate(fitting)
    except ValidationError as error:
        for name in ASIDE.intersection(places_of(error)):
            del fitting[name]
    except Exception:  # noqa: BLE001, S110 - whoever makes the fact says what is wrong
        pass
    return fitting


def _named(answer: object) -> Mapping[str, Any]:
    if isinstance(answer, Mapping):
        named = {str(name): value for name, value in answer.items()}
    elif isinstance(answer, tuple | list):
        named = dict(zip(NAMES, answer, strict=False))
    else:
        names = (*NAMES, "predicted_intent")
        named = {name: getattr(answer, name) for name in names if hasattr(answer, name)}
    return named if "intent" in named else {**named, "intent": named["predicted_intent"]}
