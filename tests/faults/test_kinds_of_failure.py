"""Each way in which a provider fails, met by either role: how the run stands, what its row says,
how its calls ended, and that the books agree with what the model's server counted.

Faults strike every request from the third on: the first two are the probes of both models. What is
only another body of the same kind is tried call by call, in `test_odd_answers.py`.
"""

from datetime import timedelta
from enum import Enum, auto
from functools import partial
from typing import Any, NamedTuple

import pytest
from induction.providers import Api, Provider
from offline_model.app import create_app
from offline_model.settings import Fault, OfflineSettings, Role
from pydantic import SecretStr

from tests.faults.accounting import Books, Counted, books, counted
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving, until
from tests.induction.runs.driving import ENDS, reached, shown, sql, start

pytestmark = pytest.mark.law

ROLES = [Role.TASK, pytest.param(Role.PROPOSER, marks=pytest.mark.storm)]
"""The proposer's half of the table runs with `make faults`."""
MODELS = {"task": "local/claude-haiku-5-5", "proposer": "local/claude-sonnet-5-5"}
CASES = 40
ALWAYS = 1_000_000
HOUR = 3_600.0


class Billing(Enum):
    """What is booked for attempts that met the fault."""

    NOTHING = auto()  # refused, and so not billed
    BOUND = auto()  # perhaps billed: each attempt is held at what it can cost at most
    USED = auto()  # answered: what was used
    UNMETERED = auto()  # answered, and not how much was used: what the call can cost at most


class Row(NamedTuple):
    """`task` and `proposer`: how the run stands where that role meets the fault, and the beginning
    of its reason; `outcome`: how the calls that met it ended, None where they are still open."""

    fault: Fault
    billing: Billing
    outcome: str | None
    task: tuple[str, str]
    proposer: tuple[str, str]
    retry_after: float = 1.0


def parked(fault: Fault, why: str, *, retry_after: float = 1.0) -> Row:
    """The provider asks for patience."""
    at = ("parked", why)
    return Row(fault, Billing.NOTHING, None, at, at, retry_after)


def away(fault: Fault, why: str, billing: Billing = Billing.BOUND) -> Row:
    """Nothing is answered; the run is parked and looks again."""
    at = ("parked", f"The provider does not answer: {why}.")
    return Row(fault, billing, None, at, at)


def final(fault: Fault, why: str, outcome: str | None = None) -> Row:
    """No later call can succeed before a person acts."""
    at = ("failed", f"The provider stopped the run: {why}")
    return Row(fault, Billing.NOTHING, outcome, at, at)


def unusable(fault: Fault, outcome: str) -> Row:
    """A task model that answers nothing usable has no prompt to improve; a proposer that does
    proposes nothing."""
    failed = ("failed", "nearly no answer of the model is usable")
    return Row(fault, Billing.USED, outcome, failed, ("completed", ""))


def unmetered(fault: Fault) -> Row:
    return Row(fault, Billing.UNMETERED, "ok", ("completed", ""), ("completed", ""))


PATIENCE = "status 429: too many requests"
NO_MESSAGE = "what comes back is no message"
TABLE = [
    parked(Fault.RATE_LIMITED, PATIENCE),
    parked(Fault.RATE_LIMITED, PATIENCE, retry_after=HOUR),
    parked(Fault.RATE_LIMITED_BARE, PATIENCE),
    parked(Fault.BAD_RETRY_AFTER, PATIENCE),
    final(Fault.SPEND_LIMIT, "status 429: the spend limit is reached"),
    final(Fault.UNAUTHORIZED, "status 401: the key is not taken"),
    final(Fault.PAYMENT_DUE, "status 402: payment is due"),
    final(Fault.FORBIDDEN, "status 403: the key may not do this"),
    final(Fault.NOT_FOUND, "status 404: there is no such model or address"),
    final(Fault.REJECTED, "status 400: the request is not taken"),
    Row(
        Fault.TOO_LARGE,
        Billing.NOTHING,
        "too_long",
        ("failed", "the prompt is too long for the model's window"),
        ("completed", ""),
    ),
    away(Fault.OVERLOADED, "status 529: overloaded", Billing.NOTHING),
    away(Fault.SERVER_ERROR, "status 500", Billing.NOTHING),
    away(Fault.NO_ANSWER, "no answer comes in time"),
    away(Fault.CUT_STREAM, "the connection breaks off"),
    away(Fault.HTML, NO_MESSAGE),
    away(Fault.BROKEN_BODY, NO_MESSAGE),
    unusable(Fault.CUT, "cut"),
    unusable(Fault.REFUSED, "refused"),
    unusable(Fault.BROKEN_JSON, "malformed"),
    unmetered(Fault.USAGE_MISSING),
    unmetered(Fault.USAGE_NEGATIVE),
]
CALLS_OF = """
SELECT DISTINCT coalesce(outcome, 'open') AS outcome FROM llm_calls
WHERE run_id = $1 AND purpose = $2
"""


@pytest.fixture(scope="module")
async def stack(databases: Databases, servers: Servers) -> Any:
    async with opened(
        databases, servers, provider="anthropic", providers={"local": at("http://127.0.0.1:1")}
    ) as made:
        yield made


def at(url: str, identity: str | None = None) -> Provider:
    return Provider(api=Api.MESSAGES, base_url=url, api_key=SecretStr("any"), identity=identity)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.fault.value}-{row.retry_after:g}")
async def test_each_failure_has_its_end_its_outcome_and_its_price(
    stack: Stack, row: Row, role: Role
) -> None:
    task = f"{row.fault}_{row.retry_after:g}_{role}"
    await make_task(stack, task, cases=CASES)
    # The first iteration is the ladder's; a proposer comes after it.
    limits = {"iterations": 1 if role is Role.TASK else 2, "money_usd": 20}
    run = await start(stack, task, models=MODELS, limits=limits)
    # Answers of the task model are shared by the rows in which it is the proposer that fails.
    identity = task if role is Role.TASK else "shared"
    async with (
        serving(create_app(failing(row, role))) as url,
        stack.working(
            hasty=True,
            patience=timedelta(seconds=0.5),
            providers={"local": at(url, identity)},
            outage_seconds=HOUR,
            concurrency=4,
        ),
    ):
        seen = await reached(stack, run, "parked", *ENDS)
        check(row, role, await counted(url), await books(stack, run))
        status, reason = row.task if role is Role.TASK else row.proposer
        assert seen["status"] == status, seen["reason"]
        assert seen["reason"].startswith(reason)
        outcomes = {one["outcome"] for one in await sql(stack, CALLS_OF, run, role.value)}
        assert (row.outcome or "open") in outcomes
        assert row.outcome is None or "open" not in outcomes
        if status == "parked":
            await stack.induction.post(f"/v1/runs/{run}/cancel")
            assert (await reached(stack, run))["status"] == "cancelled"
            check(row, role, await counted(url), await books(stack, run))


def failing(row: Row, role: Role) -> OfflineSettings:
    """With some noise, so that no baseline is perfect and leaves nothing to propose."""
    return OfflineSettings(
        noise=0.2,
        faults={row.fault: 1},
        fault_role=role,
        fault_from=3,
        fault_arrivals=ALWAYS,
        retry_after_s=row.retry_after,
    )


def check(row: Row, role: Role, server: Counted, ours: Books) -> None:
    answered = sum(server.by_request.values())
    match row.billing:
        case Billing.NOTHING:
            assert (ours.attempts, ours.booked) == (answered, server.usd)
            assert ours.held_open == 0
        case Billing.BOUND:
            assert ours.attempts == server.arrived > answered
            assert ours.held_open > 0
            assert server.usd < ours.booked
        case Billing.USED:
            assert (ours.attempts, ours.booked) == (server.arrived, server.usd)
        case Billing.UNMETERED:
            assert ours.attempts == server.arrived == answered
            assert server.usd < ours.booked


async def test_a_rest_of_an_hour_stands_in_the_row(stack: Stack) -> None:
    row = parked(Fault.RATE_LIMITED, PATIENCE, retry_after=HOUR)
    await make_task(stack, "rests", cases=8)
    run = await start(stack, "rests", models=MODELS)
    async with serving(create_app(failing(row, Role.TASK))) as url:
        async with stack.working(providers={"local": at(url, "rests")}):
            await reached(stack, run, "parked")
        (waits,) = await sql(
            stack, "SELECT extract(epoch FROM not_before - now()) AS s FROM runs WHERE id = $1", run
        )
        assert HOUR - 60 < waits["s"] <= HOUR
        assert (await counted(url)).arrived <= 2 + stack.settings.concurrency


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param(
            *(Fault.NO_ANSWER, "calls are on their way, or wait for a slot of their provider."),
            marks=pytest.mark.long,
        ),
        (Fault.RATE_LIMITED, "status 429: too many requests."),
        pytest.param(Fault.SERVER_ERROR, "status 500.", marks=pytest.mark.long),
    ],
)
async def test_a_run_that_waits_within_its_calls_says_why_until_an_answer_comes(
    stack: Stack, fault: Fault, why: str
) -> None:
    """Nothing of such a wait is settled or an event, and it can last for minutes."""
    model = OfflineSettings(faults={fault: 1}, fault_from=2, fault_arrivals=3, retry_after_s=3)
    task = f"silent_{fault}"
    await make_task(stack, task, cases=8)
    run = await start(stack, task, kind="evaluate", models={"task": MODELS["task"]})
    async with serving(create_app(model)) as url:
        provider = at(url, task).model_copy(update={"timeout_seconds": 3})
        async with stack.working(providers={"local": provider}, silent_seconds=1, look_seconds=0.1):
            seen = await until(partial(_waits, stack, run))
            assert seen["reason"].endswith(why)
            await until(partial(_counts, stack, "runs_silent 1.0"))
            seen = await reached(stack, run)
    assert seen["status"] == "completed"
    assert NO_ANSWER not in (seen["reason"] or "")


NO_ANSWER = "No answer for more than 1 seconds: "


async def _waits(stack: Stack, run: str) -> dict[str, Any] | None:
    seen = await shown(stack, run)
    is_explained = (seen["reason"] or "").startswith(NO_ANSWER)
    return seen if seen["status"] == "running" and is_explained else None


async def _counts(stack: Stack, line: str) -> bool:
    return line in (await stack.induction.get("/metrics")).text


async def test_runs_that_no_worker_takes_are_counted(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as stack:
        await make_task(stack, "left", cases=8)
        run = await start(stack, "left", kind="evaluate")
        await until(partial(_counts, stack, "runs_waiting 1.0"))
        lost = "UPDATE runs SET status = 'running', lease_until = now() WHERE id = $1"
        await sql(stack, lost, run)
        await until(partial(_counts, stack, "runs_without_worker 1.0"))
