"""`doctor` of both services: a line for each thing, 1 on a problem, and what to do."""

import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fixtures.commands import Ended, typed
from tests.fixtures.databases import Databases
from tests.fixtures.issuer import issuing
from tests.fixtures.labelled import make_task
from tests.fixtures.receiver import mailbox
from tests.fixtures.servers import Servers
from tests.fixtures.stack import JWT_SECRET, Stack
from tests.induction.pricing.billed import OWN, billed, put
from tests.induction.runs.driving import sql, start

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
async def paid(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    async with billed(databases, servers) as stack:
        yield stack


async def doctor(stack: Stack, *words: str, **changed: str) -> Ended:
    env = os.environ | stack.environment() | changed
    return await typed("induction", "doctor", *words, env=env)


def of_logger(stack: Stack) -> Mapping[str, str]:
    return {
        "NLU_LOGGER_DATABASE_URL": stack.logger_database.app_url,
        "NLU_LOGGER_REDIS_URL": stack.settings.redis,
        "NLU_LOGGER_JWT_SECRET": JWT_SECRET,
    }


def lines(ended: Ended, state: str) -> list[str]:
    return [one for one in ended.printed.splitlines() if one.startswith(state)]


async def key_of_logger(stack: Stack, *scopes: str) -> str:
    body = {"name": "of induction", "scopes": list(scopes)}
    return str((await stack.logger.post("/v1/admin/keys", json=body)).json()["key"])


async def test_where_all_is_well_it_says_so_and_exits_with_0(paid: Stack) -> None:
    ended = await doctor(paid)
    assert (ended.code, ended.complained) == (0, ""), ended.printed
    assert len(lines(ended, "ok")) == len(ended.printed.splitlines())
    for what in ("settings", "database", "clock", "redis", "nlu-logger", "provider anthropic"):
        assert f"ok       {what}: " in ended.printed
    assert "ok       disk of temporary files: " in ended.printed
    assert "ok       runs: none stands still" in ended.printed
    assert "question to" not in ended.printed


@pytest.mark.law
async def test_a_model_is_asked_one_small_question_where_that_is_wanted(paid: Stack) -> None:
    booked = "SELECT coalesce(sum(usd), 0)::float8 FROM month_spend"
    ((before,),) = await sql(paid, booked)
    ended = await doctor(paid, "--ask")
    assert ended.code == 0, ended.printed
    for model in (paid.settings.task_model, paid.settings.proposer_model):
        assert f"ok       question to anthropic/{model}: can be used" in ended.printed
    ((after,),) = await sql(paid, booked)
    assert 0 < after - before < 0.01


async def test_a_run_that_stands_still_is_named_with_what_it_waits_for(paid: Stack) -> None:
    await make_task(paid, "standing", cases=16)
    run = await start(paid, "standing", kind="evaluate")
    await sql(paid, "UPDATE runs SET created_at = now() - interval '2 minutes'")
    (line,) = lines(await doctor(paid), "problem")
    assert line.startswith(f"problem  run {run}: standing, waiting, no progress for 12")
    assert "no worker takes it" in line
    await sql(paid, "UPDATE runs SET status = 'parked', not_before = now(), reason = 'away'")
    (line,) = lines(await doctor(paid), "warning")
    assert "away; it goes on by itself at" in line
    await sql(paid, "UPDATE runs SET status = 'cancelled', completed_at = now()")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"INDUCTION_DATABASE_URL": ""}, "set INDUCTION_DATABASE_URL"),
        (
            {"INDUCTION_DATABASE_URL": "postgresql://nobody:x@127.0.0.1:9/nowhere"},
            "database: it does not answer",
        ),
        ({"INDUCTION_NLU_LOGGER_URL": NOWHERE}, "INDUCTION_NLU_LOGGER_URL"),
        ({"INDUCTION_NLU_LOGGER_KEY": "nlk_" + "x" * 43}, "set INDUCTION_NLU_LOGGER_KEY"),
        ({"ANTHROPIC_BASE_URL": NOWHERE}, "provider anthropic: does not answer"),
        ({"INDUCTION_TASK_MODEL": "unheard-of"}, "PUT /v1/admin/prices"),
        ({"INDUCTION_PRICES_FILE": "/nowhere.json"}, "/nowhere.json: No such file"),
    ],
    ids=str,
)
async def test_a_problem_is_1_and_says_what_to_do(
    paid: Stack, changed: dict[str, str], words: str
) -> None:
    ended = await doctor(paid, **changed)
    assert ended.code == 1, ended.printed
    assert any(words in one for one in lines(ended, "problem")), ended.printed


async def test_a_database_of_an_older_version_is_to_be_migrated(
    paid: Stack, databases: Databases
) -> None:
    older = await databases.at("induction", "0019")
    ended = await doctor(paid, INDUCTION_DATABASE_URL=older.app_url)
    assert ended.code == 1
    assert any("run `induction migrate`" in one for one in lines(ended, "problem"))


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"user": "nobody"}, "database: The database does not take the password of this login."),
        ({"password": "wrong"}, "database: The database does not take the password of this login."),
        ({"path": "/gone"}, "database: There is no such database."),
        ({"port": "9"}, "database: it does not answer"),
    ],
    ids=str,
)
@pytest.mark.parametrize("program", ["induction", "nlu-logger"])
async def test_a_database_that_lets_nobody_in_is_a_line_that_says_what_to_do(
    paid: Stack, program: str, spoilt: dict[str, str], words: str
) -> None:
    name = f"{program.upper().replace('-', '_')}_DATABASE_URL"
    env = os.environ | paid.environment() | of_logger(paid)
    env[name] = spoiled(env[name], **spoilt)
    ended = await typed(program, "doctor", env=env)
    assert (ended.code, ended.complained) == (1, "")
    (line,) = [one for one in lines(ended, "problem") if words in one]
    assert "the URL of the app login right?" in line
    if "port" not in spoilt:
        served = await typed(program, "serve", "--port", "0", env=env)
        (complaint,) = served.complained.splitlines()
        assert (served.code, words.removeprefix("database: ") in complaint) == (1, True)


@pytest.mark.parametrize("whose", ["OWNER", "ADMIN"])
async def test_a_migration_by_a_login_that_is_refused_is_one_line(paid: Stack, whose: str) -> None:
    owner = paid.induction_database.owner_url
    env = {
        "INDUCTION_DATABASE_URL": paid.induction_database.app_url,
        "INDUCTION_OWNER_DATABASE_URL": owner,
        f"INDUCTION_{whose}_DATABASE_URL": spoiled(owner, password="wrong"),
    }
    ended = await typed("induction", "migrate", env=os.environ | env)
    (complaint,) = ended.complained.splitlines()
    words = "induction: The database does not take the password of this login."
    assert (ended.code, complaint) == (1, words)


def spoiled(url: str, **changed: str) -> str:
    """The address with another user, password, path or port."""
    parts = urlsplit(url)
    has = {"user": parts.username, "password": parts.password, "port": parts.port} | changed
    place = f"{has['user']}:{has['password']}@{parts.hostname}:{has['port']}"
    return parts._replace(netloc=place, path=changed.get("path", parts.path)).geturl()


async def test_a_redis_that_refuses_the_login_is_not_to_be_started(paid: Stack) -> None:
    there = urlsplit(paid.settings.redis)
    refused = there._replace(netloc=f"nobody:wrong@{there.hostname}:{there.port}").geturl()
    for program, env in (("induction", paid.environment()), ("nlu-logger", of_logger(paid))):
        name = f"{program.upper().replace('-', '_')}_REDIS_URL"
        ended = await typed(program, "doctor", env=os.environ | env | {name: refused})
        (line,) = [one for one in lines(ended, "warning") if "redis: " in one]
        assert "it refuses the login" in line
        assert "set user and password in its URL" in line
        assert "wrong" not in ended.printed


async def test_what_work_survives_is_a_warning(paid: Stack) -> None:
    away = await doctor(paid, INDUCTION_REDIS_URL="redis://127.0.0.1:9")
    assert (away.code, len(lines(away, "warning"))) == (0, 1)
    ending = await doctor(paid, INDUCTION_TASK_MODEL="claude-sonnet-4-5")
    assert ending.code == 0
    assert "retire" in lines(ending, "warning")[0]
    await put(paid, OWN)
    free = await doctor(paid, INDUCTION_TASK_MODEL="unheard-of")
    assert free.code == 0


async def test_scopes_that_the_key_lacks_are_named(paid: Stack) -> None:
    reading = await key_of_logger(paid, "ground-truth:read")
    some = await doctor(paid, INDUCTION_NLU_LOGGER_KEY=reading)
    assert some.code == 0
    named = " ".join(lines(some, "warning"))
    assert "findings:write" in named
    assert "labels:write" in named
    blind = await key_of_logger(paid, "findings:write", "labels:write")
    none = await doctor(paid, INDUCTION_NLU_LOGGER_KEY=blind)
    assert none.code == 1
    assert "ground-truth:read" in lines(none, "problem")[0]
    labels = await paid.logger.get("/v1/tasks/nobodys/labels")
    assert labels.json()["version"] == 0


async def test_no_key_is_printed(paid: Stack) -> None:
    key = "nlk_" + "y" * 43
    ended = await doctor(paid, INDUCTION_NLU_LOGGER_KEY=key, ANTHROPIC_API_KEY="sk-hidden")
    assert not [one for one in (key, "sk-hidden") if one in ended.printed + ended.complained]
    assert len([one for one in lines(ended, "problem") if "does not know the key" in one]) == 1


async def test_a_mail_server_is_greeted_where_there_is_one(paid: Stack) -> None:
    nowhere = "smtp://127.0.0.1:9"
    async with mailbox() as box:
        for program, env, setting in (
            ("induction", paid.environment(), "INDUCTION_SMTP_URL"),
            ("nlu-logger", of_logger(paid), "NLU_LOGGER_SMTP_URL"),
        ):
            there = await typed(program, "doctor", env=os.environ | env | {setting: box.url})
            assert "ok       mail: the server takes mails" in there.printed
            away = await typed(program, "doctor", env=os.environ | env | {setting: nowhere})
            assert (away.code, len(lines(away, "warning"))) == (0, 1)
            assert f"mail: smtp unreachable: reports and notices wait; look at {setting}" in (
                away.printed
            )
    assert not box.mails


async def test_keys_that_an_issuer_does_not_publish_are_a_problem(paid: Stack) -> None:
    env = {**os.environ, **of_logger(paid)}
    async with issuing() as issuer:
        issuer.key("RS256")
        settings = env | {"NLU_LOGGER_JWKS_URL": issuer.url}
        assert (await typed("nlu-logger", "doctor", env=settings)).code == 0
        issuer.status = 503
        ill = await typed("nlu-logger", "doctor", env=settings)
        assert (ill.code, len(lines(ill, "problem"))) == (1, 1)
        assert "is NLU_LOGGER_JWKS_URL right?" in ill.printed


async def test_the_logger_has_one_too(paid: Stack, tmp_path: Path) -> None:
    env = {**os.environ, **of_logger(paid)}
    well = await typed("nlu-logger", "doctor", env=env)
    assert (well.code, len(lines(well, "ok"))) == (0, 6), well.printed
    gone = {"NLU_LOGGER_EXPORT_DIR": str(tmp_path / "gone")}
    ill = await typed("nlu-logger", "doctor", env=env | gone)
    assert (ill.code, len(lines(ill, "problem"))) == (1, 1)
    away = {"NLU_LOGGER_DATABASE_URL": "postgresql://nobody:x@127.0.0.1:9/nowhere"}
    assert (await typed("nlu-logger", "doctor", env=env | away)).code == 1
    unset = {name: one for name, one in env.items() if name != "NLU_LOGGER_DATABASE_URL"}
    none = await typed("nlu-logger", "doctor", env=unset)
    assert (none.code, "set NLU_LOGGER_DATABASE_URL" in none.printed) == (1, True)
