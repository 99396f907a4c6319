"""What every test can ask for; the code is in `fixtures/`."""

import tests.fixtures.garbage
import tests.fixtures.properties  # noqa: F401 - the profile holds from its import on
from tests.fixtures.databases import databases
from tests.fixtures.garbage import pytest_collection
from tests.fixtures.scoring import scoring
from tests.fixtures.servers import (
    pytest_configure_node,
    pytest_unconfigure,
    servers,
)
from tests.fixtures.stack import stack

__all__ = [
    "databases",
    "pytest_collection",
    "pytest_configure_node",
    "pytest_unconfigure",
    "scoring",
    "servers",
    "stack",
]
