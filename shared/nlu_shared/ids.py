"""UUIDv7 carries its own time, UUIDv8 what it is the name of (RFC 9562, 5.7 and 5.8)."""

import hashlib
import os
import time
from datetime import UTC, datetime
from uuid import UUID


def uuid7(at: datetime | None = None) -> UUID:
    """A new UUIDv7 for the moment `at` (default: now), with 74 random bits."""
    milliseconds = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | noise
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)


def time_of(identifier: UUID) -> datetime:
    """The moment a UUIDv7 was made, to the millisecond, in UTC."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def uuid8(*names: str) -> UUID:
    """The UUIDv8 of these names: the same names, the same id, on every machine."""
    digest = hashlib.sha256("\x00".join(names).encode()).digest()
    value = int.from_bytes(digest[:16], "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)
