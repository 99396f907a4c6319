"""The proposer: one structured change, made from nothing but the meta-prompt. Pure.

It takes the first idea that was not tried yet. It judges no language and reads no score.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from nlu_shared.schemas.base import canonical
from pydantic import ValidationError

from offline_model.ideas import Edit, Idea, ideas
from offline_model.meta import Meta
from offline_model.obedient import obeyed
from offline_model.wire import Refused

Signature = frozenset[str]
NOTHING = Idea("B", "No mistake was shown, so there is nothing to build a change on.", ())


def answer(content: str, schema: Mapping[str, Any], *, obedient: bool = False) -> str:
    """The JSON text of a change. Raises Refused (400) where `content` is no meta-prompt."""
    try:
        meta = Meta.model_validate_json(content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise Refused(
            400, f"messages: not the meta-prompt that was expected, at {where!r}"
        ) from None
    idea = choose(meta, obedient=obedient)
    nullable = _edit_schema(schema).get("required", [])
    edits = [{**dict.fromkeys(nullable), **edit} for edit in idea.edits]
    change = {"strategy": idea.strategy, "rationale": idea.rationale, "edits": edits}
    return json.dumps(change, ensure_ascii=False)


def choose(meta: Meta, *, obedient: bool = False) -> Idea:
    """The first idea not tried; after an invalid answer, which `tried` does not hold, the next.

    When every idea was tried the first comes again: the engine refuses it, and the search ends
    by its own rules.
    """
    tried = {_signature(one.edits) for one in meta.tried}
    known = obeyed(meta, ideas(meta)) if obedient else ideas(meta)
    fresh = (idea for idea in known if _signature(idea.edits) not in tried)
    skipped = 0 if meta.previous_answer_was_invalid is None else 1
    idea = next(islice(fresh, skipped, None), None)
    return idea or next(ideas(meta), NOTHING)


def _signature(edits: Iterable[Edit]) -> Signature:
    """What a change does, whatever the order of its edits."""
    return frozenset(
        canonical({key: value for key, value in edit.items() if value is not None})
        for edit in edits
    )


def _edit_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of one edit: written in place, or a reference into `$defs`."""
    items: Mapping[str, Any] = schema["properties"]["edits"].get("items", {})
    name = str(items.get("$ref", "")).removeprefix("#/$defs/")
    definition: Mapping[str, Any] = schema.get("$defs", {}).get(name, items)
    return definition
