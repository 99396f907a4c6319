"""Coded statements in made-up words, prompts that show them, and what the offline model makes of
a text with such a prompt."""

from typing import Any

from induction.task_kinds.base import ModelAnswer, ModelRequest, Outcome
from induction.task_kinds.extraction import ExtractionTask
from nlu_shared.rendering import render
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.prompts import Example, PromptContent
from offline_model.answers import answer
from offline_model.wire import MessagesRequest

TASK = ExtractionTask()
SLOTS = ("person", "spouse", "child")


def shown(text: str, kind: str | None = None, **fields: Any) -> Example:
    """An example of one event, or of none. Its people are called by name, `bond` is what is said
    of a pair bond of the first two, `before` what was said before."""
    before = fields.pop("before", None)
    bond = fields.pop("bond", None)
    targets = fields.pop("targets", [])
    names = [*dict.fromkeys([*(fields[slot] for slot in SLOTS if slot in fields), *targets])]
    ids = {name: -place for place, name in enumerate(names, 1)}
    links = {name: ids[fields[name]] for name in SLOTS if name in fields}
    event = {"id": -8, "description": text.partition(" ")[2], "kind": kind, **fields, **links}
    if targets:
        event["relationshipTargets"] = [ids[name] for name in targets]
    return Example(
        text=text,
        context=before and Context(before=(Turn(text=before),)),
        output={
            "people": [{"id": number, "name": name} for name, number in ids.items()],
            "events": [event] if kind else [],
            "pair_bonds": []
            if bond is None
            else [{"id": -9, "person_a": -1, "person_b": -2, **bond}],
        },
    )


def messages_request(request: ModelRequest) -> MessagesRequest:
    return MessagesRequest.model_validate(
        {
            "model": request.model,
            "max_tokens": request.max_tokens,
            "system": [{"type": "text", "text": part} for part in request.system],
            "messages": [{"role": "user", "content": request.user}],
            "output_config": {"format": {"type": "json_schema", "schema": request.schema}},
        }
    )


def coded(
    prompt: PromptContent, text: str, *, noise: str | None = None, context: Context | None = None
) -> Extraction:
    request = messages_request(render(prompt, text, context, answers=TASK.answers, model="m"))
    reply = answer(request, lambda kind, _: noise if noise else kind)
    prediction = TASK.parse(ModelAnswer(Outcome.OK, reply))
    assert prediction.fault is None
    return Extraction.model_validate(prediction.output)


def showing(*examples: Example) -> PromptContent:
    return TASK.baseline().model_copy(update={"examples": examples})


def telling(line: str, *examples: Example) -> PromptContent:
    plain = showing(*examples)
    *others, rules = plain.instructions
    extended = rules.model_copy(update={"text": f"{rules.text}\n{line}"})
    return plain.model_copy(update={"instructions": (*others, extended)})


def names(extraction: Extraction) -> dict[int | None, str | None]:
    return {person.id: person.name for person in extraction.people}
