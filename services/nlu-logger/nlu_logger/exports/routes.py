"""Exports by HTTP: streamed, in constant memory, from one moment of the database."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from nlu_shared.kit.deps import CallerDep, Snapshot, requires
from nlu_shared.schemas.base import Slug
from nlu_shared.schemas.exports import ExportFormat
from starlette.responses import StreamingResponse

from nlu_logger.anonymise.text import NOT_FOUND_BY_RULES, Anonymiser
from nlu_logger.exports import service
from nlu_logger.exports.formats import MEDIA_TYPES
from nlu_logger.exports.service import Cleaned, Taken, Window

router = APIRouter(prefix="/v1/exports", tags=["exports"], dependencies=[requires("exports:read")])
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {name.partition(";")[0]: {} for name in MEDIA_TYPES.values()}}
}
NOT_FOUND_HEADER = "Not-Found-By-Rules"
LINES: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPES[ExportFormat.JSONL]: {}}}}


def _window(
    caller: CallerDep,
    task: Slug | None = None,
    days: Annotated[int | None, Query(ge=1, le=36_500)] = None,
) -> Window:
    return service.window(caller, task=task, days=days, now=datetime.now(UTC))


def _taken(
    min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.8, approved_only: bool = False
) -> Taken:
    return Taken(min_confidence=min_confidence, approved_only=approved_only)


async def _cleaned(request: Request, anonymise: bool = False) -> Cleaned:
    """`anonymise=true` takes out what rules find; the header says what they do not."""
    rules: Anonymiser = request.app.state.resources.anonymiser
    return rules.value if anonymise else service.as_said


def _said(anonymise: bool = False) -> dict[str, str]:
    return {NOT_FOUND_HEADER: "; ".join(NOT_FOUND_BY_RULES)} if anonymise else {}


WindowDep = Annotated[Window, Depends(_window)]
TakenDep = Annotated[Taken, Depends(_taken)]
CleanedDep = Annotated[Cleaned, Depends(_cleaned)]
Said = Annotated[dict[str, str], Depends(_said)]
FormatQuery = Annotated[ExportFormat, Query(alias="format")]


@router.get("/retraining", response_class=StreamingResponse, responses=FILES)
async def export_retraining(
    seen: WindowDep,
    taken: TakenDep,
    snapshot: Snapshot,
    cleaned: CleanedDep,
    said: Said,
    form: FormatQuery = ExportFormat.JSONL,
) -> StreamingResponse:
    """Corrected predictions plus those of high confidence that nobody corrected, oldest first."""
    rows = service.retraining(snapshot, seen, taken, form, cleaned)
    return StreamingResponse(rows, media_type=MEDIA_TYPES[form], headers=said)


@router.get("/review", response_class=StreamingResponse, responses=FILES)
async def export_review(
    seen: WindowDep,
    snapshot: Snapshot,
    cleaned: CleanedDep,
    said: Said,
    confidence_threshold: Annotated[float, Query(ge=0, le=1)] = 0.7,
    form: FormatQuery = ExportFormat.JSONL,
) -> StreamingResponse:
    """Predictions below the threshold of which nobody has said anything, to be filled in."""
    rows = service.review(snapshot, seen, confidence_threshold, form, cleaned)
    return StreamingResponse(rows, media_type=MEDIA_TYPES[form], headers=said)


@router.get("/pairs", response_class=StreamingResponse, responses=LINES)
async def export_pairs(
    seen: WindowDep,
    taken: TakenDep,
    snapshot: Snapshot,
    cleaned: CleanedDep,
    said: Said,
    seed: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    per_text: Annotated[int, Query(ge=1, le=10)] = 2,
    texts: Annotated[int, Query(ge=2, le=20_000)] = 5_000,
) -> StreamingResponse:
    """Contrastive pairs of the retraining rows: the same data and seed make the same pairs.

    More than `texts` rows: that many are drawn by the seed.
    """
    drawn = await service.labelled(snapshot, seen, taken, seed=seed, limit=texts, cleaned=cleaned)
    lines = service.pairs(drawn, seed=seed, per_text=per_text)
    return StreamingResponse(lines, media_type=MEDIA_TYPES[ExportFormat.JSONL], headers=said)
