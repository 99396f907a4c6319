"""Ground truth by HTTP: one case in, all cases out."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import AnswerDep, CallerDep, DbSession, requires
from nlu_shared.kit.http.etags import is_held
from nlu_shared.kit.http.openapi import UNKNOWN_IS_EMPTY
from nlu_shared.kit.http.parameters import MOST, IfNoneMatch, OneTask, PathTask
from nlu_shared.kit.http.pieces import NDJSON, lines_of
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.ground_truth import GroundTruthIn, GroundTruthMade
from nlu_shared.schemas.privacy import ErasedCase
from nlu_shared.schemas.quoting import Quoted, QuotingDefault, QuotingDefaultIn, QuotingIn
from starlette.responses import StreamingResponse

from nlu_logger.ground_truth import queries, quoting, service

router = APIRouter(prefix="/v1/ground-truth", tags=["ground truth"])
quoting_router = APIRouter(prefix="/v1", tags=["ground truth"])
decide = requires("reviews:decide")
read, write = requires("ground-truth:read"), requires("ground-truth:write")
CaseId = Annotated[UUID, Path(description="the ground-truth case")]
LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: lines_of("GroundTruthLine")}},
    304: {"description": "The data set is the same"},
}


@router.post(
    "",
    dependencies=[write],
    status_code=201,
    responses={409: {"description": "Another truth is approved for this text"}},
)
async def add_ground_truth(
    body: GroundTruthIn, session: DbSession, caller: CallerDep
) -> GroundTruthMade:
    """An approved case that never was a prediction."""
    made = await service.add(session, body, caller=caller)
    return GroundTruthMade(id=made.id, warning=made.warning)


@router.delete("/{case_id}", dependencies=[write], status_code=204)
async def remove_ground_truth(case_id: CaseId, session: DbSession, caller: CallerDep) -> None:
    """Takes a case out, and tells those who hold a copy to forget it."""
    await service.remove(session, case_id, caller=caller)


@router.get(
    "",
    dependencies=[read],
    response_class=StreamingResponse,
    responses=LINES,
)
async def stream_ground_truth(
    task: OneTask,
    caller: CallerDep,
    answer: AnswerDep,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """Every approved case of a task as NDJSON; the ETag is the hash of the data set."""
    own_task(caller, task)
    end = await answer.fill(partial(queries.all_of, task=task, held=if_none_match))
    headers = {"ETag": f'"{end.sha256}"'}
    if is_held(headers["ETag"], if_none_match):
        return Response(status_code=304, headers=headers)
    return answer.response(NDJSON, headers)


@router.get(
    "/erased", dependencies=[read], responses={409: {"description": "Another list than was read"}}
)
async def list_erased_cases(
    session: DbSession,
    caller: CallerDep,
    after: Annotated[
        int, Query(ge=0, lt=2**63, description="the last `n` that was read, or 0")
    ] = 0,
    mark: Annotated[UUID | None, Query(description="the mark of that `n`")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 1000,
) -> Page[ErasedCase]:
    """Cases whose text every copy is to forget, after the last number that was read.

    With that number's mark, a list that a restored backup has set back is a 409 `another_list`.
    """
    return await queries.erased(session, caller=caller, after=after, mark=mark, limit=limit)


@quoting_router.get("/tasks/{slug}/quoting", dependencies=[read], openapi_extra=UNKNOWN_IS_EMPTY)
async def read_quoting(slug: PathTask, session: DbSession, caller: CallerDep) -> QuotingDefault:
    """Whether texts of a task may be quoted where an approval or an import does not say."""
    return await quoting.default(session, slug, caller=caller)


@quoting_router.put("/tasks/{slug}/quoting", dependencies=[decide], openapi_extra=UNKNOWN_IS_EMPTY)
async def set_quoting(
    slug: PathTask, body: QuotingDefaultIn, session: DbSession, caller: CallerDep
) -> QuotingDefault:
    """From now on; what is approved already stays as it is (`/v1/ground-truth:quoting` changes
    that)."""
    return await quoting.set_default(session, slug, body, caller=caller)


@quoting_router.post(
    "/ground-truth:quoting",
    dependencies=[decide],
    responses={404: {"description": "No task of this name has approved cases or labels"}},
)
async def decide_quoting(body: QuotingIn, session: DbSession, caller: CallerDep) -> Quoted:
    """Allows or ends quoting for the approved cases of a filter; first, without `dry_run: false`,
    it only says how many."""
    return await quoting.decide(session, body, caller=caller)
