"""`induction score`: the ruler on a file, without a server. What it prints is JSON."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.exported import CodedStatement, read_export
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.ground_truth import Context

from induction.tasks.base import Prediction, Score
from induction.tasks.extraction import ExtractionTask, explain
from induction.tasks.extraction.discussion import Statement, whole
from induction.tasks.extraction.match import match
from induction.tasks.extraction.sides import Side


class Scored(Schema):
    """One line of NDJSON: a case as nlu-logger exports it, and what was `predicted` of it."""

    text: str = ""
    group: str | None = None
    context: Context | None = None
    truth: Extraction
    predicted: Extraction


def score(file: Path, *, cumulative: bool = False, explained: bool = False) -> None:
    """Scores extractions by the ruler of the extraction task, and prints JSON.

    Parameters
    ----------
    file
        The original system's export (its own predictions are scored), or lines of NDJSON with
        `truth` and `predicted`, and `group` and `context` where there is a discussion.
    cumulative
        Score what each discussion adds up to, in place of each statement.
    explained
        Tell also what matched what, and why the rest did not.
    """
    try:
        said, left_out = _read(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # ValidationError is a ValueError
        sys.exit(f"induction: {file} holds no extractions to score")
    cases = whole(said) if cumulative else [(one.truth, one.predicted) for one in said]
    if not cases:
        sys.exit(f"induction: {file}: none of {left_out} approved statements has a prediction")
    found = ExtractionTask().score(
        [truth.model_dump(mode="json") for truth, _ in cases],
        [Prediction(output=predicted.model_dump(mode="json")) for _, predicted in cases],
    )
    told = _told(found) | {"cases_left_out": left_out}
    if explained:
        told["explained"] = [_explained(truth, predicted) for truth, predicted in cases]
    print(json.dumps(told, indent=2, ensure_ascii=False))


def _read(text: str) -> tuple[list[Statement], int]:
    """What can be scored, and how many approved statements cannot: unreadable, or not predicted."""
    try:
        coded = list(read_export(json.loads(text)))
    except ValueError:  # ValidationError is one
        return list(_lines(text)), 0
    said = [
        Statement(one.group, one.context, one.truth, one.predicted)
        for one in coded
        if isinstance(one, CodedStatement) and one.predicted is not None
    ]
    return said, len(coded) - len(said)


def _lines(text: str) -> Iterator[Statement]:
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        one = Scored.model_validate_json(line)
        yield Statement(one.group or str(number), one.context, one.truth, one.predicted)


def _told(found: Score) -> dict[str, Any]:
    return {
        "objective": found.objective,
        "cases": found.cases,
        "components": dict(found.components),
        "pooled": {name: list(counts) for name, counts in found.pooled.items()},
        "carried": dict(found.carried),
    }


def _explained(truth: Extraction, predicted: Extraction) -> dict[str, Any]:
    found = match(Side(truth), Side(predicted))
    return {
        "pairs": [
            {
                "entity": pair.entity,
                "truth": pair.truth.id,
                "predicted": pair.predicted.id,
                "similarity": round(pair.similarity, 3),
            }
            for pair in explain.pairs(found)
        ],
        "misses": [
            {
                "entity": miss.entity,
                "side": "predicted" if miss.is_extra else "truth",
                "id": miss.item.id,
                "nearest": None if miss.nearest is None else miss.nearest.id,
                "failed": list(miss.failed),
            }
            for miss in explain.misses(found)
        ],
    }
