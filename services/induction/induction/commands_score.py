"""`induction score`: the scorer on files, without a server."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from nlu_shared.schemas.prompts import TaskKind

from induction.scoring import wording
from induction.scoring.files import File, Unscorable, read
from induction.scoring.report import report

BELOW, UNSCORABLE = 1, 2


def score(
    *,
    kind: TaskKind,
    truth: Path,
    predictions: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    fail_under: float | None = None,
    cumulative: bool = False,
    explained: bool = False,
) -> None:
    """Scores predictions against their truths, by the scorer of the runs.

    Exits with 1 where the objective is below --fail-under, with 2 where nothing can be scored.

    Parameters
    ----------
    kind
        What the outputs are: labels of intents, or extractions.
    truth
        Rows with `id` and `output` (or `truth`, `label`), `group` and `context` where there is a
        discussion: JSON lines, an array or a table; nlu-logger's stream of ground truth; or the
        original system's export.
    predictions
        Rows with `id` and `output`, in the same forms. Without it the export's own predictions are
        scored.
    as_json
        Print all there is to know as JSON, not a table.
    fail_under
        The objective that has to be reached, 0 to 1: macro-F1 of intents, micro-F1 of extractions.
    cumulative
        Score what each discussion adds up to, in place of each statement; of extractions.
    explained
        Tell also what matched what, and why the rest did not; of extractions.
    """
    try:
        if kind is TaskKind.INTENT and (cumulative or explained):
            raise Unscorable("--cumulative and --explained are for extractions")
        if fail_under is not None and not 0 <= fail_under <= 1:
            raise Unscorable("--fail-under is a score from 0 to 1")
        answers = None if predictions is None else _file(predictions)
        cases, left_out = read(_file(truth), answers, kind)
        scored = report(kind, cases, left_out=left_out, cumulative=cumulative, explained=explained)
    except Unscorable as wrong:
        print(f"induction: {wrong}", file=sys.stderr)
        sys.exit(UNSCORABLE)
    print(scored.model_dump_json() if as_json else "\n".join(wording.as_lines(scored)))
    if fail_under is not None and scored.objective < fail_under:
        sys.exit(BELOW)


def _file(path: Path) -> File:
    try:
        return File(str(path), path.read_bytes())
    except OSError as away:
        raise Unscorable(f"{path}: {away.strerror}") from None
