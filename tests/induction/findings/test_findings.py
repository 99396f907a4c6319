"""Wrong labels among approved cases: the run names them, and nlu-logger's reviewers see them."""

import random
from typing import Any

import pytest

from tests.fixtures.labelled import add_case
from tests.fixtures.stack import Stack, until
from tests.induction.llm.toys import toy
from tests.induction.runs.driving import reached, sql, start

NOWHERE = "http://127.0.0.1:1"
CASES, WRONG = 20, 10
FAMILY = {
    "people": [{"id": -1, "name": "Ann"}],
    "events": [{"id": -2, "kind": "moved", "person": -1}],
    "pair_bonds": [],
}


async def plant(stack: Stack, task: str) -> dict[str, str]:
    """A task of five labels, 100 cases, ten of them under another label: text to what was meant."""
    kind = toy(3, 5)
    labels = [{"name": name} for name in kind.labels]
    body = {"slug": task, "kind": "intent", "labels": labels}
    assert (await stack.induction.post("/v1/tasks", json=body)).status_code == 201
    await stack.induction.post(f"/v1/prompts/{task}/versions", json={"promote": True})
    chance = random.Random(5)
    cases = dict(kind.cases(CASES, 5))
    wrong = chance.sample(sorted(cases), WRONG)
    for text, meant in cases.items():
        others = [name for name in kind.labels if name != meant]
        await add_case(stack.logger, task, text, chance.choice(others) if text in wrong else meant)
    return {text: cases[text] for text in wrong}


async def doubted(stack: Stack, task: str) -> list[dict[str, Any]]:
    path = "/v1/reviews/queues/suspicious-label"
    answer = await stack.logger.get(path, params={"task": task})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def findings_sent(stack: Stack, run: str) -> bool:
    rows = await sql(stack, "SELECT findings_sent_at FROM runs WHERE id = $1", run)
    return rows[0][0] is not None


@pytest.mark.law
@pytest.mark.long
async def test_wrong_labels_reach_the_reviewers_even_through_a_logger_that_is_away(
    stack: Stack,
) -> None:
    planted = await plant(stack, "planted")
    run = await start(stack, "planted")
    async with stack.working(nlu_logger_url=NOWHERE, findings_seconds=0.1):
        ended = await reached(stack, run, "completed")
    named = {one["case_id"]: one["predicted"] for one in ended["error_analysis"]["labels"]}
    assert named
    assert set(ended["error_analysis"]["case_ids"]["label"]) == set(named)
    assert not await findings_sent(stack, run)
    assert await doubted(stack, "planted") == []

    async with stack.working(findings_seconds=0.1):
        await until(lambda: findings_sent(stack, run))
    items = await doubted(stack, "planted")
    assert {item["id"] for item in items} == set(named)
    for item in items:
        assert planted[item["text"]] == named[item["id"]]
        (doubt,) = item["label_issues"]
        assert (doubt["kind"], doubt["suggested"]) == ("always-missed", named[item["id"]])

    await sql(stack, "UPDATE runs SET findings_sent_at = NULL WHERE id = $1", run)
    async with stack.working(findings_seconds=0.1):
        await until(lambda: findings_sent(stack, run))
    assert await doubted(stack, "planted") == items
