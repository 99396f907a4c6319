"""The pages, and what their buttons do. Every page needs a login, every change its proof too."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.entrance import PREFIX, Entrance
from nlu_shared.kit.pages.house import House, Link
from nlu_shared.schemas.base import Slug
from nlu_shared.schemas.queues import ClaimIn, Queue
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    Approved,
    ConfirmationIn,
    Correction,
    CorrectionIn,
    Settled,
    SettlementIn,
)
from starlette.responses import HTMLResponse

from nlu_logger.dashboard import service
from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.insights import service as insights
from nlu_logger.reviews import conflicts, decisions, label_issues, queues
from nlu_logger.reviews import service as reviews
from nlu_logger.settings import Settings

OVERVIEW, REVIEW = PREFIX, f"{PREFIX}/review"
HOUSE = House(
    "nlu-logger",
    Path(__file__).parent,
    (
        Link(OVERVIEW, "Overview", "insights:read"),
        Link(REVIEW, "Review", "reviews:read"),
    ),
)
entrance = Entrance(HOUSE)
router = entrance.router
OTHERS = {
    "proposed": "To approve",
    "suspicious-label": "Suspicious label",
    "conflicts": "Conflicts",
}
"""What waits for a reviewer beside the queues of predictions."""


SettingsDep = Annotated[Settings, Depends(settings_of)]
needs = entrance.needs
Reader = Annotated[Login, needs("insights:read")]
Reviewer = Annotated[Login, needs("reviews:read")]


@router.get("")
async def show_overview(
    login: Reader,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    task: Slug | Literal[""] = "",
    days: Literal["1", "7", "30", "90"] = "7",
) -> HTMLResponse:
    seen = insights.filters_of(
        caller,
        since=None,
        until=None,
        days=int(days),
        task=task or None,
        model_version=None,
        prompt_version=None,
        settings=settings,
        now=datetime.now(UTC),
    )
    shown = await service.overview(session, seen, caller=caller)
    return HOUSE.page(
        "overview.html",
        login,
        at=OVERVIEW,
        view=shown,
        unsure=service.UNSURE,
        task=task,
        days=days,
    )


@router.get("/review")
async def show_desk(
    login: Reviewer,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    queue: Queue | Literal["proposed", "suspicious-label", "conflicts"] = Queue.LOW_CONFIDENCE,
    task: Slug | Literal[""] = "",
) -> HTMLResponse:
    tabs = {"at": REVIEW, "queue": queue, "queues": list(Queue), "others": OTHERS, "task": task}
    match queue:
        case "proposed":
            proposals = await service.proposals(session, task or None, caller=caller)
            return HOUSE.page("proposals.html", login, proposals=proposals, **tabs)
        case "suspicious-label":
            cases = await service.suspicious_labels(session, task or None, settings, caller=caller)
            return HOUSE.page("label_issues.html", login, cases=cases, **tabs)
        case "conflicts":
            open_ones = await service.conflicts(session, task or None, caller=caller)
            return HOUSE.page("conflicts.html", login, conflicts=open_ones, **tabs)
    items = await service.waiting(session, Queue(queue), task or None, settings, caller=caller)
    offered = await service.offers(session, items, caller=caller)
    return HOUSE.page("review.html", login, items=items, offered=offered, **tabs)


@router.post("/queues/{queue}/claim", dependencies=[needs("reviews:claim")], status_code=204)
async def claim_items(
    queue: Queue, body: ClaimIn, session: DbSession, caller: CallerDep, settings: SettingsDep
) -> None:
    await queues.claim(session, queue, body, settings, caller=caller)


@router.post("/predictions/{prediction_id}/correct", dependencies=[needs("corrections:write")])
async def correct_item(
    prediction_id: UUID,
    body: CorrectionIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Correction:
    choices = await service.choices(session, prediction_id, caller=caller)
    made = await reviews.correct(
        session, prediction_id, body, caller=caller, settings=settings, choices=choices
    )
    return made.view()


@router.post("/predictions/{prediction_id}/confirm", dependencies=[needs("corrections:write")])
async def confirm_item(
    prediction_id: UUID,
    body: ConfirmationIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Correction:
    made = await reviews.confirm(session, prediction_id, body, caller=caller, settings=settings)
    return made.view()


@router.post("/corrections/{correction_id}/approve", dependencies=[needs("reviews:decide")])
async def approve_item(
    correction_id: UUID,
    body: ApprovalIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Approved:
    return await decisions.approve(session, correction_id, body, settings, caller=caller)


@router.post("/corrections/{correction_id}/reject", dependencies=[needs("reviews:decide")])
async def reject_item(correction_id: UUID, session: DbSession, caller: CallerDep) -> Correction:
    return (await decisions.reject(session, correction_id, caller=caller)).view()


@router.post("/cases/{case_id}/clear", dependencies=[needs("reviews:decide")], status_code=204)
async def clear_item(case_id: UUID, session: DbSession, caller: CallerDep) -> None:
    await label_issues.clear(session, case_id, caller=caller)


@router.post(
    "/cases/{case_id}/withdraw", dependencies=[needs("ground-truth:write")], status_code=204
)
async def withdraw_item(case_id: UUID, session: DbSession, caller: CallerDep) -> None:
    await ground_truth.remove(session, case_id, caller=caller)


@router.post("/conflicts/{conflict_id}/settle", dependencies=[needs("reviews:decide")])
async def settle_item(
    conflict_id: UUID,
    body: SettlementIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Settled:
    return await conflicts.settle(session, conflict_id, body, settings, caller=caller)
