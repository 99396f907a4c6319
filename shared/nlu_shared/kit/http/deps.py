"""What a route asks for in its signature: a proven caller, and a session that acts for them.

`requires("room:verb")` stands on every route; without it there is no caller and no session. A
`{task}` in the path must be one of the caller's key's.

A key or token is looked at once for each request: before its body is read, where it has one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from fastapi.security.utils import get_authorization_scheme_param
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.access.auth import Authenticator, Caller, own_task
from nlu_shared.kit.data.db import Database, Identity, session_scope, snapshot_scope
from nlu_shared.kit.errors import Forbidden, ServiceError, Unauthenticated
from nlu_shared.kit.http.buffering import BufferedAnswer, Buffers
from nlu_shared.kit.http.limits import RateLimits

_bearer = HTTPBearer(auto_error=False, description="An API key (nlk_…) or an end user's JWT")

FOR_CALLERS = ("/v1/", "/ofrep/")
"""Below these every route needs a caller."""


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


async def authenticate(scopes: SecurityScopes, request: Request, bearer: Bearer) -> Caller:
    """The caller of this request, known by key or token and holding `scopes`."""
    if bearer is None:
        raise Unauthenticated
    return _permitted(scopes, request, await _identify(request, bearer.credentials))


async def prove_by(
    scopes: SecurityScopes, request: Request, look_up: Callable[[], Awaitable[Caller]]
) -> Caller:
    """The same by another proof, of which nobody is known beforehand."""
    return _permitted(scopes, request, await _looked_up(request, look_up, is_familiar=False))


async def admit(request: Request) -> bool:
    """Whether who sends a body is known, for `kit.http.guard`: nothing is read of strangers where
    only callers may come. Raises Unauthenticated, and TooMany for an address that guesses."""
    if not request.url.path.startswith(FOR_CALLERS):
        return False
    scheme, credential = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer":
        raise Unauthenticated
    await _identify(request, credential)
    return True


async def _identify(request: Request, credential: str) -> Caller:
    known: Caller | None = getattr(request.state, "identified", None)
    if known is None:
        authenticator = request.app.state.resources.authenticator
        known = request.state.identified = await _looked_up(
            request,
            partial(authenticator.authenticate, credential),
            is_familiar=authenticator.knows(credential),
        )
    return known


async def _looked_up(
    request: Request, look_up: Callable[[], Awaitable[Caller]], *, is_familiar: bool
) -> Caller:
    """Strangers are turned away before anything is looked up; who `is_familiar` is not made to
    suffer for those who share the address."""
    resources: WebResources = request.app.state.resources
    address = address_of(request)
    if not is_familiar:
        resources.limits.admit_anonymous(address)
    try:
        return await look_up()
    except Unauthenticated:
        resources.limits.count_failure(address)
        raise


def _permitted(scopes: SecurityScopes, request: Request, caller: Caller) -> Caller:
    resources: WebResources = request.app.state.resources
    resources.limits.admit(caller.subject, request.method)
    for scope in scopes.scopes:
        if not caller.has(scope):
            raise Forbidden(f"The scope {scope} is needed.")
    if "task" in request.path_params:
        own_task(caller, request.path_params["task"])
    request.app.check_query(request)
    request.state.caller = caller
    return caller


def address_of(request: Request) -> str:
    """Where the request comes from; behind a proxy that is named in the settings, its client's."""
    return request.client.host if request.client else ""


def requires(scope: str) -> Any:
    """For a route's or router's `dependencies`: the caller must be known and hold `scope`."""
    return Security(authenticate, scopes=[scope])


async def _caller(request: Request) -> Caller:
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Unauthenticated
    return caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _of_every_task(caller: CallerDep) -> None:
    if not caller.covers(None):
        raise Forbidden("This is of every task, and this key is not for all of them.")


of_every_task = Depends(_of_every_task)
"""For what is kept of all tasks together: a key that is limited to some does not open it."""


async def _session(request: Request, caller: CallerDep) -> AsyncIterator[AsyncSession]:
    resources: WebResources = request.app.state.resources
    kept: ServiceError | None = None
    async with session_scope(resources.database, resources.identity(caller)) as session:
        try:
            yield session
        except ServiceError as refused:
            if not refused.commit_on_error:
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


async def settings_of(request: Request) -> Any:
    """The service's own, which its routes annotate as what they are:
    `Annotated[Settings, Depends(settings_of)]`."""
    return request.app.state.resources.settings


async def _authenticator(request: Request) -> Authenticator:
    resources: WebResources = request.app.state.resources
    return resources.authenticator


AuthenticatorDep = Annotated[Authenticator, Depends(_authenticator)]
"""Who looks keys up."""


class BufferingResources(WebResources, Protocol):
    """What a service offers whose answers may be longer than their clients are fast."""

    @property
    def buffers(self) -> Buffers: ...


async def _buffered(request: Request, caller: CallerDep) -> AsyncIterator[BufferedAnswer]:
    resources: BufferingResources = request.app.state.resources
    answer = BufferedAnswer(
        resources.buffers,
        resources.database,
        resources.identity(caller),
        partial(resources.authenticator.while_standing, caller),
    )
    try:
        yield answer
    finally:
        await answer.close()


AnswerDep = Annotated[BufferedAnswer, Depends(_buffered, scope="request")]
"""A long answer as the caller, from one moment of the database; gone once it has been sent."""
