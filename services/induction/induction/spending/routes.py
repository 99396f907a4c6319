"""What was spent, for administrators."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.http.deps import DbSession, of_every_task, requires
from nlu_shared.kit.http.parameters import Since, Until
from nlu_shared.schemas.spending import SpendBy, Spending

from induction.resources import Resources
from induction.spending import queries

router = APIRouter(
    prefix="/v1/admin/spend", tags=["admin"], dependencies=[requires(ADMIN), of_every_task]
)
By = Annotated[SpendBy, Query(description="what a line is of")]


@router.get("")
async def read_spend(
    request: Request,
    session: DbSession,
    since: Since = None,
    until: Until = None,
    by: By = SpendBy.DAY,
) -> Spending:
    """What the calls of runs cost, this month's where no time is given; and where the month is
    heading, against its cap. Days are UTC."""
    resources: Resources = request.app.state.resources
    cap = Decimal(str(resources.settings.month_cap_usd))
    return await queries.spending(session, since=since, until=until, by=by, cap=cap)
