"""The journal of erasures: a file outside the database, one receipt a line, which no restore sets
back. A receipt names nobody and holds no text."""

import os
from collections.abc import Iterable
from pathlib import Path

from nlu_shared.schemas.base import Page
from nlu_shared.schemas.privacy import ErasureReceipt, ForgottenCase
from pydantic import ValidationError


class BadJournal(ValueError):
    """A line that is no receipt, or a page that is none of forgotten cases."""


def append(path: Path, receipt: ErasureReceipt) -> None:
    """On disk when it returns; a line that a crash cut is ended first. Raises OSError."""
    line = receipt.model_dump_json().encode() + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def receipts(lines: Iterable[bytes]) -> list[ErasureReceipt]:
    """In the order in which they were written. Raises BadJournal, except for the cut line of a
    crash: what it was to say was never committed."""
    read = []
    for number, line in enumerate(lines, start=1):
        try:
            read += [ErasureReceipt.model_validate_json(line)] if line.strip() else []
        except ValidationError:
            if _is_whole(line):
                raise BadJournal(f"line {number} is no receipt of an erasure") from None
    return sorted(read, key=lambda one: one.at)


def forgotten(pages: Iterable[bytes]) -> list[ForgottenCase]:
    """What induction's `GET /v1/admin/forgotten` answered, a page a line. Raises BadJournal."""
    cases: list[ForgottenCase] = []
    for number, page in enumerate(pages, start=1):
        try:
            cases += Page[ForgottenCase].model_validate_json(page).items if page.strip() else []
        except ValidationError:
            raise BadJournal(f"line {number} is no page of forgotten cases") from None
    return cases


def _is_whole(line: bytes) -> bool:
    return line.rstrip().endswith(b"}")
