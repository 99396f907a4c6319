"""UUIDv7 carries its own time, UUIDv8 what it is the name of (RFC 9562, 5.7 and 5.8)."""

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def uuid7(at: datetime | None = None, *, named: str | None = None) -> UUID:
    """A UUIDv7 for the moment `at` (default: now); its other 74 bits are random, or a hash of
    `named`: the same moment and name, the same id."""
    milliseconds = (at - EPOCH) // MILLISECOND if at else time.time_ns() // 1_000_000
    chosen = os.urandom(10) if named is None else hashlib.sha256(named.encode()).digest()[:10]
    noise = int.from_bytes(chosen, "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | noise
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)


def time_of(identifier: UUID) -> datetime:
    """The moment a UUIDv7 was made, to the millisecond, in UTC; one beyond the year 9999 tells
    the last moment there is."""
    return EPOCH + min((identifier.int >> 80) * MILLISECOND, END_OF_TIME - EPOCH)


def uuid8(*names: str) -> UUID:
    """The UUIDv8 of these names: the same names, the same id, on every machine."""
    digest = hashlib.sha256("\x00".join(names).encode()).digest()
    value = int.from_bytes(digest[:16], "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)
