"""What the form of an import gives, and the rows of it that were refused. Pure."""

import re
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Annotated, Literal

from nlu_shared.files.formats.base import Columns, Shape
from nlu_shared.files.reading import examples, read
from nlu_shared.files.rows import Line
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.base import SafeText, Schema, Slug
from nlu_shared.schemas.imports import IMPORT_LIMIT, ImportAnswer, LineResult
from pydantic import StringConstraints

from nlu_logger.dashboard.wording import TASK, Word
from nlu_logger.ground_truth.service import ConflictingTruth
from nlu_logger.imports.rejected import rejected
from nlu_logger.imports.results import ERASED, SKIPPED

LONGEST = 60_000
"""Characters: a form of a browser is no longer than 64 kB, and anything longer goes by command."""
WORDS = {
    "task": Word("Task of the texts", TASK.expected),
    "new_task": Word("A new task", TASK.expected),
    "file": Word("The file", f"text of at most {LONGEST:,} characters"),
    "what": Word("It holds", "one of the two"),
    "quoting": Word("May the texts be quoted", "one of the list"),
}
ADD_LABELS = "add labels that the task does not have yet, on purpose"
BECAME = {
    SKIPPED: "skipped: no label",
    ERASED: "stays away",
    "unknown_label": "no label of the task",
    "conflicting_truth": "another truth stands",
    "no_column": "a column is missing",
    "no_label": "no label",
    "not_found": "no such prediction",
    "forbidden": "not yours to change",
    "held": "a colleague is at it",
    "rejected": "was rejected before",
    "own_correction": "needs a second person",
}
CONFLICT = ConflictingTruth.code
FAULT = re.compile(r" \([a-z_]+\)")
"""The kind of a fault as programs know it."""
OBJECTS = ("{", "[")
HEAD = 100


class ImportIn(Schema):
    """`what` is `truth`, texts with their labels, or `review`, a filled review file; `task` is one
    that is known, `new_task` one that is made on purpose."""

    what: Literal["truth", "review"] = "truth"
    task: Slug | None = None
    new_task: Slug | None = None
    file: Annotated[SafeText, StringConstraints(max_length=LONGEST)] = ""
    quoting: Literal["task", "yes", "no"] = "task"
    allow_new: bool = False
    approve: bool = False

    def of(self, known: Collection[str]) -> str:
        """The task of the texts. Raises Invalid where none is chosen, or one that is not known."""
        if self.new_task is not None:
            if self.task not in (None, self.new_task):
                raise Invalid("Choose a known task or name a new one, not both.", code="two_tasks")
            return self.new_task
        if self.task is None:
            raise Invalid("Say which task the texts are of.", code="no_task")
        if self.task not in known:
            raise Invalid(
                "No task is called so. Choose one that is known; a new one is made on purpose only,"
                " by its own field.",
                code="unknown_task",
            )
        return self.task

    @property
    def may_quote(self) -> bool | None:
        return {"task": None, "yes": True, "no": False}[self.quoting]

    def lines(self) -> list[Line]:
        """Raises Invalid for what is no such file, and for more than IMPORT_LIMIT lines."""
        file = self.file.encode().splitlines(keepends=True)
        if self.what == "truth":
            every = examples(file, Columns(None, None, None), strict=False).lines
        else:
            every = read(file)
        lines = list(islice(every, IMPORT_LIMIT + 1))
        if not lines:
            raise Invalid(
                "There is no row in it. A table begins with the names of its columns, such as"
                " text,label; its rows come below.",
                code="no_rows",
            )
        if len(lines) > IMPORT_LIMIT:
            raise Invalid(f"At most {IMPORT_LIMIT} lines at once.", code="import_too_long")
        return lines


def became(result: LineResult) -> str:
    """Of a line that is not new and was not known before."""
    return BECAME.get(result.code or "", "cannot be read")


def in_words(result: LineResult) -> str:
    """Why a line was refused, for who looks at the page and its boxes."""
    detail = result.detail or ""
    if result.code == CONFLICT:
        return "Another truth is approved for this text; this one waits among the conflicts."
    if result.code != "unknown_label":
        return FAULT.sub("", detail).replace("`", "")
    _, _, offered = detail.partition(" Labels: ")
    its = f" Its labels: {offered}." if offered else ""
    if "retired" in detail:
        return f"This label of the task is retired. Mend the label, or tick “{ADD_LABELS}”.{its}"
    if "differs" in detail:
        same = "It is a label of the task but for case, blanks, hyphens or underscores"
        return f"{same}: write it as it is there.{its}"
    return f"The task has no such label. Mend the label, or tick “{ADD_LABELS}”.{its}"


def _reason(result: LineResult) -> str | None:
    return in_words(result) if result.code == CONFLICT else result.detail


def refused(answer: ImportAnswer) -> Sequence[LineResult]:
    return [one for one in answer.items if one.code not in (None, SKIPPED)]


def rejected_file(
    submission: ImportIn, lines: Sequence[Line], answer: ImportAnswer
) -> tuple[str, str]:
    """How the name of the file of refused rows ends, and the file: it can be mended and brought
    in again."""
    head = submission.file.splitlines()[:HEAD]
    is_json = submission.file.lstrip().startswith(OBJECTS)
    beside = rejected(Shape.JSON if is_json else Shape.TABLE, head)
    by_number = {line.number: line for line in lines}
    rows = [
        beside.row(by_number[one.line], f"{one.code}: {_reason(one)}")
        for one in refused(answer)
        if one.line in by_number
    ]
    return beside.ending, b"".join([beside.opening, *rows]).decode().removeprefix("\ufeff")
