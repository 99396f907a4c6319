"""Coded statements as the original system exports them, as data of the demo.

Statements without an approved coding are only conversation; one that cannot be read is skipped.
"""

import json
from pathlib import Path

from nlu_shared.schemas.exported import RefusedStatement, read_export
from nlu_shared.schemas.prompts import TaskKind
from pydantic import ValidationError

from deploy.demo.data import BadData, DataSet, Row, decoded

UNREADABLE = "not readable as a coding"


def read_discussions(path: Path, *, limit: int | None = None) -> DataSet:
    """The coded statements of a JSON file, or the first `limit`, in their order. Raises BadData."""
    try:
        statements = list(read_export(json.loads(decoded(path))))
    except (ValueError, RecursionError, ValidationError):
        raise BadData(f"{path} is no export of coded discussions") from None
    coded = [one for one in statements if not isinstance(one, RefusedStatement)]
    if not coded:
        raise BadData(f"{path} holds no statement with an approved coding")
    rows = {
        one.text: Row(
            one.text,
            one.truth.model_dump(mode="json", exclude_defaults=True),
            f"discussion-{one.discussion}",
        )
        for one in coded
    }
    refused = len(statements) - len(coded)
    return DataSet(
        path.stem,
        tuple(rows.values())[:limit],
        {UNREADABLE: refused} if refused else {},
        TaskKind.EXTRACTION,
    )
