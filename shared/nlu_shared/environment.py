"""What the environment says. A variable that is empty or blank is one that is not set."""

import os
from collections.abc import Mapping


def is_set(value: str | None) -> bool:
    """Whether a value says anything."""
    return value is not None and bool(value.strip())


def variable(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """What the variable says; None where it is not there, or says nothing."""
    value = (os.environ if environ is None else environ).get(name)
    return value if is_set(value) else None
