"""A client that a generator makes of the documents, with which every operation is called once."""

import asyncio
import importlib
import importlib.util
import inspect
import json
import sys
import typing
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx2
import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
SETTINGS = {
    "post_hooks": [],
    "content_type_overrides": {
        "application/x-ndjson": "text/plain",
        "text/csv": "text/plain",
        "text/x-python": "text/plain",
        "text/markdown": "text/plain",
        "text/html": "text/plain",
        "text/event-stream": "text/plain",
        "application/vnd.apache.parquet": "application/octet-stream",
    },
}
"""What the generator has to be told: answers that are no JSON are text or bytes."""
NO_SUCH_BODIES = {
    f"Unsupported content type {kind}"
    for kind in ("text/plain", "text/tab-separated-values", "application/yaml")
}
"""Its one complaint: it sends no text, where we read NDJSON, tables and YAML beside JSON."""
REQUIRED = {
    "task": "support",
    "slug": "support",
    "a": "1",
    "n": 1,
    "b": "2",
    "queue": "label-next",
    "label": "track_order",
    "version": 1,
    "run": [UUID(NOBODY)],
    "step": [datetime(2026, 11, 29, tzinfo=UTC)],
}
MADE = {
    "create_task": ("slug",),
    "create_key": ("id", "key_id"),
    "create_alert": ("id", "alert_id"),
    "create_channel": ("id", "channel_id"),
    "log_prediction": ("log_id", "prediction_id"),
    "correct_prediction": ("id", "correction_id"),
    "add_ground_truth": ("id", "case_id"),
    "import_version": ("id", "version_id", "against"),
}
"""What is made first, and which parameters of later calls a field of the answer fills."""
REFUSED = {
    "nlu-logger": {
        "add_schedule": 422,
        "approve_correction": 409,
        "remove_schedule": 404,
        "release_claim": 404,
        "settle_conflict": 404,
        "get_erasure_receipt": 404,
    },
    "induction": {
        "start_run": 422,
        "get_run": 404,
        "get_report": 404,
        "get_version_report": 404,
        "pause_run": 404,
        "resume_run": 404,
        "cancel_run": 404,
        "hint_run": 404,
        "pin_block": 404,
        "follow_run": 404,
        "follow_runs": 404,
        "approve_change": 404,
        "veto_change": 404,
        "continue_run": 404,
        "verify_run": 404,
        "get_verification": 404,
        "roll_back": 409,
        "get_proposal": 404,
        "approve_proposal": 404,
        "reject_proposal": 404,
        "replay_version": 422,
        "bundle_versions": 409,
        "take_bundle": 403,
        "start_experiment": 404,
        "get_experiment": 404,
        "stop_experiment": 404,
    },
}
"""Where nothing is found, or the examples contradict each other. All else succeeds."""


async def generated(document: Mapping[str, Any], folder: Path, name: str) -> ModuleType:
    """The client's package. The generator has nothing to complain about, or the test fails."""
    (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "openapi-python-client"),
        *("generate", "--meta", "none", "--path", str(folder / f"{name}.json")),
        *("--config", str(folder / "settings.json"), "--output-path", str(folder / name)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    lines = [line for line in output.decode().splitlines() if line]
    complaints = {after for line, after in pairwise(lines) if line.startswith("WARNING")}
    assert complaints <= NO_SUCH_BODIES
    assert not [line for line in lines if line.startswith("Unable")]
    spec = importlib.util.spec_from_file_location(
        name, folder / name / "__init__.py", submodule_search_locations=[str(folder / name)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


def in_order(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The operations, so that what makes a thing comes before what reads, changes or removes it."""
    ranked = sorted(
        (method == "delete", operation["operationId"] not in MADE, "{" in path, path, method)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return [document["paths"][path][method] for *_, path, method in ranked]


def arguments(function: Any, known: Mapping[str, str], examples: Mapping[str, Any]) -> Any:
    """Everything a call cannot do without: ids that are known, and the body's own example."""
    types = typing.get_type_hints(function)
    filled = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not inspect.Parameter.empty or name == "client":
            continue
        if name == "body":
            filled[name] = body_of(types[name], examples)
        elif types[name] is UUID:
            filled[name] = UUID(known.get(name, NOBODY))
        else:
            filled[name] = REQUIRED[name]
    return filled


def body_of(expected: Any, examples: Mapping[str, Any]) -> Any:
    """One, or a list of one; a line of a file is any object."""
    if typing.get_origin(expected) is list:
        (item,) = typing.get_args(expected)
        return [item.from_dict(examples.get(item.__name__, {"id": NOBODY}))]
    return expected.from_dict(examples[expected.__name__])


@pytest.fixture
async def stack(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    """One for each service: an example of a label set there is not the one of a task here."""
    async with opened(databases, servers) as made:
        yield made


@pytest.mark.law
@pytest.mark.parametrize("service", ["nlu-logger", "induction"])
async def test_a_generated_client_can_call_every_operation_and_reads_every_answer(
    stack: Stack, tmp_path: Path, service: str
) -> None:
    served: httpx2.AsyncClient = stack.logger if service == "nlu-logger" else stack.induction
    document = (await served.get("/openapi.json")).json()
    package = await generated(document, tmp_path, f"made_of_{service.replace('-', '_')}")
    schemas = document["components"]["schemas"]
    examples = {
        name: schema["examples"][0] for name, schema in schemas.items() if "examples" in schema
    }
    client = importlib.import_module(f"{package.__name__}.client").AuthenticatedClient(
        base_url=str(served.base_url), token=BOOTSTRAP_KEY
    )
    known: dict[str, str] = {}
    answered: dict[str, int] = {}
    async with client:
        for operation in in_order(document):
            name, tag = operation["operationId"], operation["tags"][0].replace(" ", "_")
            module = importlib.import_module(f"{package.__name__}.api.{tag}.{name}")
            call = module.asyncio_detailed
            answer = await call(client=client, **arguments(call, known, examples))
            status = int(answer.status_code)
            declared = operation["responses"][str(status)]
            assert (answer.parsed is not None) == ("content" in declared), (name, status)
            answered[name] = status
            if name in MADE:
                assert status < 300, (name, answer.content)
                field, *parameters = MADE[name]
                known |= dict.fromkeys(parameters, str(getattr(answer.parsed, field)))
    refused = {name: status for name, status in answered.items() if status >= 400}
    assert refused == REFUSED[service]
