"""What every test can ask for; the code is in `fixtures/`."""

from tests.fixtures.databases import databases
from tests.fixtures.scoring import scoring
from tests.fixtures.servers import (
    pytest_configure_node,
    pytest_unconfigure,
    servers,
)
from tests.fixtures.stack import stack

__all__ = [
    "databases",
    "pytest_configure_node",
    "pytest_unconfigure",
    "scoring",
    "servers",
    "stack",
]
