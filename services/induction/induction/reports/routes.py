"""The report of a run by HTTP."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.reports import RunReport

from induction.reports import queries
from induction.reports.html import to_html
from induction.reports.markdown import to_markdown

router = APIRouter(prefix="/v1", tags=["runs"])
read = requires("runs:read")
RunId = Annotated[UUID, Path(description="the run")]
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]
FORMATS = "md: for a pull request; html: a page; json: all there is"
Format = Annotated[Literal["md", "html", "json"], Query(description=FORMATS)]
WRITERS: Mapping[str, tuple[Callable[[RunReport], str], str]] = {
    "md": (to_markdown, "text/markdown"),
    "html": (to_html, "text/html"),
    "json": (lambda report: report.model_dump_json(), "application/json"),
}
TEXT = {"schema": {"type": "string"}}
REPORTED: dict[int | str, dict[str, Any]] = {
    200: {"model": RunReport, "content": {"text/markdown": TEXT, "text/html": TEXT}}
}
CONFINED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


@router.get(
    "/runs/{run_id}/report", dependencies=[read], response_class=Response, responses=REPORTED
)
async def get_report(
    run_id: RunId, session: DbSession, caller: CallerDep, format: Format = "json"
) -> Response:
    """The evidence of a run: verdict, interval, scores, changes, cost, hashes, how to roll back."""
    return _written(await queries.report(session, run_id, caller=caller), format)


@router.get(
    "/prompts/{task}/versions/{version_id}/report",
    dependencies=[read],
    response_class=Response,
    responses={**REPORTED, 404: {"description": "There is no such version, or no run made it"}},
)
async def get_version_report(
    task: PathTask,
    version_id: VersionId,
    session: DbSession,
    caller: CallerDep,
    format: Format = "json",
) -> Response:
    """The evidence of the run that made a version. Where the run tried it and did not choose it,
    what became of it, with its own scores and no verdict."""
    return _written(await queries.of_version(session, task, version_id, caller=caller), format)


def _written(report: RunReport, format: str) -> Response:
    write, kind = WRITERS[format]
    return Response(write(report), media_type=kind, headers=CONFINED)
