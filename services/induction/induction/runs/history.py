"""A run's iterations, told from its events. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from nlu_shared.schemas.runs import IterationView


def iterations(
    bodies: Iterable[Mapping[str, Any]], version_ids: Mapping[str, UUID]
) -> list[IterationView]:
    """One entry per proposal, in order: what was changed, why, and what became of it.

    `bodies` are stored events as JSON, `version_ids` the registry's ids by version hash.
    """
    told: list[dict[str, Any]] = []
    for body in bodies:
        kind = body["type"]
        if kind == "prompt_proposed":
            told.append(
                {
                    "n": len(told) + 1,
                    "strategy": body["change"]["strategy"],
                    "rationale": body["change"]["rationale"],
                    "outcome": "open",
                    "version_id": version_ids.get(body["version_hash"]),
                }
            )
        elif kind == "prompt_evaluated" and body["split"] == "validation" and told:
            told[-1]["validation_f1"] = body["objective"]
        elif kind == "change_kept" and told:
            told[-1] |= _effect(body) | {"outcome": "kept"}
        elif kind == "change_rejected":
            if not told or told[-1].get("outcome") != "open":
                told.append({"n": len(told) + 1})
            told[-1] |= _effect(body) | {
                "outcome": f"rejected_at_{body['stage']}",
                "reason": body["reason"],
            }
    return [
        IterationView.model_validate({name: one.get(name) for name in IterationView.model_fields})
        for one in told
    ]


def counted(
    bodies: Iterable[Mapping[str, Any]], version_ids: Mapping[str, UUID], version: UUID | None
) -> dict[str, dict[str, Any] | None]:
    """`components`, `pooled`, `support` and `per_conversation` of a version as last evaluated on
    validation; None where it was not, or where the task has none."""
    found: Mapping[str, Any] = {}
    for body in bodies:
        if (
            body["type"] == "prompt_evaluated"
            and body["split"] == "validation"
            and version is not None
            and version_ids.get(body["version_hash"]) == version
        ):
            found = body
    fields = ("components", "pooled", "support", "per_conversation")
    return {name: found.get(name) or None for name in fields}


def _effect(body: Mapping[str, Any]) -> dict[str, int]:
    return {"fixed": len(body["fixed"]), "broke": len(body["broke"])}
