"""Who may see the pages of a house: a cookie shows the login, each change its proof as well."""

import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Request, Response, Security
from fastapi.security import SecurityScopes

from nlu_shared.kit.access import logins
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import Forbidden, NotFound, ServiceError, Unauthenticated
from nlu_shared.kit.http.deps import WebResources, address_of
from nlu_shared.kit.pages import forms
from nlu_shared.kit.pages.house import HEADERS, House
from nlu_shared.schemas.base import Schema

PREFIX = "/dashboard"
START = f"{PREFIX}/start"
OURS = re.compile(rf"{PREFIX}(?:[/?][!-\[\]-~]{{0,2000}})?")
"""The address of a page of this service, as it stands on the wire; of no other host."""


class LogInFirst(ServiceError):
    """Sends a browser to the page where it can log in, and from there to what it wanted."""

    status = 303
    code = "log_in_first"
    title = "Log in first"

    def __init__(self, page: str | None) -> None:
        leads = f"?next={quote(page)}" if page else ""
        super().__init__(headers={"Location": f"{PREFIX}/login{leads}"})


class UnknownKey(Unauthenticated):
    """A key was shown; that one is needed would be no answer."""

    code = "unknown_key"
    title = "This key is not known here"
    WHY = (
        "This key is not known here: it may be another service's, revoked or past its end, or not"
        " all of it was pasted."
    )


class KeyShown(Schema):
    key: str


class Entrance:
    """Logs in, and lets in. `router` are the routes of the one, `needs` the condition of the
    other; `root` is the address of the service itself, which people type."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.router = APIRouter(prefix=PREFIX, include_in_schema=False)
        self.router.get("/static/{name}")(self._static)
        self.router.get("/login")(self._show_login)
        self.router.post("/login", status_code=204)(self._log_in)
        self.router.post("/enter", status_code=303)(self._enter)
        self.router.post("/logout", status_code=204, dependencies=[self.needs()])(self._log_out)
        self.router.post("/leave", status_code=303, dependencies=[self.needs()])(self._leave)
        self.router.get("/start", status_code=303)(self._first_page())
        self.root = APIRouter(include_in_schema=False)
        self.root.get("/")(self._lead_in)

    def needs(self, *scopes: str) -> Any:
        """A login whose key has all of these scopes, and is for the `{task}` of the path, if any.
        A dependency that gives the login."""
        return Security(self._authenticate, scopes=list(scopes))

    async def _authenticate(
        self,
        scopes: SecurityScopes,
        request: Request,
        shown: Annotated[str | None, Header(alias="x-proof")] = None,
    ) -> Login:
        is_page = request.method == "GET" or forms.is_form(request)
        resources: WebResources = request.app.state.resources
        try:
            token = request.cookies.get(self._house.cookie)
            login = await logins.find(resources.authenticator, token)
        except Unauthenticated:
            raise (LogInFirst(_address(request)) if is_page else Unauthenticated()) from None
        resources.limits.admit(login.caller.subject, request.method)
        if request.method != "GET":
            login.check(shown or await forms.proof(request))
        request.state.login = login
        for scope in scopes.scopes:
            if not login.caller.has(scope):
                raise Forbidden(f"The scope {scope} is needed.")
        if "task" in request.path_params:
            own_task(login.caller, request.path_params["task"])
        request.state.caller = login.caller
        return login

    def refused(self, request: Request, error: ServiceError) -> Response | None:
        """A refusal as a browser shows it; None for what does not ask for a page."""
        is_page = request.method == "GET" or forms.is_form(request)
        if (
            not (is_page and request.url.path.startswith(PREFIX))
            or error.status < 400
            or not _is_browser(request)
        ):
            return None
        login: Login | None = getattr(request.state, "login", None)
        page = self._house.page(
            "refused.html",
            login,
            status=error.status,
            at=None,
            error=error,
            request_id=getattr(request.state, "request_id", None),
        )
        page.headers.update(error.headers)
        return page

    async def _lead_in(self, request: Request) -> Response:
        """A browser is led to its first page; to a program there is nothing here."""
        if not _is_browser(request):
            raise NotFound
        return Response(status_code=303, headers={"Location": START})

    async def _static(self, name: str) -> Response:
        file = self._house.file(name)
        if file is None:
            raise NotFound("There is no such file.")
        body, media_type = file
        headers = HEADERS | {"Cache-Control": "max-age=300"}
        return Response(body, media_type=media_type, headers=headers)

    async def _show_login(self, request: Request) -> Response:
        return self._house.page("login.html", None, refused=None, next=_next(request))

    async def _log_in(self, body: KeyShown, request: Request) -> Response:
        return self._with_cookie(request, (await self._login(body, request)).token)

    async def _enter(
        self, request: Request, form: Annotated[KeyShown, forms.form_of(KeyShown)]
    ) -> Response:
        """The same by a form, for a browser without scripts."""
        try:
            login = await self._login(form, request)
        except Unauthenticated as refused:
            return self._house.page(
                "login.html", None, status=401, refused=refused.detail, next=_next(request)
            )
        to = _next(request) or self._house.first(login)
        return self._with_cookie(request, login.token, to=to)

    async def _leave(self, request: Request) -> Response:
        await self._log_out(request)
        return self._with_cookie(request, "", to=f"{PREFIX}/login")

    async def _login(self, body: KeyShown, request: Request) -> Login:
        """No proof is asked: whoever can show the key may use it.

        Nobody is turned away for what others of their address have tried; keys are looked up one
        after the other instead.
        """
        resources: WebResources = request.app.state.resources
        try:
            async with resources.limits.lookups:
                return await logins.log_in(resources.authenticator, body.key.strip())
        except Unauthenticated:
            resources.limits.count_failure(address_of(request))
            raise UnknownKey(UnknownKey.WHY) from None

    async def _log_out(self, request: Request) -> Response:
        login: Login = request.state.login
        await logins.log_out(request.app.state.resources.authenticator, login.token)
        return self._with_cookie(request, "")

    def _first_page(self) -> Any:
        async def show_first_page(login: Annotated[Login, self.needs()]) -> Response:
            return Response(status_code=303, headers={"Location": self._house.first(login)})

        return show_first_page

    def _with_cookie(self, request: Request, token: str, *, to: str | None = None) -> Response:
        """Sends a browser on to a page, if there is one to go to."""
        secure = request.url.scheme == "https"
        made = logins.cookie(self._house.cookie, token, path=PREFIX, secure=secure)
        leads = {} if to is None else {"Location": to}
        return Response(
            status_code=204 if to is None else 303, headers={"Set-Cookie": made, **leads}
        )


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _address(request: Request) -> str | None:
    """Of the page that is asked for; None for a change, which nobody makes by an address."""
    if request.method != "GET":
        return None
    path, query = request.scope["raw_path"], request.scope["query_string"]
    address = (path + (b"?" + query if query else b"")).decode("latin-1")
    return address if OURS.fullmatch(address) and address not in (PREFIX, START) else None


def _next(request: Request) -> str | None:
    """Where a login leads, if it is a page of ours."""
    target = request.query_params.get("next", "")
    return target if OURS.fullmatch(target) else None


def button(router: APIRouter, path: str, does: Callable[..., Any], *needs: Any, **how: Any) -> None:
    """What the API does, for who has logged in: `needs` are the page's conditions, `how` what else
    the route says."""
    router.post(path, dependencies=list(needs), name=f"press_{does.__name__}", **how)(does)
