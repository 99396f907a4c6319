"""Several workers look for what is to be forgotten, and may come to the same case at once."""

from uuid import uuid4

import pytest
from induction.privacy import service
from induction.privacy.jobs import forget_once
from induction.resources import APP_IDENTITY, open_resources
from nlu_shared.kit.data.db import session_scope
from nlu_shared.schemas.privacy import ForgottenCase

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.cases.forgetting import erase, forgotten, say, secret
from tests.induction.runs.driving import reached, start


@pytest.mark.law
async def test_who_comes_second_to_a_case_leaves_the_receipt_as_it_is(stack: Stack) -> None:
    """What it would find is blank already: no prompt would be listed any more."""
    task, person = "at-once", uuid4()
    await make_task(stack, task, cases=40)
    case = await say(stack, task, person)
    rules = f"topic_0 {secret(task)} topic_1 topic_2 topic_3"
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"text": rules})
    async with stack.working(forget_seconds=3_600):
        await reached(stack, await start(stack, task, kind="evaluate"))
    await erase(stack, person)
    async with open_resources(stack.settings) as resources:
        await forget_once(resources)
        receipt = await forgotten(stack, case)
        assert (receipt["snapshots"], receipt["quoted_in"]) == (1, [made.json()["id"]])
        async with session_scope(resources.database, APP_IDENTITY) as session:
            assert await service.forget(session, ForgottenCase.model_validate(receipt))
    assert await forgotten(stack, case) == receipt
