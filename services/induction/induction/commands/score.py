"""`induction score`: the scorer on files, without a server."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from nlu_shared.schemas.migration import MARGIN, MOST_MARGIN
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.scores import Against, ScoreReport

from induction.scoring import wording
from induction.scoring.against import compared, regressed
from induction.scoring.files import File, Unscorable, ids_of, read
from induction.scoring.report import report

FAILED, UNKNOWN = 1, 2


def score(
    *,
    kind: TaskKind,
    truth: Path,
    predictions: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    fail_under: float | None = None,
    cumulative: bool = False,
    explained: bool = False,
    against: Path | None = None,
    margin: float = MARGIN,
    no_regression: Path | None = None,
) -> None:
    """Scores predictions against their truths, by the scorer of the runs.

    Exits with 1 where the objective is below --fail-under, a case of --no-regression is not right,
    or the predictions are worse than those of --against; else with 2 where that cannot be told;
    with 2 also where nothing can be scored.

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
    against
        Other predictions of the same truths, in the same forms: are these better, equal, worse, or
        are the cases too few to tell? Then it says how many more would.
    margin
        The loss against the others that is still called equal, a number from 0 to 0.2; with 0 only
        the very same answers are.
    no_regression
        A file with the ids of cases that have to be right, one a line or as rows with `id`.
    """
    try:
        if kind is TaskKind.INTENT and (cumulative or explained):
            raise Unscorable("--cumulative and --explained are for extractions")
        if fail_under is not None and not 0 <= fail_under <= 1:
            raise Unscorable("--fail-under is a score from 0 to 1")
        if not 0 <= margin <= MOST_MARGIN:
            raise Unscorable(f"--margin is a loss from 0 to {MOST_MARGIN}")
        if against is not None and predictions is None:
            raise Unscorable("--against compares --predictions: name them")
        truths, answers = _file(truth), None if predictions is None else _file(predictions)
        cases, left_out = read(truths, answers, kind)
        scored = report(kind, cases, left_out=left_out, cumulative=cumulative, explained=explained)
        if against is not None:
            others, _ = read(truths, _file(against), kind)
            beside = compared(kind, others, cases, margin=margin, cumulative=cumulative)
            scored = scored.model_copy(update={"against": beside})
        if no_regression is not None:
            named = ids_of(_file(no_regression))
            scored = scored.model_copy(update={"regressions": regressed(kind, cases, named)})
    except Unscorable as wrong:
        print(f"induction: {wrong}", file=sys.stderr)
        sys.exit(UNKNOWN)
    print(scored.model_dump_json() if as_json else "\n".join(wording.as_lines(scored)))
    lowest = 0 if fail_under is None else fail_under
    if scored.objective < lowest:
        print(f"induction: {scored.objective:.6g} is under {lowest:g}", file=sys.stderr)
    if code := _code(scored, lowest):
        sys.exit(code)


def _code(scored: ScoreReport, fail_under: float) -> int:
    kind = scored.against and scored.against.kind
    if scored.objective < fail_under or scored.regressions or kind is Against.WORSE:
        return FAILED
    return UNKNOWN if kind is Against.CANNOT_TELL else 0


def _file(path: Path) -> File:
    try:
        return File(str(path), path.read_bytes())
    except OSError as away:
        raise Unscorable(f"{path}: {away.strerror}") from None
