"""Which files of a spool folder are whose: one SQLite file per process, a lock beside each.

A lock is held by an open file and goes with its process, however that ends: a file whose lock is
free is an orphan. Files hold people's texts, so they are their owner's alone.
"""

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nlu_shared.ids import uuid7

SUFFIX = ".sqlite"
SIDES = ("", "-wal", "-shm")
"""Deleted in this order: a log without its database is noise, a database without its log lies."""


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file, and the open lock that makes it ours."""

    path: Path
    lock: int

    def release(self) -> None:
        """Leaves the file to whoever comes."""
        os.close(self.lock)

    def remove(self) -> None:
        """Deletes the file; what it held must be elsewhere and on disk by now."""
        for side in SIDES:
            self.path.with_name(self.path.name + side).unlink(missing_ok=True)
        _lock_path(self.path).unlink(missing_ok=True)
        self.release()

    def set_aside(self) -> Path:
        """A file that cannot be read is kept under another name, for a person to look at."""
        aside = self.path.with_name(self.path.name + ".broken")
        for side in SIDES:
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + side).rename(f"{aside}{side}")
        _lock_path(self.path).unlink(missing_ok=True)
        self.release()
        return aside


def own(folder: Path, *, never: Collection[Path] = ()) -> LockedFile:
    """An orphan of the folder, or a new file where there is none. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for claim in orphans(folder, never=never):
        return claim
    path = folder / f"{uuid7()}{SUFFIX}"
    lock = _lock(path)
    if lock is None:
        raise BlockingIOError(f"somebody holds the lock of the new file {path}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        _flush_names(folder)
    except OSError:
        os.close(lock)
        raise
    return LockedFile(path, lock)


def orphans(folder: Path, *, never: Collection[Path] = ()) -> Iterator[LockedFile]:
    """Files nobody holds, each locked for the caller, oldest first. Raises OSError."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path not in never and (lock := _lock(path)) is not None:
            if path.exists():
                yield LockedFile(path, lock)
            else:  # whoever held it a moment ago has emptied it
                _lock_path(path).unlink(missing_ok=True)
                os.close(lock)


def _lock(path: Path) -> int | None:
    """The open lock, or None where another process holds it."""
    name = _lock_path(path)
    lock = os.open(name, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == name.stat().st_ino:
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass  # held, or deleted between the two calls
    os.close(lock)
    return None


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")


def _flush_names(folder: Path) -> None:
    """A file whose name is not on disk is lost with the power."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
