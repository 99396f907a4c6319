"""A team's module keeps its names through the registry and through a run."""

import json
from typing import Any

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, sql, start

LABELS = "topic_0, topic_1, topic_2 or topic_3"
MODULE = f'''
PDP_ROLE_AND_INSTRUCTIONS = """
Answer with {LABELS}.
"""
PDP_EXAMPLES = """
"money back" is topic_3
"""
'''
NAMES = ("PDP_ROLE_AND_INSTRUCTIONS", "PDP_EXAMPLES")


def run(module: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(module, "prompts.py", "exec"), names)  # noqa: S102 - our own export
    return names


async def exported(stack: Stack, task: str, version: str) -> dict[str, Any]:
    params = {"version": version}
    answer = await stack.induction.get(f"/v1/prompts/{task}/export", params=params)
    assert answer.status_code == 200, answer.text
    return run(answer.text)


@pytest.mark.law
@pytest.mark.long
async def test_a_module_comes_out_of_a_run_under_its_own_names(stack: Stack) -> None:
    await make_task(stack, "named", cases=40)
    body = {"module": MODULE, "promote": True}
    brought = await stack.induction.post("/v1/prompts/named/versions", json=body)
    assert brought.status_code == 201, brought.text
    before, own = await exported(stack, "named", brought.json()["id"]), run(MODULE)
    assert [before[name] for name in NAMES] == [own[name] for name in NAMES]
    async with stack.working():
        run_id = await start(stack, "named", limits={"iterations": 1})
        ended = await reached(stack, run_id)
    best = ended["best_version_id"]
    assert best != brought.json()["id"], ended["reason"]
    after = await exported(stack, "named", best)
    assert [name for name in after if name.startswith("PDP_")] == list(NAMES)
    assert "\n\n".join(after[name] for name in NAMES) == "\n\n".join(after["SYSTEM_PARTS"][:-1])
    assert after["PDP_ROLE_AND_INSTRUCTIONS"] == own["PDP_ROLE_AND_INSTRUCTIONS"]


async def test_what_a_refused_module_would_drop_is_named(stack: Stack) -> None:
    await make_task(stack, "refused")
    body = {"module": f"INSTRUCTIONS = 'Labels: {LABELS}.'\nINSTRUCTIONS += ' Never guess.'\n"}
    answer = await stack.induction.post("/v1/prompts/refused/versions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_module")
    assert "INSTRUCTIONS (line 2)" in answer.json()["detail"]
    assert "guess" not in answer.text


async def test_an_example_with_its_context_comes_back_from_its_module(stack: Stack) -> None:
    await make_task(stack, "context")
    content = {
        "instructions": [{"name": "instructions", "text": f"Labels: {LABELS}"}],
        "examples": [
            {
                "text": "yes, please",
                "output": "topic_1",
                "context": {"before": [{"speaker": "bot", "text": "Shall I open it?"}]},
            }
        ],
    }
    made = await stack.induction.post("/v1/prompts/context/versions", json={"content": content})
    path, version = "/v1/prompts/context", made.json()["id"]
    module = await stack.induction.get(f"{path}/export", params={"version": version})
    again = await stack.induction.post(f"{path}/versions", json={"module": module.text})
    assert (again.status_code, again.json()["id"]) == (200, version)


async def test_labels_that_change_leave_what_serves_as_it_was(stack: Stack) -> None:
    """Until somebody brings it in again and promotes that: another version, under the labels of
    now."""
    await make_task(stack, "relabelled")
    path = "/v1/prompts/relabelled"
    before = (await stack.induction.get(f"{path}/active")).json()
    names = [f"topic_{number}" for number in range(4)]
    assert _enum(before) == before["labels"] == names
    fewer = [{"name": name} for name in names[:3]]
    await sql(stack, "UPDATE tasks SET labels = $1 WHERE slug = 'relabelled'", json.dumps(fewer))
    assert (await stack.induction.get(f"{path}/active")).json() == before
    body = {"content": before["content"]}
    again = await stack.induction.post(f"{path}/versions", json=body)
    assert (again.status_code, again.json()["version_hash"]) == (201, before["version_hash"])
    assert (await stack.induction.get(f"{path}/active")).json() == before
    promoted = await stack.induction.post(f"{path}/versions/{again.json()['id']}/promote")
    assert promoted.status_code == 200
    after = (await stack.induction.get(f"{path}/active")).json()
    assert _enum(after) == names[:3]
    assert after["rendered"]["rendered_hash"] != before["rendered"]["rendered_hash"]


def _enum(active: dict[str, Any]) -> list[str]:
    labels: list[str] = active["rendered"]["response_schema"]["properties"]["label"]["enum"]
    return labels
