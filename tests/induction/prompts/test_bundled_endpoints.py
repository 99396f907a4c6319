"""How a version's model was asked travels with it, and what serves elsewhere heeds it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from induction.bundles.signing import new_key, signature

from tests.fixtures.databases import Databases
from tests.fixtures.dialects import Server
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving
from tests.induction.runs.driving import reached, start

pytestmark = pytest.mark.law
TASK, ELSEWHERE, OTHER = "shared", "taking", "on-another-model"
MODEL = "office/m"
PRIVATE, PUBLIC = new_key()
NEWER = {"takes_temperature": False, "length_field": "max_completion_tokens"}


@dataclass(frozen=True)
class Travelled:
    """An instance that took a bundle, and the bundle."""

    taking: Stack
    signed: dict[str, Any]


def office(url: str, **more: object) -> dict[str, Any]:
    described = {"api": "chat-completions", "base_url": f"{url}/v1", "billed": False, **more}
    return {"office": described}


@pytest.fixture(scope="module")
async def travelled(databases: Databases, servers: Servers) -> AsyncIterator[Travelled]:
    """From an instance that has measured its version on a server which takes no temperature."""
    async with AsyncExitStack() as entered:
        url = await entered.enter_async_context(
            serving(Server(refuses=("max_tokens", "temperature")))
        )
        giving = await entered.enter_async_context(
            opened(databases, servers, bundle_key=PRIVATE, providers=office(url))
        )
        await made(giving, TASK, MODEL, cases=24)
        async with giving.working():
            await reached(giving, await start(giving, TASK, kind="evaluate"), "completed")
        signed = (await giving.induction.get(f"/v1/prompts/{TASK}/bundle")).json()
        own = office("http://127.0.0.1:9", timeout_seconds=7)
        taking = await entered.enter_async_context(
            opened(databases, servers, bundle_signers=[PUBLIC], providers=own)
        )
        await made(taking, ELSEWHERE, MODEL)
        await made(taking, OTHER, "claude-sonnet-5-5")
        yield Travelled(taking, signed)


async def made(stack: Stack, task: str, model: str, *, cases: int = 0) -> None:
    await make_task(stack, task, cases=cases)
    answer = await stack.induction.patch(f"/v1/tasks/{task}", json={"task_model": model})
    assert answer.status_code == 200, answer.text


async def taken(stack: Stack, task: str, body: dict[str, Any]) -> str:
    """The version that came, which serves then."""
    answer = await stack.induction.post("/v1/bundles", params={"task": task}, json=body)
    assert answer.status_code == 201, answer.text
    version = str(answer.json()["versions"][-1]["id"])
    path = f"/v1/prompts/{task}/versions/{version}/promote"
    assert (await stack.induction.post(path)).status_code in (200, 409)
    return version


async def active(stack: Stack, task: str) -> dict[str, Any]:
    return dict((await stack.induction.get(f"/v1/prompts/{task}/active")).json())


async def test_what_serves_from_a_bundle_is_asked_as_it_was_measured_there(
    travelled: Travelled,
) -> None:
    stack = travelled.taking
    before = await active(stack, ELSEWHERE)
    assert before["endpoint"]["dialect"]["takes_temperature"] is True
    version = await taken(stack, ELSEWHERE, travelled.signed)
    serving = await active(stack, ELSEWHERE)
    assert (serving["version_id"], serving["model"]) == (version, MODEL)
    endpoint = serving["endpoint"]
    assert (endpoint["provider"], endpoint["model"]) == ("office", "m")
    assert endpoint["dialect"].items() >= NEWER.items()
    # Who asks it here does so within the limits of here.
    assert endpoint["timeout_seconds"] == 7
    path = f"/v1/prompts/{ELSEWHERE}/versions/{version}/origins"
    (origin,) = (await stack.induction.get(path)).json()
    assert origin["endpoint"]["dialect"] == endpoint["dialect"]


async def test_no_text_goes_to_another_model_by_the_word_of_another_instance(
    travelled: Travelled,
) -> None:
    stack = travelled.taking
    before = await active(stack, OTHER)
    await taken(stack, OTHER, travelled.signed)
    serving = await active(stack, OTHER)
    assert serving["model"] == "claude-sonnet-5-5"
    assert serving["endpoint"] == before["endpoint"]


async def test_a_bundle_from_before_it_told_how_its_model_was_asked_is_taken(
    travelled: Travelled,
) -> None:
    stack = travelled.taking
    older = travelled.signed["bundle"] | {"format": "induction-bundle/1"}
    older["versions"] = [
        {name: value for name, value in one.items() if name != "endpoint"}
        for one in older["versions"]
    ]
    await made(stack, "from-before", MODEL)
    body = {"bundle": older, "public_key": PUBLIC, "signature": signature(PRIVATE, older)}
    version = await taken(stack, "from-before", body)
    serving = await active(stack, "from-before")
    assert serving["endpoint"]["dialect"]["takes_temperature"] is True
    path = f"/v1/prompts/from-before/versions/{version}/origins"
    (origin,) = (await stack.induction.get(path)).json()
    assert origin["endpoint"] is None
