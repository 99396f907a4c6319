"""`nlu-logger doctor`: whether everything the service needs is there, a line each."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
from nlu_shared.certificates import trusted
from nlu_shared.kit.access.tokens import KeySet
from nlu_shared.kit.data.db import Identity
from nlu_shared.kit.outward import notify
from nlu_shared.kit.process.checks import (
    SECONDS,
    Check,
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

from nlu_logger.migrations import JOB, SCRIPTS
from nlu_logger.settings import Settings


def doctor() -> None:
    """Looks at settings, database, clock, Redis, disks and files, and says what to do; fails on a
    problem."""
    settings, read = read_settings(Settings)
    checks = [read]
    if settings is not None:
        checks += asyncio.run(_looked(settings))
    for one in checks:
        print(one)
    sys.exit(exit_code(checks))


async def _looked(settings: Settings) -> list[Check]:
    database = check_database(
        settings.database, Identity(JOB), SCRIPTS, migrate="nlu-logger migrate"
    )
    return [
        *await asyncio.gather(
            database,
            check_clock(settings.database, Identity(JOB)),
            check_redis(settings.redis),
        ),
        *_disks(settings),
        *_files(settings),
        *await _mail(settings),
        await _tokens(settings),
    ]


async def _mail(settings: Settings) -> list[Check]:
    if settings.smtp_url is None:
        return []
    unreached = await notify.unreached(settings.smtp_url.get_secret_value())
    return [check_mail("NLU_LOGGER_SMTP_URL", unreached)]


def _files(settings: Settings) -> Iterator[Check]:
    terms = settings.anonymise_terms
    if terms is not None:
        yield (
            ok("anonymise terms", "read")
            if os.access(terms, os.R_OK)
            else problem("anonymise terms", "NLU_LOGGER_ANONYMISE_TERMS names no readable file")
        )
    for what, folder in (
        ("export folder", settings.export_dir),
        ("folder of the erasure journal", _folder(settings.erasure_journal)),
    ):
        if folder is None:
            continue
        is_writable = folder.is_dir() and os.access(folder, os.W_OK)
        yield (
            ok(what, "can be written")
            if is_writable
            else problem(what, f"{folder} is no folder this login can write to: make it, or chown")
        )


def _disks(settings: Settings) -> Iterator[Check]:
    """Where answers wait for slow readers, where exports go, and where erasures are written down;
    a folder that is not there has its line already."""
    yield check_disk("unread answers", settings.buffer_dir or Path(tempfile.gettempdir()))
    for what, folder in (
        ("exports", settings.export_dir),
        ("the erasure journal", _folder(settings.erasure_journal)),
    ):
        if folder is not None and folder.is_dir():
            yield check_disk(what, folder)


def _folder(file: Path | None) -> Path | None:
    return None if file is None else file.parent


async def _tokens(settings: Settings) -> Check:
    if settings.jwt_secret is None and settings.jwks_url is None:
        return warning(
            "end users",
            "no token of theirs is taken, keys alone come in: set NLU_LOGGER_JWKS_URL or"
            " NLU_LOGGER_JWT_SECRET if a front end is to call",
        )
    if settings.jwks_url is not None:
        async with httpx2.AsyncClient(timeout=SECONDS, verify=trusted()) as http:
            if not await KeySet(settings.jwks_url, http).is_published():
                words = "the issuer's keys cannot be read: is NLU_LOGGER_JWKS_URL right?"
                return problem("end users", words)
    return ok("end users", "their tokens are taken")
