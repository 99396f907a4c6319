"""A run that is asked to judge its procedure shows both: what it proved and what the folds say."""

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, start


@pytest.mark.law
@pytest.mark.long
async def test_a_run_asked_for_folds_shows_its_procedure_beside_its_verdict(stack: Stack) -> None:
    await make_task(stack, "folded", cases=100)
    forecasts = [
        await stack.induction.post("/v1/runs", json={"task": "folded", "dry_run": True, **more})
        for more in ({}, {"folds": 2})
    ]
    plain, folded = (answer.json()["calls"] for answer in forecasts)
    assert folded > plain
    run = await start(stack, "folded", folds=2, limits={"iterations": 2})
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert seen["verdict"]["tested_on"] == "test"
    assert seen["cross_validation"]["tested_on"] == "cross-validation"
    assert (
        seen["cross_validation"]["cases"] == seen["splits"]["train"] + seen["splits"]["validation"]
    )
    folds = [one for one in await events(stack, run) if one["type"] == "fold_scored"]
    assert [one["number"] for one in folds] == [1, 2]


async def test_one_fold_is_no_cross_validation(stack: Stack) -> None:
    answer = await stack.induction.post("/v1/runs", json={"task": "any", "folds": 1})
    assert answer.status_code == 422
