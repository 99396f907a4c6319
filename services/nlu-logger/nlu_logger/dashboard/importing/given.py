"""What the form of an import gives, and the rows of it that were refused. Pure."""

from collections.abc import Sequence
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
from nlu_logger.imports.rejected import rejected
from nlu_logger.imports.results import SKIPPED

LONGEST = 60_000
"""Characters: a form of a browser is no longer than 64 kB, and anything longer goes by command."""
WORDS = {
    "task": Word("Task of the texts", TASK.expected),
    "file": Word("The file", f"text of at most {LONGEST:,} characters"),
    "what": Word("It holds", "one of the two"),
    "quoting": Word("May the texts be quoted", "one of the list"),
}
OBJECTS = ("{", "[")
HEAD = 100


class ImportIn(Schema):
    """`what` is `truth`, texts with their labels, or `review`, a filled review file."""

    what: Literal["truth", "review"] = "truth"
    task: Slug | None = None
    file: Annotated[SafeText, StringConstraints(max_length=LONGEST)] = ""
    quoting: Literal["task", "yes", "no"] = "task"
    allow_new: bool = False
    approve: bool = False

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


def refused(answer: ImportAnswer) -> Sequence[LineResult]:
    return [one for one in answer.items if one.code not in (None, SKIPPED)]


def rejected_file(given: ImportIn, lines: Sequence[Line], answer: ImportAnswer) -> tuple[str, str]:
    """How the name of the file of refused rows ends, and the file: it can be mended and brought
    in again."""
    head = given.file.splitlines()[:HEAD]
    is_json = given.file.lstrip().startswith(OBJECTS)
    beside = rejected(Shape.JSON if is_json else Shape.TABLE, head)
    by_number = {line.number: line for line in lines}
    rows = [
        beside.row(by_number[one.line], f"{one.code}: {one.detail}")
        for one in refused(answer)
        if one.line in by_number
    ]
    return beside.ending, b"".join([beside.opening, *rows]).decode().removeprefix("\ufeff")
