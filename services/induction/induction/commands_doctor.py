"""`induction doctor`: whether everything the service needs is there, a line each."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import httpx2
from nlu_shared.kit.data.db import open_database
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.process.checks import (
    SECONDS,
    Check,
    State,
    check_database,
    check_redis,
    exit_code,
    ok,
    problem,
    read_settings,
    warning,
)
from nlu_shared.schemas.models import ModelsView, ModelView, ProviderView, Reach

from induction.catalogue import service as catalogue
from induction.migrations import SCRIPTS
from induction.resources import APP_IDENTITY
from induction.settings import Settings

LOGGER = "nlu-logger"


@dataclass(frozen=True, slots=True)
class Gate:
    """A request that only a key with `scope` gets past, and that changes nothing: what may not be
    done is refused before the body is read, and an empty body asks for nothing."""

    method: str
    path: str
    scope: str
    state: State
    without: str


GATES = (
    Gate(
        "GET",
        "/v1/ground-truth/erased?after=0&limit=1",
        "ground-truth:read",
        State.PROBLEM,
        "no run can start",
    ),
    Gate(
        "GET",
        "/v1/insights/live-f1?task=nobodys",
        "insights:read",
        State.WARNING,
        "no falling score starts a run",
    ),
    Gate(
        "POST",
        "/v1/reviews/findings",
        "findings:write",
        State.WARNING,
        "doubted labels reach no reviewer",
    ),
    Gate(
        "PUT",
        "/v1/tasks/nobodys/labels",
        "labels:write",
        State.WARNING,
        "tasks cannot define their labels from here",
    ),
)
ANSWERS = {
    Reach.REACHABLE: "answers",
    Reach.IN_PROCESS: "the offline model answers in each process",
    Reach.KEY_REFUSED: "refuses the key: set another one",
    Reach.AWAY: "does not answer: is the address right, and may this machine go there?",
    Reach.FAILING: "answers with an error: look at its status page or its log",
}


def doctor() -> None:
    """Looks at settings, database, Redis, nlu-logger, providers, prices and retiring models.

    Says what to do; fails on a problem, not on a warning.
    """
    settings, read = read_settings(Settings)
    checks = [read]
    if settings is not None:
        checks += asyncio.run(_looked(settings))
    for one in checks:
        print(one)
    sys.exit(exit_code(checks))


async def _looked(settings: Settings) -> list[Check]:
    database, redis, logger = await asyncio.gather(
        check_database(settings.database, APP_IDENTITY, SCRIPTS, migrate="induction migrate"),
        check_redis(settings.redis),
        _logger(settings),
    )
    if database.state is not State.OK:
        return [database, redis, *logger, warning("models", "not looked at without the database")]
    return [database, redis, *logger, *await _models(settings)]


async def _logger(settings: Settings) -> list[Check]:
    key = settings.nlu_logger_key.get_secret_value()
    async with httpx2.AsyncClient(
        base_url=settings.nlu_logger_url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=SECONDS,
    ) as http:
        try:
            return [_scope(gate, await _knock(http, gate)) for gate in GATES]
        except (httpx2.HTTPError, httpx2.InvalidURL):
            words = "does not answer: is it up, and is INDUCTION_NLU_LOGGER_URL right?"
            return [problem(LOGGER, words)]


async def _knock(http: httpx2.AsyncClient, gate: Gate) -> int:
    content = None if gate.method == "GET" else b"{}"
    headers = {"content-type": "application/json"}
    answer = await http.request(gate.method, gate.path, content=content, headers=headers)
    return answer.status_code


def _scope(gate: Gate, status: int) -> Check:
    if status == HTTPStatus.UNAUTHORIZED:
        return problem(LOGGER, "it does not know the key: set INDUCTION_NLU_LOGGER_KEY")
    if status == HTTPStatus.FORBIDDEN:
        words = f"its key lacks the scope {gate.scope}: {gate.without}"
        return Check(LOGGER, gate.state, words)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(LOGGER, f"it answers {status}: run `nlu-logger doctor` there")
    return ok(LOGGER, f"answers, and its key has the scope {gate.scope}")


async def _models(settings: Settings) -> list[Check]:
    try:
        async with open_database(settings.database, pool_size=1) as database:
            seen = await catalogue.overview(database, APP_IDENTITY, settings)
    except ServiceError as away:
        return [problem("models", f"they cannot be read: {away}")]
    return [*_providers(seen), *map(_model, seen.models)]


def _providers(seen: ModelsView) -> Iterator[Check]:
    for one in seen.providers:
        yield Check(f"provider {one.name}", _severity(one), ANSWERS[one.reachable])


def _severity(provider: ProviderView) -> State:
    if provider.reachable.is_good:
        return State.OK
    return State.PROBLEM if provider.is_default else State.WARNING


def _model(one: ModelView) -> Check:
    what = f"model {one.model}"
    if one.is_billed and not one.priced:
        return problem(what, f"{one.warning}")
    if one.warning is not None:
        return warning(what, one.warning)
    if one.price is None:
        return ok(what, "has no price, and needs none")
    return ok(what, f"{one.price.input} in, {one.price.output} out, dollars a million tokens")
