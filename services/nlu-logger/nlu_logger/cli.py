"""The command line of nlu-logger: serve, work, migrate, keys, and the files it exports."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx2
from cyclopts import App
from nlu_shared.kit.commands import key_commands
from nlu_shared.kit.db import Identity, open_database, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.files import whole_file
from nlu_shared.kit.output import unbroken
from nlu_shared.kit.processes import serve as serve_app
from nlu_shared.kit.processes import set_up_logs
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.exports import ExportFormat
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger import app as web
from nlu_logger import commands_files, commands_imports, commands_restore, worker
from nlu_logger.commands_labels import labels
from nlu_logger.exports import service as exports
from nlu_logger.exports.folder import lines_of, write_dataset
from nlu_logger.exports.pairs import UnreadableLine, read_lines
from nlu_logger.exports.splits import BadSplits, Shares
from nlu_logger.migrations import ADMINISTRATOR, check_schema
from nlu_logger.migrations import migrate as run_migrations
from nlu_logger.privacy.journal import BadJournal
from nlu_logger.remote import HERE, Key, Url, client, reason_of
from nlu_logger.scopes import SCOPES
from nlu_logger.settings import Migration, Settings

app = App(name="nlu-logger", help="Records predictions, loses none.", version=web.VERSION)
app.command(commands_imports.import_corrections)
app.command(commands_files.import_file, name="import")
app.command(commands_files.import_ground_truth)
app.command(commands_imports.import_logs)
app.command(commands_restore.confirm_clock)
app.command(commands_restore.erase_again)
app.command(labels)

THRESHOLDS = {"retraining": "min_confidence", "review": "confidence_threshold"}
FORMATS = {f".{one.value}": one for one in ExportFormat}


@app.command
def serve(*, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serves the API until it is told to stop.

    Parameters
    ----------
    host
        The address to listen at; the default is reached from this machine alone.
    port
        The port to listen at.
    """
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    serve_app(web.build(settings), host=host, port=port)


@app.command
def work() -> None:
    """Does what the API does not wait for, until it is told to stop."""
    settings = Settings()
    set_up_logs(as_json=settings.log_json)
    asyncio.run(check_schema(settings.database))
    asyncio.run(worker.run(settings))


@app.command
def migrate() -> None:
    """Creates or upgrades the database (NLU_LOGGER_OWNER_DATABASE_URL)."""
    settings = Migration()
    asyncio.run(
        run_migrations(
            owner_url=settings.owner_database_url.get_secret_value(),
            login_url=settings.database_url.get_secret_value(),
            admin_url=secret(settings.admin_database_url),
            bootstrap_key=secret(settings.bootstrap_key),
            induction_key=secret(settings.induction_key),
        )
    )


@app.command
def export(
    *,
    mode: Literal["retraining", "review"] = "retraining",
    days: int | None = None,
    output: Path | None = None,
    confidence_threshold: float | None = None,
    approved_only: bool = False,
    anonymise: bool = False,
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
    mode
        Rows to train with, or predictions for a person to review.
    days
        The last so many; without it everything.
    output
        Replaced as a whole, or not at all. Its ending (.jsonl, .csv, .json, .parquet) is the
        format. Without it standard output.
    confidence_threshold
        Retraining takes this and above (0.8), review what is below (0.7).
    approved_only
        Of the corrections, only those somebody approved.
    anonymise
        Without e-mail addresses, phone numbers and the like; free names are not found.
    task
        Of this task alone; without it of all that the key is for.
    format
        Of what is written, where the ending of the output does not say it.
    splits
        Train/validation/test, as in 80/10/10: the output is a folder for `datasets`.
    seed
        Of the splits: the same again parts the rows in the same way.
    """
    if approved_only and mode != "retraining":
        sys.exit("nlu-logger: --approved-only is for training rows")
    shares = None if splits is None else Shares.read(splits)
    if shares and (mode != "retraining" or format or output is None):
        raise BadSplits("splits are made of training rows and need a folder as --output")
    params = {
        "days": days,
        THRESHOLDS[mode]: confidence_threshold,
        "approved_only": approved_only if mode == "retraining" else None,
        "anonymise": anonymise,
        "task": task,
        "format": format or _format_of(None if shares else output),
    }
    with (
        client(url, key) as http,
        http.stream(
            "GET",
            f"/v1/exports/{mode}",
            params={name: value for name, value in params.items() if value is not None},
        ) as answer,
    ):
        if not answer.is_success:
            sys.exit(f"nlu-logger: {reason_of(answer.read(), answer.status_code)}")
        if left := answer.headers.get("not-found-by-rules"):
            print(f"nlu-logger: rules do not find {left}", file=sys.stderr)
        if shares and output:
            selected = ", ".join(f"{name} {value}" for name, value in params.items() if value)
            rows = lines_of(answer.iter_bytes())
            write_dataset(rows, output, shares, seed=seed, selected=selected)
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
    input
        The training file.
    output
        Where the pairs go, replaced as a whole.
    seed
        Of what is drawn: the same again makes the same pairs.
    per_text
        Positives and hard negatives for each text, at most.
    """
    with input.open("rb") as rows, whole_file(output) as file:
        for block in exports.pairs(read_lines(rows), seed=seed, per_text=per_text):
            file.write(block.encode())


def _format_of(output: Path | None) -> ExportFormat:
    return FORMATS.get(output.suffix if output else "", ExportFormat.JSONL)


@asynccontextmanager
async def _as_administrator() -> AsyncIterator[AsyncSession]:
    async with (
        open_database(Settings().database, pool_size=1) as database,
        session_scope(database, Identity(ADMINISTRATOR)) as session,
    ):
        yield session


app.command(key_commands(_as_administrator, SCOPES))


def main() -> None:
    unbroken(_main)


def _main() -> None:
    try:
        app()
    except ValidationError as missing:
        names = ", ".join(
            "NLU_LOGGER_" + str(one["loc"][0]).upper() for one in missing.errors() if one["loc"]
        )
        sys.exit(f"nlu-logger: set {names} (see .env.example)")
    except httpx2.HTTPError as broken:
        sys.exit(f"nlu-logger: no whole answer: {broken or type(broken).__name__}")
    except BrokenPipeError:
        raise
    except (ServiceError, BadSplits, BadJournal, UnreadableLine, OSError) as refused:
        sys.exit(f"nlu-logger: {refused}")


if __name__ == "__main__":
    main()
