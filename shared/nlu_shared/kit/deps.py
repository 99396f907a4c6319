"""What a route asks for in its signature: a proven caller, and a session that acts for them.

`requires("room:verb")` stands on every route; without it there is no caller and no session. A
`{task}` in the path must be one of the caller's key's.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.auth import Authenticator, Caller
from nlu_shared.kit.db import Database, Identity, session_scope, snapshot_scope
from nlu_shared.kit.errors import Forbidden, ServiceError, TooMany, Unauthenticated
from nlu_shared.kit.limits import RateLimits

_bearer = HTTPBearer(auto_error=False, description="An API key (nlk_…) or an end user's JWT")


class WebResources(Protocol):
    """What any service's resources offer the plumbing."""

    @property
    def database(self) -> Database: ...

    @property
    def authenticator(self) -> Authenticator: ...

    @property
    def limits(self) -> RateLimits: ...

    def identity(self, caller: Caller) -> Identity:
        """The database role and user a caller's transactions take."""


async def _prove(
    scopes: SecurityScopes,
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    if bearer is None:
        raise Unauthenticated
    resources: WebResources = request.app.state.resources
    caller = await _known(request, resources, bearer.credentials)
    resources.limits.admit(caller.subject, request.method)
    for scope in scopes.scopes:
        if not caller.has(scope):
            raise Forbidden(f"The scope {scope} is needed.")
    if "task" in request.path_params:
        own_task(caller, request.path_params["task"])
    request.state.caller = caller
    return caller


async def _known(request: Request, resources: WebResources, credential: str) -> Caller:
    """Strangers are turned away before anything is looked up; a key that was good before is not
    made to suffer for those who share its address."""
    address = request.client.host if request.client else ""
    try:
        resources.limits.admit_stranger(address)
    except TooMany:
        if not resources.authenticator.knows(credential):
            raise
    try:
        return await resources.authenticator.authenticate(credential)
    except Unauthenticated:
        resources.limits.count_failure(address)
        raise


def own_task(caller: Caller, task: str) -> None:
    """Raises Forbidden for a task outside the caller's key."""
    if not caller.may_touch(task):
        raise Forbidden("This key is not for that task.")


def requires(scope: str) -> Any:
    """For a route's or router's `dependencies`: the caller must be known and hold `scope`."""
    return Security(_prove, scopes=[scope])


async def _caller(request: Request) -> Caller:
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Unauthenticated
    return caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _session(request: Request, caller: CallerDep) -> AsyncIterator[AsyncSession]:
    resources: WebResources = request.app.state.resources
    kept: ServiceError | None = None
    async with session_scope(resources.database, resources.identity(caller)) as session:
        try:
            yield session
        except ServiceError as refused:
            if not refused.stands:
                raise
            kept = refused
    if kept is not None:
        raise kept


DbSession = Annotated[AsyncSession, Depends(_session, scope="function")]
"""One transaction as the caller, committed before the response is sent."""


async def _snapshot(request: Request, caller: CallerDep) -> AsyncIterator[Any]:
    resources: WebResources = request.app.state.resources
    async with snapshot_scope(resources.database, resources.identity(caller)) as connection:
        yield connection


Snapshot = Annotated[Any, Depends(_snapshot, scope="request")]
"""One moment of the database as the caller, open until a streamed response has been sent."""
BriefSnapshot = Annotated[Any, Depends(_snapshot, scope="function")]
"""The same, given back before the response is sent."""
