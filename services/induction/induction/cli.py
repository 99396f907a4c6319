"""The command line of induction: serve, work, migrate, and the doors of the API one types."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import httpx2
from cyclopts import App, CycloptsError, Parameter
from nlu_shared.client.errors import ClientError
from nlu_shared.client.runs import follow_run
from nlu_shared.environment import given
from nlu_shared.kit.commands import key_commands
from nlu_shared.kit.db import open_database, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.processes import serve as serve_app
from nlu_shared.kit.processes import set_up_logs
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.events import EvaluationProgress, RunFinished
from nlu_shared.schemas.runs import RunKind, RunLimits
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import app as web
from induction import worker
from induction.commands_prompts import prompts
from induction.commands_score import score
from induction.migrations import check_schema
from induction.migrations import migrate as run_migrations
from induction.remote import HERE, Key, Url, answer, client
from induction.resources import APP_IDENTITY
from induction.settings import Migration, Settings

app = App(
    name="induction", help="Improves prompts from approved ground truth.", version=web.VERSION
)
app.command(prompts)
app.command(score)

Limits = Annotated[RunLimits, Parameter(name="*")]
USUAL = RunLimits()
USAGE = 2
"""What a mistyped command exits with, so that 1 can mean something."""


@app.command
def serve(*, host: str = "127.0.0.1", port: int = 8002) -> None:
    """Serves the API until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    serve_app(web.build(settings), host=host, port=port)


@app.command
def work() -> None:
    """Drives runs until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    asyncio.run(worker.run(settings))


@app.command
def migrate() -> None:
    """Creates or upgrades the database (INDUCTION_OWNER_DATABASE_URL)."""
    settings = Migration()
    asyncio.run(
        run_migrations(
            owner_url=settings.owner_database_url.get_secret_value(),
            login_url=settings.database_url.get_secret_value(),
            admin_url=secret(settings.admin_database_url),
            bootstrap_key=secret(settings.bootstrap_key),
        )
    )


@app.command
def run(
    *,
    task: str,
    version: UUID | None = None,
    focus: str | None = None,
    guard: list[str] | None = None,
    proposals: int = 1,
    folds: int | None = None,
    hint: list[str] | None = None,
    may_remove_blocks: bool = False,
    limits: Limits = USUAL,
    seed: int = 0,
    watch: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Starts an improve run; with --watch prints each event until it is over.

    Parameters
    ----------
    version
        The prompt version to begin with; without it the one that serves.
    focus
        The component to raise: a label, or for extraction people, events, symptom, …
    guard
        By how much a component's F1 may fall at most, as `people=0.02`; repeatable.
    proposals
        How many changes are tried side by side, at most.
    folds
        Repeat the search so many times without a part of the cases, to judge it by those.
    hint
        What the proposer is to consider; repeatable.
    may_remove_blocks
        Let changes take blocks of the prompt it begins with away: they carry the task.
    limits
        The most the run may take.
    """
    request = {
        "task": task,
        "prompt_version": version and str(version),
        "focus": focus,
        "guards": dict(one.rpartition("=")[::2] for one in guard or []),
        "proposals": proposals,
        "folds": folds,
        "hints": hint or [],
        "may_remove_blocks": may_remove_blocks,
        "limits": limits.model_dump(),
        "seed": seed,
    }
    _start(request, watch=watch, url=url, key=key)


@app.command
def evaluate(
    *,
    task: str,
    version: UUID | None = None,
    watch: bool = False,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Starts an evaluation of a prompt version; with --watch prints each event until it is over.

    The cases set aside for verdicts stay untouched.

    Parameters
    ----------
    version
        Without it the one that serves.
    """
    request = {"task": task, "kind": RunKind.EVALUATE, "prompt_version": version and str(version)}
    _start(request, watch=watch, url=url, key=key)


def _start(request: Mapping[str, object], *, watch: bool, url: str, key: str) -> None:
    """Prints the run's id; where it is watched, then its events until it is over."""
    with client(url, key) as http:
        started = answer(http.post("/v1/runs", json=request)).json()
    print(started["id"], flush=True)
    if watch and (failure := asyncio.run(_watch(UUID(started["id"]), url, key))):
        sys.exit(f"induction: {failure}")


async def _watch(run_id: UUID, url: str, key: str) -> str | None:
    """Prints each event; why the run did not complete, None where it did."""
    failure = None
    async for event in follow_run(run_id, url=url, key=key):
        if not isinstance(event, EvaluationProgress):
            print(event.model_dump_json(), flush=True)
        if isinstance(event, RunFinished) and event.status != "completed":
            failure = f"the run is {event.status}: {event.reason}"
    return failure


@asynccontextmanager
async def _session() -> AsyncIterator[AsyncSession]:
    async with (
        open_database(Settings().database, pool_size=1) as database,
        session_scope(database, APP_IDENTITY) as session,
    ):
        yield session


app.command(key_commands(_session))


def main() -> None:
    try:
        app(exit_on_error=False)
    except CycloptsError:
        sys.exit(USAGE)  # it has printed what is wrong
    except ValidationError as missing:
        names = ", ".join(
            "INDUCTION_" + str(one["loc"][0]).upper() for one in missing.errors() if one["loc"]
        )
        sys.exit(f"induction: set {names} (see .env.example)")
    except httpx2.HTTPError as away:
        sys.exit(f"induction: {given('INDUCTION_URL') or HERE} cannot be reached: {away}")
    except (ServiceError, ClientError) as refused:
        sys.exit(f"induction: {refused}")


if __name__ == "__main__":
    main()
