"""A prompt read from an exported `prompts.py`, without running it."""

import ast
from typing import Any

from nlu_shared.client.prompted.served import ServedPrompt, Whence
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.endpoints import ModelEndpoint
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.rendered import RenderedPrompt, RenderedRetrieval

NAMES = ("PROMPT_METADATA", "SYSTEM_PARTS", "RESPONSE_SCHEMA", "MAX_TOKENS")
OF_A_BANK = ("SELECTOR", "RETRIEVAL", "BANK_LINES")
"""What a module has beside these where it chooses examples; its selector is ours, by its name."""


def served_of(text: str) -> ServedPrompt:
    """Raises ValueError for a text that is no export, or is not what its metadata says."""
    constants: dict[str, Any] = {}
    for node in ast.parse(text.removeprefix("\ufeff")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in (
                *NAMES,
                *OF_A_BANK,
            ):
                constants[name] = ast.literal_eval(value)
    if constants.keys() < set(NAMES):
        raise ValueError("not an exported prompts.py")
    metadata, system, schema, most = (constants[name] for name in NAMES)
    form = RenderedPrompt.of(tuple(system), schema, most, _retrieval(constants))
    if form.rendered_hash != metadata["rendered_hash"]:
        raise ValueError("its request is not the one that was exported")
    endpoint = metadata.get("endpoint")
    return ServedPrompt(
        task=metadata["task"],
        version=metadata["version_id"],
        answers=AnswerSpace(
            TaskKind(metadata["kind"]), tuple(metadata["labels"]), metadata.get("spellings", {})
        ),
        forms=(form,),
        model=metadata.get("model"),
        endpoint=None if endpoint is None else ModelEndpoint.model_validate(endpoint),
        made_on=(metadata.get("made_on") or {}).get("provider"),
        whence=Whence.BUNDLED,
    )


def _retrieval(constants: dict[str, Any]) -> RenderedRetrieval | None:
    if "BANK_LINES" not in constants:
        return None
    selector, settings, lines = (constants[name] for name in OF_A_BANK)
    return RenderedRetrieval(selector=selector, **settings, lines=tuple(lines))
