"""One stack per data directory, and where that stack can be found while it runs."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from deploy.local.problems import LocalProblem
from deploy.local.secrets import open_directory, write_private

_LOCK = "lock"
_ADDRESSES = "stack.json"


@dataclass(frozen=True)
class Addresses:
    """Where a running stack answers, and what each service is told beside the person's own
    environment; the database URL is the owner's."""

    nlu_logger: str
    induction: str
    log_database: str
    environments: dict[str, dict[str, str]]

    def publish(self, data: Path) -> None:
        write_private(data / _ADDRESSES, json.dumps(asdict(self)) + "\n")

    @classmethod
    def of_running(cls, data: Path) -> Self:
        """Raises LocalProblem when nothing runs on the data directory."""
        try:
            if _is_held(data):
                return cls(**json.loads((data / _ADDRESSES).read_text()))
        except FileNotFoundError:
            pass
        raise LocalProblem(f"nothing runs on {data}: start it with `make run`")


@contextmanager
def owned(data: Path) -> Iterator[Path]:
    """Holds the data directory; the kernel lets go of it when this process ends, however.

    Raises LocalProblem when another stack holds it or it cannot be written.
    """
    data = open_directory(data.absolute())
    holder = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalProblem(
                f"another stack runs on {data}: stop it, or set NLU_DATA_DIR to another directory"
            ) from None
        (data / _ADDRESSES).unlink(missing_ok=True)
        yield data
        (data / _ADDRESSES).unlink(missing_ok=True)
    finally:
        os.close(holder)


def _is_held(data: Path) -> bool:
    lock = os.open(data / _LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)
