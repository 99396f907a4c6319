"""What stands in bodies of many pieces: the lines of NDJSON and the messages of event streams.

No operation has one of these as its body, so that the document gets them from here, by name.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from nlu_shared.schemas.events import EVENT, STREAMED
from nlu_shared.schemas.exports import ExportedRow, Pair, ReviewRow
from nlu_shared.schemas.ground_truth import GroundTruthCase, StreamEnd
from nlu_shared.schemas.imports import HistoryLine, LabelledLine, ReviewedLine

COMPONENTS = "#/components/schemas/"


class OfRun(BaseModel):
    """What an event of a stream of several runs has beside its own fields."""

    run_id: UUID = Field(description="the run that says it")


LINE: TypeAdapter[GroundTruthCase | StreamEnd] = TypeAdapter(GroundTruthCase | StreamEnd)
UNIONS: Mapping[str, tuple[TypeAdapter[Any], str]] = {
    "RunEvent": (EVENT, "An event of a run: which one, its `type` says."),
    "GroundTruthLine": (LINE, "A case; the last line says how many there were, and of what."),
}
MODELS: Mapping[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        HistoryLine,
        LabelledLine,
        OfRun,
        Pair,
        ExportedRow,
        ReviewRow,
        ReviewedLine,
    )
}
ID = {
    "RunMessage": "the event's number in its run, from 1",
    "RunsMessage": "the number of the last event read of each run, 0 before the first, joined by"
    " dots in the order of the runs asked for",
}
DATA: Mapping[str, JsonValue] = {
    "RunMessage": {"$ref": f"{COMPONENTS}RunEvent"},
    "RunsMessage": {"allOf": [{"$ref": f"{COMPONENTS}OfRun"}, {"$ref": f"{COMPONENTS}RunEvent"}]},
}
"""By message, what its `data` is as JSON."""


def component(name: str) -> dict[str, Any]:
    """The schema of this name, with those that it refers to, by their names. Raises KeyError."""
    if name in DATA:
        return {name: _message(name)}
    if name in UNIONS:
        adapter, description = UNIONS[name]
        schema = adapter.json_schema(ref_template=COMPONENTS + "{model}")
        inner = schema.pop("$defs", {})
        return {**inner, **_events(inner), name: {**schema, "description": description}}
    schema = MODELS[name].model_json_schema(ref_template=COMPONENTS + "{model}")
    return {**schema.pop("$defs", {}), name: schema}


def _events(named: Mapping[str, Any]) -> dict[str, Any]:
    """The events among these: written with all their fields, and in a stream of several runs with
    one more."""
    return {
        name: {
            **{word: value for word, value in schema.items() if word != "additionalProperties"},
            "required": list(schema.get("properties", {})),
        }
        for name, schema in named.items()
        if name in {model.__name__ for model in STREAMED}
    }


def _message(name: str) -> dict[str, Any]:
    types = [model.model_fields["type"].default for model in STREAMED]
    return {
        "title": name,
        "description": "A message of the stream, whose fields are lines of it. Between messages"
        " stand comments, which begin with a colon.",
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "id": {
                "type": "string",
                "description": f"{ID[name]}: what a reader that comes back sends as Last-Event-ID;"
                " left out where the event is not stored (evaluation_progress, cancel_requested,"
                " run_waits)",
            },
            "event": {
                "type": "string",
                "enum": types,
                "description": "the `type` of the event: an EventSource hears it under this name",
            },
            "data": {
                "type": "string",
                "description": "the event as JSON, on one line",
                "contentMediaType": "application/json",
                "contentSchema": DATA[name],
            },
        },
    }
