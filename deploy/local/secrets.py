"""Passwords and keys of one data directory: made once, kept in files only their owner reads."""

import os
import secrets
import tempfile
from pathlib import Path

from deploy.local.problems import LocalProblem


def open_directory(path: Path) -> Path:
    """Makes the directory (0711: others may pass through, not look) and its parents.

    Raises LocalProblem where it cannot be written.
    """
    try:
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o711)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as refused:
        raise LocalProblem(
            f"cannot write to {path} ({refused.strerror}): set NLU_DATA_DIR to a directory you own"
        ) from None
    return path


def make_temporary(prefix: str) -> Path:
    """A fresh directory, as `open_directory` makes them."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    path.chmod(0o711)
    return path


def keep(path: Path, *, prefix: str = "") -> str:
    """The secret in the file; a new one of 256 random bits when there is none yet."""
    if path.exists() and (text := path.read_text().strip()):
        return text
    secret = prefix + secrets.token_urlsafe(32)
    write_private(path, secret + "\n")
    return secret


def write_private(path: Path, text: str) -> None:
    """Replaces the file as a whole, readable (0600) by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
