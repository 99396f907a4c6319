"""UUIDv7: an identifier that carries its own time (RFC 9562, section 5.7)."""

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
