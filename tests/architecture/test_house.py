"""What we agreed on about the code, executable. Each test says why it exists."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import induction.settings
import nlu_logger.settings
import pytest
from offline_model.settings import OfflineSettings
from pydantic import AliasChoices

ROOT = Path(__file__).parents[2]
PACKAGES = [
    ROOT / "shared/nlu_shared",
    ROOT / "services/nlu-logger/nlu_logger",
    ROOT / "services/induction/induction",
    ROOT / "services/offline-model/offline_model",
    ROOT / "deploy",
]
SETTINGS = [
    nlu_logger.settings.Settings,
    nlu_logger.settings.Migration,
    induction.settings.Settings,
    induction.settings.Migration,
    OfflineSettings,
]
MOST_LINES = 300
ROLES = {"models.py", "service.py", "routes.py", "jobs.py", "__init__.py"}
EDGES = {"migrations", "commands"}
"""Rooms that are nothing but doors."""
IO_FILES = {
    # What a page is made of, and where its templates lie.
    "house.py",
    # Exports: where a file goes.
    "destinations.py",
    "folder.py",
    # Calls to models: booked, on their way, heard of.
    "calls.py",
    "flights.py",
    "interruptible.py",
    "time_limit.py",
    # An engine's process, and what runs in it.
    "process.py",
    "main.py",
    # What a list can be ordered by, as SQL.
    "columns.py",
    "quoting.py",
    "queues.py",
    "queries.py",
    "backlog.py",
    "truths.py",
    "stream.py",
    "stream_routes.py",
    "edit_routes.py",
    "ledger.py",
    "rows.py",
    # Of the ledger: answers read back, and batches.
    "answer_rows.py",
    "claude_batches.py",
    "lease.py",
    "presence.py",
    "clock.py",
    "experience.py",
    "looks.py",
    "journal.py",
    "runtime.py",
    "loading.py",
    "verification.py",
    "cancelling.py",
    "continuing.py",
    "canaries.py",
    "preparing.py",
    # Of a replay: what is kept, and what is read anew; and its routes.
    "replayed.py",
    "traffic.py",
    "replay_routes.py",
    "consideration.py",
    "facts.py",
    "approvals.py",
    "inbox.py",
    "failures.py",
    "lineage.py",
    "paces.py",
    "factory.py",
    "chat.py",
    "claude.py",
    "reaching.py",
    "trial.py",
    "disclosures.py",
    "schedules.py",
    "partitions.py",
    # Of a review: what is decided, who holds what, how it was chosen, what contradicts what,
    # and what is doubted.
    "decisions.py",
    "claims.py",
    "acts.py",
    "selections.py",
    "conflicts.py",
    "label_issues.py",
    # Of pages: what a form holds, read from its request.
    "forms.py",
    # Of history that is imported: what was erased of it, and its rows.
    "erasures.py",
    "storing.py",
    "renames.py",
    # Of prompts: what comes from outside, how its model is asked, what serves, and what is to.
    "bringing.py",
    "endpoints.py",
    "pointer.py",
    "proposals.py",
    "promotion_routes.py",
    # Of experiments: what a unit is to run.
    "serving.py",
    "serving_routes.py",
    "ofrep_routes.py",
}
IMPURE = {
    *("sqlalchemy", "sqlmodel", "asyncpg", "httpx2", "redis", "arq", "fastapi", "starlette"),
    *("asyncio", "socket", "subprocess", "multiprocessing", "threading", "time", "sqlite3"),
    *("os", "io", "pathlib", "tempfile", "shutil"),
}
PLACES_THAT_COMMIT = {"db.py", "group_commit.py"}


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(package.rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(tree: ast.AST) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def test_the_arrows_of_the_house_hold() -> None:
    """Layers, independence of the services, pure rooms, no cycles: the contracts in pyproject."""
    checked = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_no_file_is_longer_than_a_room_should_be() -> None:
    """A file over 300 lines is two rooms that nobody has parted yet."""
    long = {
        named(path): count
        for path in [*sources(), *sorted((ROOT / "tests").rglob("*.py"))]
        if (count := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_every_module_says_what_lives_in_it() -> None:
    """The first thing a reader needs of a file is what belongs there."""
    silent = [
        named(path) for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent


def test_there_is_one_commit() -> None:
    """Two places that commit are two answers to what was stored when something failed."""
    committing = {
        path.name
        for path in sources()
        if re.search(r"\.commit\(\)|\.begin\(\)|\.transaction\(", path.read_text())
        and "migrations" not in path.parts
    }
    assert committing <= PLACES_THAT_COMMIT | {"migrate.py", "provision.py"}


@pytest.mark.parametrize(
    ("package", "importer"),
    [
        ("anthropic", "llm/adapters/claude.py"),
        ("openai", "llm/adapters/chat.py"),
        ("sklearn", "engine/headroom/classifier.py"),
    ],
)
def test_one_file_imports_what_changes_under_us(package: str, importer: str) -> None:
    """One adapter keeps another's changes to one file, and an extra out of all that needs none."""
    importing = [
        named(path)
        for path in sources()
        if any(name.split(".")[0] == package for name in imports(ast.parse(path.read_text())))
    ]
    assert importing == [f"services/induction/induction/{importer}"]


@pytest.mark.parametrize("junk", ["utils", "helpers", "common", "misc", "manager"])
def test_no_drawer_for_odds_and_ends(junk: str) -> None:
    """A name that fits everything says nothing."""
    assert not [named(path) for path in sources() if path.stem == junk]


def test_files_of_a_feature_are_named_by_their_role() -> None:
    """A file that is neither a role nor a door is pure: it touches no SQL, HTTP, queue, file,
    process or clock. A name is a door's only where one of that name is."""
    strays, doors = [], set()
    for package in PACKAGES[1:3]:
        for room in sorted(one for one in package.iterdir() if one.is_dir()):
            if room.name in EDGES:
                continue
            for path in sorted(room.rglob("*.py")):
                reached = {name.split(".")[0] for name in imports(ast.parse(path.read_text()))}
                if reached & IMPURE and path.name not in ROLES:
                    doors.add(path.name)
                    strays += [named(path)] if path.name not in IO_FILES else []
    assert not strays
    assert doors == IO_FILES


def test_settings_are_explained_and_listed() -> None:
    """`.env.example` is where an operator looks; a value missing there does not exist for them."""
    listed = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    from_settings = set(settings_names())
    assert from_settings <= listed, sorted(from_settings - listed)


def settings_names() -> Iterator[str]:
    for settings in SETTINGS:
        prefix = settings.model_config["env_prefix"]
        for name, field in settings.model_fields.items():
            if isinstance(field.validation_alias, AliasChoices):
                yield str(field.validation_alias.choices[0])
            else:
                yield (prefix + name).upper()


def test_every_readme_command_exists() -> None:
    """A command that is written down and does not exist is a broken promise on the first page."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))
    promised = set(re.findall(r"\bmake ([a-z][a-z-]*)", (ROOT / "README.md").read_text()))
    assert promised <= targets


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    """The lock must install anywhere, from whichever index is configured, and nothing else."""
    lock = (ROOT / "requirements.lock").read_text()
    assert "http://" not in lock
    assert "https://" not in lock
    for requirement in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in requirement


def test_no_test_waits_or_gives_up() -> None:
    """A sleep hides a race; a skip hides a failure."""
    forbidden = re.compile(r"time\.sleep\(|pytest\.skip\(|mark\.skip\b(?!if)|mark\.xfail")
    offending = [
        named(path)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name != Path(__file__).name and forbidden.search(path.read_text())
    ]
    assert not offending


def test_the_cases_of_a_test_have_an_order() -> None:
    """A set has another one in every process, and xdist's workers must collect alike."""
    unordered = re.compile(r"parametrize\([^\n]*,\s*(?:set|frozenset)\(")
    offending = [
        named(path)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name != Path(__file__).name and unordered.search(path.read_text())
    ]
    assert not offending


def test_no_test_depends_on_an_idle_machine() -> None:
    """A guard of a few seconds, or a deadline per example, fails where the machine is shared."""
    assert hypothesis.settings().deadline is None
    hurried = re.compile(r"asyncio\.timeout\(\d|wait_for\(.*, \d+\)$|deadline=\d", re.M)
    offending = [
        named(path)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name != Path(__file__).name and hurried.search(path.read_text())
    ]
    assert not offending
