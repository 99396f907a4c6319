"""The command line of nlu-logger: serve, work, migrate, keys, and the files it exports."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import httpx2
from cyclopts import App, Parameter
from nlu_shared.kit import auth
from nlu_shared.kit.db import Identity, open_database, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.files import whole_file
from nlu_shared.kit.processes import serve as serve_app
from nlu_shared.kit.processes import set_up_logs
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.base import Problem
from nlu_shared.schemas.exports import ExportFormat
from nlu_shared.schemas.keys import KeyIn
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger import app as web
from nlu_logger import worker
from nlu_logger.exports import service as exports
from nlu_logger.exports.folder import lines_of, write_dataset
from nlu_logger.exports.pairs import UnreadableLine, read_lines
from nlu_logger.exports.splits import BadSplits, Shares
from nlu_logger.migrations import ADMINISTRATOR
from nlu_logger.migrations import migrate as run_migrations
from nlu_logger.settings import Migration, Settings

app = App(name="nlu-logger", help="Records predictions, loses none.", version=web.VERSION)
keys = App(name="keys", help="API keys of this service.")
app.command(keys)

Answer = TypeVar("Answer")
Url = Annotated[str, Parameter(env_var="NLU_LOGGER_URL")]
Key = Annotated[str, Parameter(env_var="NLU_LOGGER_KEY")]
HERE = "http://127.0.0.1:8001"
STREAM_SECONDS = 60.0
"""A stream that says nothing for longer is a dead connection."""
THRESHOLDS = {"retraining": "min_confidence", "review": "confidence_threshold"}
FORMATS = {f".{one.value}": one for one in ExportFormat}


@app.command
def serve(*, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serves the API until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    serve_app(web.build(settings), host=host, port=port)


@app.command
def work() -> None:
    """Does what the API does not wait for, until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(worker.run(settings))


@app.command
def migrate() -> None:
    """Creates or upgrades the database (NLU_LOGGER_OWNER_DATABASE_URL)."""
    told = Migration()
    asyncio.run(
        run_migrations(
            owner_url=told.owner_database_url.get_secret_value(),
            login_url=told.database_url.get_secret_value(),
            admin_url=secret(told.admin_database_url),
            bootstrap_key=secret(told.bootstrap_key),
            induction_key=secret(told.induction_key),
        )
    )


@keys.command(name="create")
def create_key(*, name: str, scopes: list[str]) -> None:
    """Makes a key and prints it, this once."""
    asked = KeyIn(name=name, scopes=scopes)
    made = asyncio.run(_as_administrator(lambda session: auth.create_key(session, asked)))
    print(made.key)


@keys.command(name="list")
def list_keys() -> None:
    """One line per key: id, name, scopes, whether it is revoked."""
    for key in asyncio.run(_as_administrator(auth.list_keys)):
        state = "revoked" if key.revoked_at else "valid"
        print(key.id, key.name, ",".join(key.scopes), state, sep="\t")


@keys.command(name="revoke")
def revoke_key(key_id: UUID) -> None:
    """From now on the key opens nothing."""
    asyncio.run(_as_administrator(lambda session: auth.revoke_key(session, key_id)))


@app.command
def export(
    *,
    mode: Literal["retraining", "review"] = "retraining",
    days: int | None = None,
    output: Path | None = None,
    confidence_threshold: float | None = None,
    approved_only: bool = False,
    task: str | None = None,
    format: ExportFormat | None = None,
    splits: str | None = None,
    seed: int = 0,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Writes training rows, or predictions to review, to a file or standard output.

    Parameters
    ----------
    days: the last so many; without it everything.
    output: replaced as a whole, or not at all. Its ending (.jsonl, .csv, .json, .parquet) is
        the format.
    confidence_threshold: retraining takes this and above (0.8), review what is below (0.7).
    approved_only: of the corrections, only those somebody approved.
    splits: train/validation/test, as in 80/10/10: the output is a folder for `datasets`.
    seed: of the splits.
    """
    shares = None if splits is None else Shares.read(splits)
    if shares and (mode != "retraining" or format or output is None):
        raise BadSplits("splits are made of training rows and need a folder as --output")
    asked = {
        "days": days,
        THRESHOLDS[mode]: confidence_threshold,
        "approved_only": approved_only,
        "task": task,
        "format": format or _format_of(None if shares else output),
    }
    with (
        httpx2.Client(base_url=url, timeout=STREAM_SECONDS) as http,
        http.stream(
            "GET",
            f"/v1/exports/{mode}",
            params={name: value for name, value in asked.items() if value is not None},
            headers={"Authorization": f"Bearer {key}"},
        ) as answer,
    ):
        if not answer.is_success:
            sys.exit(f"nlu-logger: {_said(answer.read(), answer.status_code)}")
        if shares and output:
            told = ", ".join(f"{name} {value}" for name, value in asked.items() if value)
            rows = lines_of(answer.iter_bytes())
            write_dataset(rows, output, shares, seed=seed, asked=told)
        elif output is None:
            sys.stdout.buffer.writelines(answer.iter_bytes())
        else:
            with whole_file(output) as file:
                file.writelines(answer.iter_bytes())


@app.command
def pairs(*, input: Path, output: Path, seed: int = 0, per_text: int = 2) -> None:
    """Makes contrastive pairs from an exported training file (JSONL).

    Parameters
    ----------
    per_text: positives and hard negatives for each text, at most.
    """
    with input.open("rb") as rows, whole_file(output) as file:
        for block in exports.pairs(read_lines(rows), seed=seed, per_text=per_text):
            file.write(block.encode())


def _format_of(output: Path | None) -> ExportFormat:
    return FORMATS.get(output.suffix if output else "", ExportFormat.JSONL)


def _said(problem: bytes, status: int) -> str:
    try:
        told = Problem.model_validate_json(problem)
    except ValidationError:
        return f"status {status}"
    return told.detail or told.title


async def _as_administrator(act: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
    async with (
        open_database(Settings().database, pool_size=1) as database,
        session_scope(database, Identity(ADMINISTRATOR)) as session,
    ):
        return await act(session)


def main() -> None:
    try:
        app()
    except ValidationError as missing:
        names = ", ".join(
            "NLU_LOGGER_" + str(one["loc"][0]).upper() for one in missing.errors() if one["loc"]
        )
        sys.exit(f"nlu-logger: set {names} (see .env.example)")
    except httpx2.HTTPError as broken:
        sys.exit(f"nlu-logger: no whole answer: {broken or type(broken).__name__}")
    except (ServiceError, BadSplits, UnreadableLine, OSError) as refused:
        sys.exit(f"nlu-logger: {refused}")


if __name__ == "__main__":
    main()
