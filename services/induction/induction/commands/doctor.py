"""`induction doctor`: whether everything the service needs is there, a line each."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx2
from cyclopts import Parameter
from nlu_shared.certificates import trusted
from nlu_shared.kit.data.db import Database, open_database, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.outward import notify
from nlu_shared.kit.process.checks import (
    SECONDS,
    Check,
    CheckState,
    check_clock,
    check_database,
    check_disk,
    check_mail,
    check_redis,
    exit_code,
    ok,
    problem,
    read_settings,
    warning,
)
from nlu_shared.schemas.models import ModelsView, ModelView, ProviderView, Reach
from nlu_shared.schemas.runs import RunStatus

from induction.catalogue import service as catalogue
from induction.llm import trial
from induction.llm.adapters.factory import adapters
from induction.llm.adapters.models import Models
from induction.migrations import SCRIPTS
from induction.pricing import service as pricing
from induction.resources import APP_IDENTITY
from induction.runs import backlog
from induction.runs.driving import standstill
from induction.runs.starting import costs
from induction.settings import Settings

LOGGER = "nlu-logger"
STALLED = timedelta(seconds=60)
MOST_RUNS = 20
Ask = Annotated[bool | None, Parameter(name="--ask", negative="--no-ask")]


@dataclass(frozen=True, slots=True)
class Gate:
    """A request that only a key with `scope` gets past, and that changes nothing: what may not be
    done is refused before the body is read, and an empty body asks for nothing."""

    method: str
    path: str
    scope: str
    state: CheckState
    without: str


GATES = (
    Gate(
        "GET",
        "/v1/ground-truth/erased?after=0&limit=1",
        "ground-truth:read",
        CheckState.PROBLEM,
        "no run can start",
    ),
    Gate(
        "GET",
        "/v1/insights/live-f1?task=nobodys",
        "insights:read",
        CheckState.WARNING,
        "no falling score starts a run",
    ),
    Gate(
        "GET",
        "/v1/predictions?task=nobodys&limit=1",
        "predictions:read",
        CheckState.WARNING,
        "no version can be put to logged traffic",
    ),
    Gate(
        "POST",
        "/v1/reviews/findings",
        "findings:write",
        CheckState.WARNING,
        "doubted labels reach no reviewer",
    ),
    Gate(
        "PUT",
        "/v1/tasks/nobodys/labels",
        "labels:write",
        CheckState.WARNING,
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


def doctor(*, ask: Ask = None) -> None:
    """Looks at settings, database, clock, Redis, disks, nlu-logger, providers, prices, retiring
    models and runs that stand still.

    Says what to do; fails on a problem, not on a warning.

    Parameters
    ----------
    ask
        Send each model in use one small question, which may cost a fraction of a cent. Without
        either option a terminal is asked first; anything else asks no model.
    """
    settings, read = read_settings(Settings)
    checks = [read]
    if settings is not None:
        checks += asyncio.run(_looked(settings, ask))
    for one in checks:
        print(one)
    sys.exit(exit_code(checks))


async def _looked(settings: Settings, ask: bool | None) -> list[Check]:
    database, clock, redis, logger = await asyncio.gather(
        check_database(settings.database, APP_IDENTITY, SCRIPTS, migrate="induction migrate"),
        check_clock(settings.database, APP_IDENTITY),
        check_redis(settings.redis),
        _logger(settings),
    )
    checks = [database, clock, redis, *_disks(settings), *await _mail(settings), *logger]
    if database.state is not CheckState.OK:
        return [*checks, warning("models", "not looked at without the database")]
    return [*checks, *await _with_database(settings, ask)]


def _disks(settings: Settings) -> Iterator[Check]:
    yield check_disk("temporary files", Path(tempfile.gettempdir()))
    if settings.smtp_url is None and settings.mail_dir is not None and settings.mail_dir.is_dir():
        yield check_disk("mails", settings.mail_dir)


async def _mail(settings: Settings) -> list[Check]:
    if settings.smtp_url is None:
        return []
    unreached = await notify.unreached(settings.smtp_url.get_secret_value())
    return [check_mail("INDUCTION_SMTP_URL", unreached)]


async def _logger(settings: Settings) -> list[Check]:
    key = settings.nlu_logger_key.get_secret_value()
    async with httpx2.AsyncClient(
        base_url=settings.nlu_logger_url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=SECONDS,
        verify=trusted(),
    ) as http:
        try:
            # A key that is not known is one line, and not one a gate.
            return [*dict.fromkeys([_scope(gate, await _knock(http, gate)) for gate in GATES])]
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


async def _with_database(settings: Settings, ask: bool | None) -> list[Check]:
    try:
        async with open_database(settings.database, pool_size=1) as database:
            async with session_scope(database, APP_IDENTITY) as session:
                runs = await backlog.stalled(session, longer=STALLED, most=MOST_RUNS)
            seen = await catalogue.overview(database, APP_IDENTITY, settings)
            questions = await _questions(database, settings, seen, ask)
    except ServiceError as away:
        return [problem("models", f"they cannot be read: {away}")]
    return [*_providers(seen), *map(_model, seen.models), *questions, *_runs(runs)]


async def _questions(
    database: Database, settings: Settings, seen: ModelsView, ask: bool | None
) -> list[Check]:
    """One small question to each model in use, as whoever names it for a task asks it; its cost is
    booked in the month. What it reveals is a warning: a provider that refuses has its problem."""
    names = [one.model for one in seen.models if one.priced or not one.is_billed]
    async with session_scope(database, APP_IDENTITY) as session:
        table = await pricing.table(session, settings)
    most = costs.of_probes(names, settings.models_of, pricing.utc_today(), table)
    if not names or not (_agreed(names, most) if ask is None else ask):
        return []
    models = Models(
        settings.models_of, adapters(settings.models_of), concurrency=settings.concurrency
    )
    cap = Decimal(str(settings.month_cap_usd))
    try:
        remarks = [
            await trial.remarks_on(database, APP_IDENTITY, models, name, table, month_cap=cap)
            for name in names
        ]
    finally:
        await models.close()
    return [
        warning(f"question to {name}", " ".join(remark))
        if remark
        else ok(f"question to {name}", "can be used")
        for name, remark in zip(names, remarks, strict=True)
    ]


def _agreed(names: Sequence[str], most: Decimal) -> bool:
    """What a person at a terminal answers; no where nobody sits there."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    question = (
        f"Send {', '.join(names)} one small question each, at most {most:.6f} dollars? [y/N] "
    )
    return input(question).strip().lower() in {"y", "yes"}


def _runs(stalled: Sequence[Mapping[Any, Any]]) -> Iterator[Check]:
    if not stalled:
        yield ok("runs", f"none stands still for {STALLED.seconds} seconds")
    for run in stalled:
        words = f"{run['task']}, {run['status']}, no progress for {run['seconds']:.0f} seconds"
        state = CheckState.PROBLEM if run["status"] == RunStatus.WAITING else CheckState.WARNING
        yield Check(f"run {run['id']}", state, f"{words}: {_why(run)}")


def _why(run: Mapping[Any, Any]) -> str:
    match RunStatus(run["status"]):
        case RunStatus.PAUSED:
            return f"{standstill.why(run)}: POST /v1/runs/{run['id']}/resume"
        case RunStatus.AWAITING_APPROVAL:
            return f"{standstill.why(run)}: induction runs approve {run['id']}"
        case _:
            return standstill.why(run)


def _providers(seen: ModelsView) -> Iterator[Check]:
    for one in seen.providers:
        yield Check(f"provider {one.name}", _severity(one), ANSWERS[one.reachable])


def _severity(provider: ProviderView) -> CheckState:
    if provider.reachable.is_good:
        return CheckState.OK
    return CheckState.PROBLEM if provider.is_default else CheckState.WARNING


def _model(one: ModelView) -> Check:
    what = f"model {one.model}"
    if one.is_billed and not one.priced:
        return problem(what, f"{one.warning}")
    if one.warning is not None:
        return warning(what, one.warning)
    if one.price is None:
        return ok(what, "has no price, and needs none")
    return ok(what, f"{one.price.input} in, {one.price.output} out, dollars a million tokens")
