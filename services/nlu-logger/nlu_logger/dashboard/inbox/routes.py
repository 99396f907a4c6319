"""The inbox by HTTP: a page, and the forms on it. Each form leads to the page of what is next.

What a script does is send the same forms and put the answer in place.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import Forbidden, ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import fields, form_of
from nlu_shared.schemas.base import Slug
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from nlu_logger.dashboard.forms import Filled, kept_form
from nlu_logger.dashboard.house import HOUSE, REVIEW, Reviewer, led, needs
from nlu_logger.dashboard.inbox import acts, extraction, service
from nlu_logger.dashboard.inbox.acts import Done
from nlu_logger.dashboard.inbox.extraction import FilledRows as Rows
from nlu_logger.dashboard.inbox.forms import (
    WORDS,
    DecisionIn,
    DefineIn,
    DoubtIn,
    InboxQueue,
    ItemIn,
    LabelIn,
    Place,
    SettlementIn,
    SkipIn,
    UndoIn,
)
from nlu_logger.dashboard.inbox.latest import service as latest
from nlu_logger.dashboard.inbox.memory import Memory, Worth
from nlu_logger.reviews.claims import Held
from nlu_logger.settings import Settings

router = APIRouter(prefix="/review", include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]
SCRIPT = "x-script"
COOKIE = "nlu_logger_inbox"
labels, decides = (
    needs("reviews:read", "corrections:write"),
    needs("reviews:read", "reviews:decide"),
)


async def _may_undo(caller: CallerDep) -> None:
    if not any(map(caller.has, latest.SCOPES)):
        raise Forbidden(f"The scope {latest.SCOPES[0]} is needed.")


LabelForm = Annotated[Filled[LabelIn], kept_form(LabelIn, WORDS)]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who reviews, in which transaction, and what their browser keeps of the session."""

    request: Request
    login: Login
    database: AsyncSession
    settings: Settings
    memory: Memory


async def _visit(request: Request, database: DbSession, settings: SettingsDep) -> Visit:
    memory = Memory.read(request.cookies.get(COOKIE), now=datetime.now(UTC))
    return Visit(request, request.state.login, database, settings, memory)


VisitDep = Annotated[Visit, Depends(_visit)]


@router.get("")
async def show_inbox(
    login: Reviewer,
    visit: VisitDep,
    queue: InboxQueue = InboxQueue.LOW_CONFIDENCE,
    task: Slug | Literal[""] = "",
    own: bool = False,
    worth: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    """`worth`: so many labels would decide what the task's last verdict left open."""
    place = Place(queue=queue, task=task or None, own=own)
    if place.task is None or worth is None:
        return await _page(visit, place)
    kept = visit.memory.model_copy(update={"worth": Worth(task=place.task, labels=worth)})
    return await _page(replace(visit, memory=kept), place)


@router.post("/label", dependencies=[labels])
async def label_item(form: LabelForm, visit: VisitDep, caller: CallerDep) -> Response:
    return await _answer(visit, form.values, _label(visit, form, caller))


@router.post("/code", dependencies=[labels])
async def code_item(form: LabelForm, visit: VisitDep, caller: CallerDep) -> Response:
    filled = extraction.filled(await fields(visit.request))
    return await _answer(visit, form.values, _code(visit, form, filled, caller), filled)


@router.post("/define", dependencies=[needs("reviews:read", "labels:write")])
async def define_labels_by_form(
    form: Annotated[Filled[DefineIn], kept_form(DefineIn, WORDS)],
    visit: VisitDep,
    caller: CallerDep,
) -> Response:
    return await _answer(visit, form.values, _define(visit, form, caller))


@router.post("/decide", dependencies=[decides])
async def decide_item(
    submission: Annotated[DecisionIn, form_of(DecisionIn)], visit: VisitDep, caller: CallerDep
) -> Response:
    decided = acts.decide(visit.database, submission, visit.settings, caller=caller)
    return await _answer(visit, submission, decided)


@router.post("/doubt", dependencies=[decides])
async def answer_doubt(
    submission: Annotated[DoubtIn, form_of(DoubtIn)], visit: VisitDep, caller: CallerDep
) -> Response:
    return await _answer(
        visit, submission, acts.answer_doubt(visit.database, submission, caller=caller)
    )


@router.post("/settle", dependencies=[decides])
async def settle_conflict_by_form(
    submission: Annotated[SettlementIn, form_of(SettlementIn)], visit: VisitDep, caller: CallerDep
) -> Response:
    settled = acts.settle(visit.database, submission, visit.settings, caller=caller)
    return await _answer(visit, submission, settled)


@router.post("/skip", dependencies=[needs("reviews:read")])
async def skip_item(
    submission: Annotated[SkipIn, form_of(SkipIn)], visit: VisitDep, caller: CallerDep
) -> Response:
    await acts.skip(visit.database, submission, caller=caller)
    skipped = visit.memory.with_skipped(submission.item)
    return await _next(visit, submission, _with_switches(skipped, submission))


@router.post("/undo", dependencies=[needs("reviews:read"), Depends(_may_undo)])
async def undo_latest(
    submission: Annotated[UndoIn, form_of(UndoIn)], visit: VisitDep, caller: CallerDep
) -> Response:
    memory = _with_switches(visit.memory, submission)
    if not memory.steps:
        return await _next(visit, submission, memory)
    undone = latest.undo(visit.database, memory.steps[-1], submission, caller=caller)
    result = await attempt(visit.database, undone)
    if isinstance(result, ServiceError):
        return await _page(visit, Place(**_place(submission)), refused=result)
    return await _next(
        visit, submission, memory.without_step(done=result.count, stays=result.stays)
    )


@router.post("/again", dependencies=[needs("reviews:read")])
async def offer_skipped_again(place: Annotated[Place, form_of(Place)], visit: VisitDep) -> Response:
    return await _next(visit, place, visit.memory.without_skipped())


async def _label(visit: Visit, form: Filled[LabelIn], caller: Caller) -> Done:
    return await acts.label(visit.database, form.taken(), visit.settings, caller=caller)


async def _code(visit: Visit, form: Filled[LabelIn], filled: Rows, caller: Caller) -> Done:
    submission = form.taken()
    return await acts.code_by_form(
        visit.database, submission, filled, visit.settings, caller=caller
    )


async def _define(visit: Visit, form: Filled[DefineIn], caller: Caller) -> Done:
    return await acts.define(visit.database, form.taken(), caller=caller)


async def _answer(
    visit: Visit, submission: ItemIn, act: Awaitable[Done], filled: Rows | None = None
) -> Response:
    """To what is next; or the same page with the reason, and with what was typed still in it."""
    result = await attempt(visit.database, act)
    if isinstance(result, ServiceError):
        place = Place(**_place(submission))
        return await _page(visit, place, refused=result, submission=submission, filled=filled)
    return await _next(visit, submission, _after(visit.memory, submission, result))


def _after(memory: Memory, submission: ItemIn, done: Done) -> Memory:
    made = memory.with_step(done.step, done=done.settled)
    return _with_switches(made, submission)


def _with_switches(memory: Memory, submission: ItemIn | UndoIn) -> Memory:
    """What is switched on for the session, as the form that was sent had it."""
    approves = getattr(submission, "approves", None)
    quoting = submission.quoting
    now = {
        "quoting": memory.quoting if quoting is None else quoting,
        "approves": memory.approves if approves is None else approves,
    }
    return memory.model_copy(update=now)


def _place(submission: Place) -> dict[str, Any]:
    return {name: getattr(submission, name) for name in Place.model_fields}


async def _next(visit: Visit, place: Place, memory: Memory) -> Response:
    """The way to what is next; to the script, which would only follow it, that itself."""
    if SCRIPT in visit.request.headers:
        return await _page(replace(visit, memory=memory), Place(**_place(place)))
    answer = led(REVIEW + place.query)
    _keep(visit, answer, memory)
    return answer


def _keep(visit: Visit, answer: Response, memory: Memory) -> None:
    secure = visit.request.url.scheme == "https"
    kept = memory.write()
    answer.set_cookie(COOKIE, kept, path=REVIEW, httponly=True, samesite="strict", secure=secure)


async def _page(
    visit: Visit,
    place: Place,
    *,
    refused: ServiceError | None = None,
    submission: ItemIn | None = None,
    filled: Rows | None = None,
) -> Response:
    authenticator = visit.request.app.state.resources.authenticator
    caller = visit.login.caller
    holder = refused.claim.claimed_by if isinstance(refused, Held) else None
    shown = await service.show(
        visit.database,
        place,
        visit.memory,
        visit.settings,
        authenticator,
        caller=caller,
        named=[holder] if holder else [],
    )
    if filled is not None and submission is not None:
        service.fill_in(shown, submission.item, filled)
    if submission is None:
        submission = await latest.fill_in(visit.database, visit.memory, shown, place, caller=caller)
    page = HOUSE.page(
        "inbox.html",
        visit.login,
        status=200 if refused is None else refused.status,
        at=REVIEW,
        queues=list(InboxQueue),
        place=place,
        memory=visit.memory,
        view=shown,
        last=await latest.latest(visit.database, visit.memory, caller=caller),
        refused=refused,
        claim=refused.claim if isinstance(refused, Held) else None,
        submission=submission,
        extraction=extraction,
        second_approver=visit.settings.require_second_approver,
        audit_share=visit.settings.audit_share,
        review_days=visit.settings.review_days,
    )
    kept = visit.memory.model_copy(update={"issues": shown.issues})
    kept = kept.with_keys(shown.item.task, shown.keys) if shown.keys else kept
    if kept.write() != visit.request.cookies.get(COOKIE):
        _keep(visit, page, kept)
    return page
