"""The page of one prediction by HTTP, and the forms on it. Each leads back to it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import fields, form_of
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from nlu_logger.dashboard.forms import Filled, kept_form
from nlu_logger.dashboard.house import HOUSE, SEARCH, Searcher, led, needs
from nlu_logger.dashboard.inbox import acts, extraction
from nlu_logger.dashboard.inbox.acts import Done
from nlu_logger.dashboard.inbox.forms import WORDS, ItemIn, Place
from nlu_logger.dashboard.inbox.latest import service as latest
from nlu_logger.dashboard.inbox.memory import Memory
from nlu_logger.dashboard.judging import service
from nlu_logger.dashboard.judging.forms import JudgementIn, TakeBackIn, VerdictIn
from nlu_logger.dashboard.search.filters import rows
from nlu_logger.reviews.claims import Held
from nlu_logger.settings import Settings

router = APIRouter(prefix="/predictions", include_in_schema=False)
labels = needs("predictions:read", "reviews:read", "corrections:write")
decides = needs("predictions:read", "reviews:read", "reviews:decide")
JudgementForm = Annotated[Filled[JudgementIn], kept_form(JudgementIn, WORDS)]


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at a prediction, in which transaction."""

    request: Request
    login: Login
    database: AsyncSession
    settings: Settings


async def _look(
    request: Request, database: DbSession, settings: Annotated[Settings, Depends(settings_of)]
) -> Look:
    return Look(request, request.state.login, database, settings)


LookDep = Annotated[Look, Depends(_look)]


@router.get("/{prediction_id}")
async def show_prediction(prediction_id: UUID, login: Searcher, look: LookDep) -> Response:
    return await _page(look, prediction_id)


@router.post("/label", dependencies=[labels])
async def judge_prediction(form: JudgementForm, look: LookDep, caller: CallerDep) -> Response:
    return await _answer(look, form.values.item, form.values, _judge(look, form, caller))


@router.post("/code", dependencies=[labels])
async def code_prediction(form: JudgementForm, look: LookDep, caller: CallerDep) -> Response:
    filled, submission = extraction.filled(await fields(look.request)), form.values
    return await _answer(
        look, submission.item, submission, _code(look, form, filled, caller), filled
    )


@router.post("/decide", dependencies=[decides])
async def decide_on_its_page(
    submission: Annotated[VerdictIn, form_of(VerdictIn)], look: LookDep, caller: CallerDep
) -> Response:
    decided = acts.decide(look.database, submission, look.settings, caller=caller)
    return await _answer(look, submission.prediction, submission, decided)


@router.post("/take-back", dependencies=[labels])
async def take_back_on_its_page(
    submission: Annotated[TakeBackIn, form_of(TakeBackIn)], look: LookDep, caller: CallerDep
) -> Response:
    taken = latest.take_back(look.database, submission.item, caller=caller)
    return await _answer(look, submission.prediction, submission, taken)


async def _judge(look: Look, form: Filled[JudgementIn], caller: Caller) -> Done:
    return await acts.label(look.database, form.taken(), look.settings, caller=caller)


async def _code(
    look: Look, form: Filled[JudgementIn], filled: extraction.FilledRows, caller: Caller
) -> Done:
    submission = form.taken()
    return await acts.code_by_form(look.database, submission, filled, look.settings, caller=caller)


async def _answer(
    look: Look,
    prediction_id: UUID,
    submission: ItemIn,
    act: Awaitable[object],
    filled: extraction.FilledRows | None = None,
) -> Response:
    result = await attempt(look.database, act)
    if isinstance(result, ServiceError):
        return await _page(
            look, prediction_id, refused=result, submission=submission, filled=filled
        )
    return led(f"{SEARCH}/{prediction_id}#corrections")


async def _page(
    look: Look,
    prediction_id: UUID,
    *,
    refused: ServiceError | None = None,
    submission: ItemIn | None = None,
    filled: extraction.FilledRows | None = None,
) -> Response:
    claim = refused.claim if isinstance(refused, Held) else None
    view = await service.history(
        look.database,
        prediction_id,
        look.request.app.state.resources.authenticator,
        caller=look.login.caller,
        named=[claim.claimed_by] if claim else [],
        filled=filled,
    )
    return HOUSE.page(
        "prediction.html",
        look.login,
        status=200 if refused is None else refused.status,
        at=SEARCH,
        view=view,
        rows=rows,
        place=Place(),
        memory=_memory(submission),
        kept=submission if isinstance(submission, JudgementIn) else None,
        refused=refused,
        claim=claim,
        extraction=extraction,
        second_approver=look.settings.require_second_approver,
    )


def _memory(submission: ItemIn | None) -> Memory:
    """What the boxes of the form stand at: as they were sent, if it was refused."""
    now = Memory(since=datetime.now(UTC))
    if submission is None:
        return now
    approves = getattr(submission, "approves", False)
    return now.model_copy(update={"quoting": submission.quoting, "approves": approves})
