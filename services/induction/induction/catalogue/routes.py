"""The models in use by HTTP."""

from fastapi import APIRouter, Request
from nlu_shared.kit.http.deps import CallerDep, requires
from nlu_shared.schemas.models import ModelsView

from induction.catalogue import service
from induction.resources import Resources

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[requires("tasks:read")])


@router.get("")
async def list_models(request: Request, caller: CallerDep) -> ModelsView:
    """Which models are in use, who answers and can be reached, what they cost, when they end.

    Each provider is asked for its list of models, for three seconds at most: no call is paid for.
    """
    resources: Resources = request.app.state.resources
    return await service.overview(
        resources.database, resources.identity(caller), resources.settings, caller
    )
