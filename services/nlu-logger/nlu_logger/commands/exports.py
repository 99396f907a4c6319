"""The commands that write training rows, rows to review, and contrastive pairs."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from nlu_shared.kit.options import number
from nlu_shared.kit.whole_files import whole_file
from nlu_shared.schemas.exports import ExportFormat

from nlu_logger.commands.remote import HERE, Key, Url, client, reason_of
from nlu_logger.exports import service as exports
from nlu_logger.exports.folder import lines_of, write_dataset
from nlu_logger.exports.pairs import read_lines
from nlu_logger.exports.service import MOST_DAYS
from nlu_logger.exports.splits import BadSplits, Shares

THRESHOLDS = {"retraining": "min_confidence", "review": "confidence_threshold"}
DAYS = number(
    "The last so many; without it everything.",
    {"type": "integer", "minimum": 1, "maximum": MOST_DAYS},
)
THRESHOLD = number(
    "Retraining takes this and above (0.8), review what is below (0.7).",
    {"type": "number", "minimum": 0, "maximum": 1},
)
PER_TEXT = number(
    "Positives and hard negatives for each text, at most.", {"type": "integer", "minimum": 1}
)
FORMATS = {f".{one.value}": one for one in ExportFormat}


def export(
    *,
    mode: Literal["retraining", "review"] = "retraining",
    days: Annotated[int | None, DAYS] = None,
    output: Path | None = None,
    confidence_threshold: Annotated[float | None, THRESHOLD] = None,
    approved_only: bool = False,
    anonymise: bool = False,
    task: str | None = None,
    format: ExportFormat | None = None,
    splits: str | None = None,
    seed: int = 0,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Writes training rows, or predictions to review, to a file or standard output.

    Parameters
    ----------
    mode
        Rows to train with, or predictions for a person to review.
    output
        Replaced as a whole, or not at all. Its ending (.jsonl, .csv, .json, .parquet) is the
        format. Without it standard output.
    approved_only
        Of the corrections, only those somebody approved.
    anonymise
        Without e-mail addresses, phone numbers and the like; free names are not found.
    task
        Of this task alone; without it of all that the key is for.
    format
        Of what is written, where the ending of the output does not say it.
    splits
        Train/validation/test, as in 80/10/10: the output is a folder for `datasets`.
    seed
        Of the splits: the same again parts the rows in the same way.
    """
    if approved_only and mode != "retraining":
        sys.exit("nlu-logger: --approved-only is for training rows")
    shares = None if splits is None else Shares.read(splits)
    if shares and (mode != "retraining" or format or output is None):
        raise BadSplits("splits are made of training rows and need a folder as --output")
    params = {
        "days": days,
        THRESHOLDS[mode]: confidence_threshold,
        "approved_only": approved_only if mode == "retraining" else None,
        "anonymise": anonymise,
        "task": task,
        "format": format or _format_of(None if shares else output),
    }
    with (
        client(url, key) as http,
        http.stream(
            "GET",
            f"/v1/exports/{mode}",
            params={name: value for name, value in params.items() if value is not None},
        ) as answer,
    ):
        if not answer.is_success:
            sys.exit(f"nlu-logger: {reason_of(answer.read(), answer.status_code)}")
        if left := answer.headers.get("not-found-by-rules"):
            print(f"nlu-logger: rules do not find {left}", file=sys.stderr)
        if shares and output:
            selected = ", ".join(f"{name} {value}" for name, value in params.items() if value)
            rows = lines_of(answer.iter_bytes())
            write_dataset(rows, output, shares, seed=seed, selected=selected)
        elif output is None:
            sys.stdout.buffer.writelines(answer.iter_bytes())
        else:
            with whole_file(output) as file:
                file.writelines(answer.iter_bytes())


def pairs(
    *, input: Path, output: Path, seed: int = 0, per_text: Annotated[int, PER_TEXT] = 2
) -> None:
    """Makes contrastive pairs from an exported training file (JSONL).

    Parameters
    ----------
    input
        The training file.
    output
        Where the pairs go, replaced as a whole.
    seed
        Of what is drawn: the same again makes the same pairs.
    """
    with input.open("rb") as rows, whole_file(output) as file:
        for block in exports.pairs(read_lines(rows), seed=seed, per_text=per_text):
            file.write(block.encode())


def _format_of(output: Path | None) -> ExportFormat:
    return FORMATS.get(output.suffix if output else "", ExportFormat.JSONL)
