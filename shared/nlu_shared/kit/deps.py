"""What a route asks for in its signature: a proven caller, and a session that acts for them.

`requires("room:verb")` stands on every route; without it there is no caller and no session. A
`{task}` in the path must be one of the caller's key's.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.auth import Authenticator, Caller
from nlu_shared.kit.buffering import BufferedAnswer, Buffers
from nlu_shared.kit.db import Database, Identity, session_scope, snapshot_scope
from nlu_shared.kit.errors import Forbidden, ServiceError, Unauthenticated
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


Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def prove(scopes: SecurityScopes, request: Request, bearer: Bearer) -> Caller:
    """The caller of this request, known by key or token and holding `scopes`."""
    if bearer is None:
        raise Unauthenticated
    resources: WebResources = request.app.state.resources
    return await prove_by(
        scopes,
        request,
        partial(resources.authenticator.authenticate, bearer.credentials),
        is_familiar=resources.authenticator.knows(bearer.credentials),
    )


async def prove_by(
    scopes: SecurityScopes,
    request: Request,
    look_up: Callable[[], Awaitable[Caller]],
    *,
    is_familiar: bool = False,
) -> Caller:
    """The same by any proof. Strangers are turned away before anything is looked up; who
    `is_familiar` is not made to suffer for those who share the address."""
    resources: WebResources = request.app.state.resources
    address = request.client.host if request.client else ""
    if not is_familiar:
        resources.limits.admit_stranger(address)
    try:
        caller = await look_up()
    except Unauthenticated:
        resources.limits.count_failure(address)
        raise
    resources.limits.admit(caller.subject, request.method)
    for scope in scopes.scopes:
        if not caller.has(scope):
            raise Forbidden(f"The scope {scope} is needed.")
    if "task" in request.path_params:
        own_task(caller, request.path_params["task"])
    request.state.caller = caller
    return caller


def own_task(caller: Caller, task: str) -> None:
    """Raises Forbidden for a task outside the caller's key."""
    if not caller.may_touch(task):
        raise Forbidden("This key is not for that task.")


def requires(scope: str) -> Any:
    """For a route's or router's `dependencies`: the caller must be known and hold `scope`."""
    return Security(prove, scopes=[scope])


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


Snapshot = Annotated[Any, Depends(_snapshot, scope="function")]
"""One moment of the database as the caller, given back before the response is sent."""


class BufferingResources(WebResources, Protocol):
    """What a service offers whose answers may be longer than their clients are fast."""

    @property
    def buffers(self) -> Buffers: ...


async def _buffered(request: Request, caller: CallerDep) -> AsyncIterator[BufferedAnswer]:
    resources: BufferingResources = request.app.state.resources
    answer = BufferedAnswer(resources.buffers, resources.database, resources.identity(caller))
    try:
        yield answer
    finally:
        await answer.close()


AnswerDep = Annotated[BufferedAnswer, Depends(_buffered, scope="request")]
"""A long answer as the caller, from one moment of the database; gone once it has been sent."""
