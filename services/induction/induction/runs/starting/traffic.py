"""Logged predictions, read from nlu-logger each time a run needs them."""

from collections.abc import Sequence
from uuid import UUID

import httpx2
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.runs import RunRequest
from nlu_shared.schemas.traffic import USUAL_REPLAYED

from induction import upstream
from induction.runs.starting.standing_in import is_about_traffic, stand_in

PAGE = 500
"""Predictions in one answer: each may have a long text."""


class PredictionGone(Exception):
    """A prediction of the run is not there any more."""


async def newest(
    client: httpx2.AsyncClient, request: RunRequest, *, approved: int
) -> list[Prediction]:
    """Those that a run is about, the newest first; none where it is about approved cases, of which
    there are so many.

    Raises Invalid where none was logged and nothing can stand in, PredictionsNotReadable,
    UpstreamAway.
    """
    if is_about_traffic(request):
        if logged := await _newest(client, request):
            return logged
        raise Invalid("No prediction of this task was logged.", code="no_predictions")
    if not stand_in(request, approved):
        return []
    try:
        logged = await _newest(client, request)
    except upstream.PredictionsNotReadable:
        if not approved:
            raise
        return []
    return logged if stand_in(request, approved, logged=len(logged)) else []


async def _newest(client: httpx2.AsyncClient, request: RunRequest) -> list[Prediction]:
    most = request.predictions or USUAL_REPLAYED
    logged: list[Prediction] = []
    before: UUID | None = None
    while len(logged) < most:
        size = min(PAGE, most - len(logged))
        page = await upstream.fetch_predictions(client, request.task, before=before, most=size)
        logged += page
        if len(page) < size:
            break
        before = page[-1].id
    return logged


async def again(client: httpx2.AsyncClient, task: str, ids: Sequence[UUID]) -> list[Prediction]:
    """The predictions with these ids, which are in order. Raises Gone unless all are there,
    PredictionsNotReadable, UpstreamAway."""
    missing, logged = set(ids), list[Prediction]()
    before = UUID(int=ids[-1].int + 1) if ids else None
    while len(logged) < len(missing):
        page = await upstream.fetch_predictions(client, task, before=before, most=PAGE)
        logged += [one for one in page if one.id in missing]
        if len(page) < PAGE or page[-1].id <= ids[0]:
            break
        before = page[-1].id
    if len(logged) < len(missing):
        raise PredictionGone
    return logged
