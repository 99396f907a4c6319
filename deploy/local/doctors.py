"""The doctors of both services, on a running stack."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local.ownership import Addresses


def examine(data: Path) -> int:
    """Both look, whatever the first finds; the worse of their exits. Raises LocalProblem when
    nothing runs on the data directory."""
    worst = 0
    for service, environment in Addresses.of_running(data).environments.items():
        print(f"{service.replace('_', '-')}:", flush=True)
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", f"{service}.cli", "doctor"],
            env=os.environ | environment,
            check=False,
        )
        worst = max(worst, done.returncode)
    return worst
