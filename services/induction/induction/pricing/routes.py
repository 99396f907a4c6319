"""The price table by HTTP."""

from fastapi import APIRouter, Request
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.http.deps import CallerDep, DbSession, of_every_task, requires
from nlu_shared.schemas.prices import PriceList, PricesIn

from induction.pricing import service
from induction.resources import Resources

router = APIRouter(
    prefix="/v1/admin/prices", tags=["admin"], dependencies=[requires(ADMIN), of_every_task]
)


@router.get("")
async def list_prices(request: Request, session: DbSession) -> PriceList:
    """Every row with its source: put here, of the operator's file, or shipped."""
    resources: Resources = request.app.state.resources
    return await service.listed(session, resources.settings)


@router.put("")
async def put_prices(
    body: PricesIn, request: Request, session: DbSession, caller: CallerDep
) -> PriceList:
    """Replaces the put rows of every model that is named, and tells all there are then.

    Runs that a worker has taken go on with the table they were taken with.
    """
    resources: Resources = request.app.state.resources
    await service.put(session, body, by=caller.subject)
    return await service.listed(session, resources.settings)
