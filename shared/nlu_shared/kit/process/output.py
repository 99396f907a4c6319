"""What a command prints, and what becomes of it where nobody reads on (`… | head`)."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

UNREAD = 141
"""What a shell says of a program that the end of its reader ended: 128 and SIGPIPE."""


def unbroken(run: Callable[[], None]) -> None:
    """Runs a command to its end, or quietly no further than it is read."""
    try:
        try:
            run()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # what is left must not be flushed at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(UNREAD)


def say_waiting(program: str) -> Callable[[float], None]:
    """Tells on standard error of every wait that a service asks for."""

    def say(seconds: float) -> None:
        print(f"{program}: the service is busy, trying again in {seconds:.0f} s", file=sys.stderr)

    return say
