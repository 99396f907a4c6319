"""`nlu-logger import`: texts with their labels out of the files of the field's tools.

What was sent before an interruption stays; the same file sent again adds nothing to it.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter
from nlu_shared.files.formats.base import Columns
from nlu_shared.files.formats.registry import BY_NAME, NAMES
from nlu_shared.files.reading import NotUnderstood, Opened, examples
from nlu_shared.files.rows import Line
from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.whole_files import whole_file
from nlu_shared.schemas.imports import LineResult
from nlu_shared.schemas.predictions import INTENT

from nlu_logger.commands.remote import HERE, Key, Url, client
from nlu_logger.commands.sending import sent, tell
from nlu_logger.imports.labelled import Labelling, cases_of
from nlu_logger.imports.rejected import Rejected, rejected
from nlu_logger.imports.results import CREATED, SKIPPED, refused, skipped

PATH = "/v1/ground-truth:import"
Results = Iterator[tuple[Line, LineResult]]


def import_file(
    file: Path,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    task: str = INTENT,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    may_quote: bool | None = None,
    allow_new: bool = False,
    dry_run: bool = False,
    rejected_to: Annotated[Path | None, Parameter(name="--rejected")] = None,
    results_to: Annotated[Path | None, Parameter(name="--results")] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Brings in texts with their labels, from a table, JSON, or a file of another tool.

    Exits with 1 where rows were refused; they are in a file beside the other, to be mended there
    and imported from it.

    Parameters
    ----------
    file
        Of any format; its name does not matter.
    from_
        The format; guessed where it is not named. One of csv, json, rasa, rasa-json,
        rasa-markdown, snips, snips-yaml, clinc, atis, label-studio, label-studio-min, doccano,
        langfuse, openai-evals, discussions.
    task
        Whose cases they become.
    text
        The column or field of the text, where it has another name than usual.
    label
        The column or field of the label.
    group
        The column of what a case must not be parted from; texts without one stand alone.
    may_quote
        Whether these texts may appear inside a prompt; else as the task's default says.
    allow_new
        Add labels that the task's set lacks to the set.
    dry_run
        Read and check only; nothing is sent.
    rejected_to
        The file of rejected rows, in place of FILE.rejected.csv or FILE.rejected.jsonl.
    results_to
        A file for what became of each row, as JSON lines.
    """
    if from_ is not None and from_ not in BY_NAME:
        sys.exit(f"nlu-logger: --from {from_} is none of {', '.join(NAMES)}")
    if (taken := _same(file, rejected_to, results_to)) is not None:
        sys.exit(f"nlu-logger: {taken} is the file that is read")
    how = Labelling(task=task, may_quote=may_quote, allow_new=allow_new)
    counts: Counter[str] = Counter()
    with file.open("rb") as binary:
        opened = _opened(binary, Columns(text, label, group), from_)
        print(f"{file.name}: {opened.format.name}, {opened.format.title}")
        beside = rejected(opened.shape, opened.head)
        at = rejected_to or _free(file.with_name(f"{file.stem}.rejected{beside.ending}"))
        results = (
            _tried(opened.lines, how, counts)
            if dry_run
            else _sent(opened.lines, how, counts, url, key)
        )
        reasons = _written(results, beside, at, results_to)
    _end(counts, reasons, at, dry_run=dry_run)


def import_ground_truth(
    file: Path,
    *,
    task: str,
    text_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
    may_quote: bool | None = None,
    allow_new: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """`import` under its first name.

    Parameters
    ----------
    file
        Of any format.
    task
        Whose cases they become.
    text_column
        Where the text stands.
    label_column
        Where the label stands.
    group_column
        What a case must not be parted from; texts without one stand alone.
    may_quote
        Whether these texts may appear inside a prompt; else as the task's default says.
    allow_new
        Add labels that the task's set lacks to the set.
    """
    import_file(
        file,
        task=task,
        text=text_column,
        label=label_column,
        group=group_column,
        may_quote=may_quote,
        allow_new=allow_new,
        url=url,
        key=key,
    )


def _same(file: Path, *others: Path | None) -> Path | None:
    """Which of the others is the file."""
    return next((one for one in others if one and one.exists() and one.samefile(file)), None)


def _free(path: Path) -> Path:
    """The path, or the next number of it: what is there may have been mended."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return path if not path.exists() else next(one for one in numbered if not one.exists())


def _opened(binary: BinaryIO, columns: Columns, name: str | None) -> Opened:
    try:
        return examples(binary, columns, format=None if name is None else BY_NAME[name])
    except NotUnderstood as unknown:
        has = f" It has {', '.join(map(repr, unknown.columns))}." if unknown.columns else ""
        sys.exit(f"nlu-logger: {unknown}{has} (--text, --label, --from)")


def _sent(
    lines: Iterator[Line], how: Labelling, counts: Counter[str], url: str, key: str
) -> Results:
    params: dict[str, str | bool] = {
        "task": how.task,
        "from": "json",
        "allow_new": how.allow_new,
    }
    if how.may_quote is not None:
        params["may_quote"] = how.may_quote
    with client(url, key) as http:
        yield from sent(http, PATH, params, lines, counts)


def _tried(lines: Iterator[Line], how: Labelling, counts: Counter[str]) -> Results:
    """What would become of each row, as far as the file itself tells."""
    for line in lines:
        for item, case in cases_of(line, how):
            if isinstance(case, Invalid):
                result = refused(line.number, case, item=item)
                counts["refused"] += 1
            elif case is None:
                result = skipped(line.number)
                counts["skipped"] += 1
            else:
                result = LineResult(line=line.number, item=item, status=CREATED)
                counts["created"] += 1
            yield line, result


def _written(results: Results, beside: Rejected, at: Path, results_to: Path | None) -> Counter[str]:
    """Tells and keeps what was refused, and counts the reasons. No file where nothing was."""
    reasons: Counter[str] = Counter()
    with ExitStack() as files:
        every = files.enter_context(whole_file(results_to)) if results_to else None
        kept: BinaryIO | None = None
        for line, result in results:
            if every is not None:
                every.write(result.model_dump_json().encode() + b"\n")
            if result.code in (None, SKIPPED):
                continue
            tell(line, result)
            reasons[str(result.code)] += 1
            if kept is None:
                kept = files.enter_context(whole_file(at))
                kept.write(beside.opening)
            kept.write(beside.row(line, f"{result.code}: {result.detail}"))
    return reasons


def _end(counts: Counter[str], reasons: Counter[str], at: Path, *, dry_run: bool) -> None:
    why = ", ".join(f"{many} {code}" for code, many in reasons.most_common())
    known = "" if dry_run else f"{counts['repeated']} known before, "
    print(
        f"{counts['created']} {'would be taken' if dry_run else 'taken'}, {known}"
        f"{counts['skipped']} skipped as unlabelled, {counts['refused']} refused"
        + (f" ({why})" if why else "")
    )
    if counts["refused"]:
        print(f"the rejected rows are in {at}: mend them there and import that file")
        sys.exit(1)
