"""What nobody's work costs: the CPU time of `make run` while nothing is asked of it.

`python -m benchmarks.idle` alone (`SETTLE=60`, `SECONDS=120`). The whole stack is started as an
operator starts it, on ports and data of its own, left alone until it has come to rest, and then
each of its processes is read in `/proc` twice. CPU time does not depend on who else is at work on
the machine, but for what a busy cache costs.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import free_port

SETTLE = float(os.environ.get("SETTLE", "60"))
SECONDS = float(os.environ.get("SECONDS", "120"))
READY_SECONDS = 300.0
AIM_PERCENT = 1.0
NAMES = ("nlu-logger serve", "nlu-logger work", "induction serve", "induction work")
"""Ours, by what stands in their command lines."""


@dataclass(frozen=True)
class Reading:
    """CPU seconds of a process so far: its own, and those of its children that have ended."""

    name: str
    own: float
    of_ended: float


@contextmanager
def stack() -> Iterator[int]:
    """`make run` for as long as the block runs: the process that all others descend from."""
    with tempfile.TemporaryDirectory(prefix="nlu-idle-") as folder:
        Path(folder).chmod(0o755)
        at = {"NLU_LOGGER_PORT": str(free_port()), "INDUCTION_PORT": str(free_port())}
        process = subprocess.Popen(
            (sys.executable, "-m", "deploy.local", "run"),
            env=os.environ | at | {"NLU_DATA_DIR": str(Path(folder, "data"))},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            _ready(process)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def _ready(process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    for line in process.stdout or ():
        if line.startswith("ready"):
            return
        if time.monotonic() > deadline:
            break
    raise RuntimeError("the stack did not come up")


def readings(root: int) -> dict[int, Reading]:
    """Of every process that descends from this one, and itself."""
    parents = {int(one.name): _parent(one) for one in Path("/proc").iterdir() if one.name.isdigit()}
    ours = {root}
    while new := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= new
    made = {pid: _reading(Path("/proc", str(pid))) for pid in ours}
    return {pid: one for pid, one in made.items() if one is not None}


def _parent(process: Path) -> int:
    fields = _stat(process)
    return int(fields[1]) if fields else 0


def _stat(process: Path) -> list[str]:
    """Its fields from the state on; none where it has ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _reading(process: Path) -> Reading | None:
    """None where it has ended. Its own time is the scheduler's, in nanoseconds: many processes do
    less in two minutes than a clock tick tells."""
    try:
        own = sum(int(one.read_text().split()[0]) for one in process.glob("task/*/schedstat"))
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return None
    fields = _stat(process)
    if not fields:
        return None
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return Reading(_name(command), own / 1e9, ended)


def _name(command: str) -> str:
    """What a person calls it."""
    for name in NAMES:
        program, verb = name.split()
        if (program in command or program.replace("-", "_") in command) and f" {verb}" in command:
            return name
    if command.startswith("postgres:"):
        return "PostgreSQL: " + " ".join(command.split()[1:3])
    for part, name in (
        ("/postgres ", "PostgreSQL"),
        ("redis-server", "Redis"),
        ("valkey-server", "Valkey"),
        ("offline_model", "offline model"),
        ("deploy.local", "make run"),
    ):
        if part in command:
            return name
    return command[:60]


def spent(before: Mapping[int, Reading], after: Mapping[int, Reading]) -> dict[str, float]:
    """CPU seconds in between by name. Of a process that began in between all counts."""
    by_name: defaultdict[str, float] = defaultdict(float)
    for pid, one in after.items():
        was = before.get(pid, Reading(one.name, 0.0, 0.0))
        by_name[one.name] += one.own - was.own + one.of_ended - was.of_ended
    return dict(by_name)


def run() -> None:
    with stack() as root:
        time.sleep(SETTLE)
        before, began = readings(root), time.monotonic()
        time.sleep(SECONDS)
        after, lasted = readings(root), time.monotonic() - began
    used = spent(before, after)
    for name, seconds in sorted(used.items(), key=lambda one: -one[1]):
        print(f"{100 * seconds / lasted:6.3f} %  {name}")
    total = 100 * sum(used.values()) / lasted
    print(f"idle: {total:.2f} % of a core in {lasted:.0f} s, {len(after)} processes")
    print(f"against the aim of {AIM_PERCENT:g} %: {total / AIM_PERCENT:.2f}")


if __name__ == "__main__":
    run()
