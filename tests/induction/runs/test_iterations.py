"""A run's iterations as its page shows them: rows, written with the events that tell of them."""

from uuid import UUID

from induction.history import service as history
from induction.resources import APP_IDENTITY
from nlu_shared.kit.data.db import open_database, session_scope
from nlu_shared.schemas.events import ChangeKept, ChangeRejected, PromptProposed, Stage, StoredEvent
from nlu_shared.schemas.prompts import Block, Change, Edit, Op, PromptContent, Strategy

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import shown, start

KEPT = ChangeKept(iteration=1, version_hash="one", gain=0.1, fixed=[], broke=[])


def proposed(name: str) -> PromptProposed:
    edit = Edit(op=Op.APPEND_TO_BLOCK, block="rules", text=name)
    change = Change(strategy=Strategy.INSTRUCTIONS, rationale=f"why {name}", edits=(edit,))
    content = PromptContent(instructions=(Block(name="rules", text=name),))
    return PromptProposed(
        iteration=1, change=change, content=content, version_hash=name, parent_hash="none"
    )


def rejected(stage: Stage, version_hash: str | None = None) -> ChangeRejected:
    return ChangeRejected(iteration=1, stage=stage, reason=stage, version_hash=version_hash)


async def outcomes(
    stack: Stack, task: str, *events: StoredEvent
) -> list[tuple[str | None, str | None]]:
    version = UUID(await make_task(stack, task, cases=24))
    run = await start(stack, task)
    async with open_database(stack.induction_database.app_url) as database:
        for event in events:
            async with session_scope(database, APP_IDENTITY) as session:
                await history.record(session, UUID(run), event, version_id=version)
    iterations = (await shown(stack, run))["changes"]
    assert [one["n"] for one in iterations] == list(range(1, len(iterations) + 1))
    return [(one["rationale"], one["outcome"]) for one in iterations]


async def test_what_was_refused_before_it_was_proposed_is_an_entry_of_its_own(stack: Stack) -> None:
    """It says nothing about the change before it."""
    assert await outcomes(
        stack, "early", proposed("one"), KEPT, rejected(Stage.SCREEN), rejected(Stage.PROPOSE)
    ) == [
        ("why one", "kept"),
        (None, "rejected_at_screen"),
        (None, "rejected_at_propose"),
    ]


async def test_of_changes_side_by_side_each_has_its_own_end(stack: Stack) -> None:
    assert await outcomes(
        stack,
        "abreast",
        rejected(Stage.SCREEN),
        proposed("one"),
        rejected(Stage.GATE, "one"),
        proposed("two"),
        rejected(Stage.GATE),
    ) == [
        (None, "rejected_at_screen"),
        ("why one", "rejected_at_gate"),
        ("why two", "rejected_at_gate"),
    ]


async def test_a_change_that_the_run_ended_over_stays_open(stack: Stack) -> None:
    assert await outcomes(stack, "cut-short", proposed("one")) == [("why one", "open")]
