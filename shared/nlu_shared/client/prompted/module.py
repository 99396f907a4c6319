"""A prompt read from an exported `prompts.py`, without running it."""

import ast
from typing import Any

from nlu_shared.client.prompted.served import ServedPrompt, Whence
from nlu_shared.rendering import AnswerSpace
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.rendered import RenderedPrompt

NAMES = ("PROMPT_METADATA", "SYSTEM_PARTS", "RESPONSE_SCHEMA", "MAX_TOKENS")


def served_of(text: str) -> ServedPrompt:
    """Raises ValueError for a text that is no export, or is not what its metadata says."""
    constants: dict[str, Any] = {}
    for node in ast.parse(text.removeprefix("\ufeff")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in NAMES:
                constants[name] = ast.literal_eval(value)
    if constants.keys() < set(NAMES):
        raise ValueError("not an exported prompts.py")
    metadata, system, schema, most = (constants[name] for name in NAMES)
    rendered_hash = digest([system, schema, most])
    if rendered_hash != metadata["rendered_hash"]:
        raise ValueError("its request is not the one that was exported")
    return ServedPrompt(
        task=metadata["task"],
        version=metadata["version_id"],
        answers=AnswerSpace(
            TaskKind(metadata["kind"]), tuple(metadata["labels"]), metadata.get("spellings", {})
        ),
        rendered=RenderedPrompt(
            system=tuple(system),
            response_schema=schema,
            max_tokens=most,
            rendered_hash=rendered_hash,
        ),
        model=metadata.get("model"),
        whence=Whence.BUNDLED,
    )
