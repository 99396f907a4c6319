"""Files by HTTP: every answer is one result per line."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from enum import Enum
from io import BytesIO
from itertools import islice
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, Query, Request
from nlu_shared.files.formats.base import Columns
from nlu_shared.files.formats.registry import BY_NAME, NAMES
from nlu_shared.files.reading import FileKind, examples, read
from nlu_shared.files.rows import Line
from nlu_shared.kit.access.auth import ADMIN, Caller
from nlu_shared.kit.data.db import Database, Identity
from nlu_shared.kit.errors import Invalid, WrongMediaType
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import OneTask
from nlu_shared.kit.http.pieces import array_of, lines_of
from nlu_shared.schemas.base import Label
from nlu_shared.schemas.imports import (
    IMPORT_LIMIT,
    HistoryAnswer,
    HistoryLine,
    ImportAnswer,
    LabelledLine,
    ReviewedLine,
)
from nlu_shared.schemas.predictions import INTENT
from pydantic import BaseModel

from nlu_logger.imports import service
from nlu_logger.imports.labelled import Labelling
from nlu_logger.imports.service import Saying
from nlu_logger.settings import Settings

router = APIRouter(prefix="/v1", tags=["imports"])
TEXT = {"schema": {"type": "string"}}


def _file_of(line: type[BaseModel], *others: FileKind) -> dict[str, Any]:
    """A body of such lines: as a table, as JSON, and as these others."""
    content = {
        FileKind.JSON: array_of(line.__name__),
        FileKind.JSONL: lines_of(line.__name__),
        **dict.fromkeys((FileKind.CSV, FileKind.TSV, *others), TEXT),
    }
    return {"requestBody": {"required": True, "content": content}}


TABLES = (FileKind.JSONL, FileKind.JSON, FileKind.CSV, FileKind.TSV)
Approve = Annotated[bool, Query(description="approve the corrections at once, as the caller")]
AllowNew = Annotated[
    bool, Query(description="adds labels that the task's set lacks to the set, on purpose")
]


class ImportResources(Protocol):
    """What history needs of the resources: it works in several transactions."""

    @property
    def database(self) -> Database: ...

    @property
    def settings(self) -> Settings: ...

    def identity(self, caller: Caller) -> Identity: ...


async def _resources(request: Request) -> ImportResources:
    resources: ImportResources = request.app.state.resources
    return resources


ContentType = Annotated[str, Header(include_in_schema=False)]
From = Enum("From", {name: name for name in NAMES}, type=str)  # type: ignore[misc]


async def _lines(
    request: Request, _caller: CallerDep, content_type: ContentType = FileKind.JSON
) -> list[Line]:
    """Raises Invalid for a body that is no such file, or longer than IMPORT_LIMIT lines."""
    kind = _kind(content_type, among=TABLES)
    return _limited(read(BytesIO(await request.body()), kind))


async def _examples(
    request: Request,
    _caller: CallerDep,
    from_: Annotated[
        From | None,
        Query(alias="from", description="the file's format; guessed from what stands in it"),
    ] = None,
    text_column: Annotated[Label | None, Query(description="where the text stands")] = None,
    label_column: Annotated[Label | None, Query(description="where the label stands")] = None,
    group_column: Annotated[
        Label | None, Query(description="where the group stands, if any")
    ] = None,
    content_type: ContentType = FileKind.JSON,
) -> list[Line]:
    """As rows of `text`, `label` and `group`; of no known format each row is as it stands."""
    _kind(content_type, among=(*TABLES, FileKind.YAML))
    opened = examples(
        BytesIO(await request.body()),
        Columns(text_column, label_column, group_column),
        format=None if from_ is None else BY_NAME[from_.value],
        strict=False,
    )
    return _limited(opened.lines)


def _kind(content_type: str, among: Collection[FileKind]) -> FileKind:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in set(among):
        raise WrongMediaType(f"Send {', '.join(among)}.")
    return FileKind(kind)


def _limited(every: Iterator[Line]) -> list[Line]:
    lines = list(islice(every, IMPORT_LIMIT + 1))
    if len(lines) > IMPORT_LIMIT:
        raise Invalid(f"At most {IMPORT_LIMIT} lines at once.", code="import_too_long")
    return lines


ImportDep = Annotated[ImportResources, Depends(_resources)]
Lines = Annotated[list[Line], Depends(_lines)]
Examples = Annotated[list[Line], Depends(_examples)]


async def _labelling(
    task: OneTask,
    may_quote: Annotated[
        bool | None,
        Query(
            description="May these texts appear inside a prompt? Without it as the task's default"
            " says, else yes"
        ),
    ] = None,
    allow_new: AllowNew = False,
) -> Labelling:
    return Labelling(task=task, may_quote=may_quote, allow_new=allow_new)


@router.post(
    "/corrections:import",
    dependencies=[requires("corrections:write")],
    status_code=207,
    openapi_extra=_file_of(ReviewedLine),
)
async def import_corrections(
    lines: Lines,
    session: DbSession,
    caller: CallerDep,
    resources: ImportDep,
    approve: Approve = False,
    allow_new: AllowNew = False,
) -> ImportAnswer:
    """The review file, filled in; `approve` needs the scope reviews:decide as well."""
    how = Saying(resources.settings, approve=approve, allow_new=allow_new)
    return await service.import_corrections(session, lines, how, caller=caller)


@router.post(
    "/ground-truth:import",
    dependencies=[requires("ground-truth:write")],
    status_code=207,
    openapi_extra=_file_of(LabelledLine, FileKind.YAML),
)
async def import_ground_truth(
    lines: Examples,
    how: Annotated[Labelling, Depends(_labelling)],
    session: DbSession,
    caller: CallerDep,
) -> ImportAnswer:
    """Texts and their labels, as a table, as JSON or in a format of the field's tools; or
    discussions as the extraction export has them."""
    return await service.import_truth(session, lines, how, caller=caller)


@router.post(
    "/predictions:import",
    dependencies=[requires(ADMIN)],
    status_code=207,
    openapi_extra=_file_of(HistoryLine),
)
async def import_predictions(
    lines: Lines,
    resources: ImportDep,
    caller: CallerDep,
    task: OneTask = INTENT,
    approve: Approve = False,
    allow_new: AllowNew = False,
) -> HistoryAnswer:
    """Rows of the original `nlu_prompt_logs`, however old, with outcomes and corrections."""
    return await service.import_history(
        resources.database,
        resources.identity(caller),
        lines,
        Saying(resources.settings, approve=approve, allow_new=allow_new),
        task=task,
        now=datetime.now(UTC),
        caller=caller,
    )
