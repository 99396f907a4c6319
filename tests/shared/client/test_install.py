"""What a backend installs stays small."""

import subprocess
import sys

SERVER_ONLY = {"fastapi", "sqlalchemy", "sqlmodel", "asyncpg", "arq", "redis", "numpy", "structlog"}


def test_the_client_imports_no_server_packages() -> None:
    """A backend gets pydantic and httpx2 with it, not a web framework and a database driver."""
    program = "import nlu_shared.client, sys; print(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert SERVER_ONLY.isdisjoint(result.stdout.split())


def test_the_client_works_where_no_server_package_can_be_imported() -> None:
    """As after `pip install nlu-shared`, spool, decorator and command line included."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({sorted(SERVER_ONLY)!r}));"
        "import nlu_shared.client, nlu_shared.client.spool.__main__"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
