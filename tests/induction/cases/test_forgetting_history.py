"""What was said of a forgotten case in the course of runs goes too, each text by its hash."""

from hashlib import sha256
from uuid import uuid4

import pytest
from induction.privacy.jobs import forget_once
from induction.privacy.repeating import blanked, marked, repeats_any
from induction.resources import open_resources
from pydantic import JsonValue

from tests.fixtures.labelled import add_case, make_task
from tests.fixtures.stack import Stack
from tests.induction.cases.forgetting import erase, forgotten, say, secret
from tests.induction.runs.driving import events, reached, sql, start

SENTENCE = "my name is Ann Lee and my parcel is late since the first of May"
CASE = str(uuid4())
REPEATS = repeats_any([SENTENCE], ["ann", "lee"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"rationale": SENTENCE}, {"rationale": marked(SENTENCE)}),
        ({"rationale": f"As in: {SENTENCE}!"}, {"rationale": marked(f"As in: {SENTENCE}!")}),
        ({"hint": SENTENCE.upper()}, {"hint": marked(SENTENCE.upper())}),
        ({"hints": ["be exact", "ask Ann"]}, {"hints": ["be exact", marked("ask Ann")]}),
        ({"reason": "parcels are late"}, {"reason": "parcels are late"}),
        ({"type": "Ann", "version_hash": "Ann"}, {"type": "Ann", "version_hash": "Ann"}),
        ({"truth": "person Lee"}, {"truth": marked("person Lee")}),
        ({"output": "Ann"}, {"output": "Ann"}),
        (
            {"output": {"people": [{"name": "Ann", "id": 1}]}},
            {"output": {"people": [{"name": marked("Ann"), "id": 1}]}},
        ),
        (
            {"text": "anything", "output": "late", "case_id": CASE, "context": {}},
            {"text": marked("anything"), "output": None, "case_id": CASE},
        ),
        ({"hint": marked(SENTENCE)}, {"hint": marked(SENTENCE)}),
    ],
)
def test_what_repeats_the_case_is_blanked_and_nothing_else(
    before: JsonValue, after: JsonValue
) -> None:
    assert blanked(before, REPEATS, CASE) == after
    assert blanked(after, REPEATS, CASE) == after


def test_a_case_of_one_common_word_blanks_no_sentence() -> None:
    repeats = repeats_any(["stop"], [])
    assert repeats("Stop!")
    assert not repeats("rules for stop and pay")


async def texts_in_history(stack: Stack, task: str) -> dict[str, str]:
    """What is kept of a task's runs beside the contents of versions, by where it stands."""
    runs = "SELECT id FROM runs WHERE task = $1"
    queries = {
        "events": f"SELECT body::text AS content FROM run_events WHERE run_id IN ({runs})",
        "readings": f"SELECT body::text AS content FROM run_inbox WHERE run_id IN ({runs})",
        "hints": f"SELECT hint AS content FROM run_hints WHERE run_id IN ({runs})",
        "runs": "SELECT hints::text AS content FROM runs WHERE task = $1",
        "notes": "SELECT notes AS content FROM prompt_versions WHERE task = $1"
        " AND notes IS NOT NULL",
        "answers": f"SELECT text AS content FROM llm_calls WHERE run_id IN ({runs})"
        " AND text IS NOT NULL",
    }
    return {
        where: "\n".join(row["content"] for row in await sql(stack, query, task))
        for where, query in queries.items()
    }


def plain(text: str) -> str:
    return text.upper().replace("_", " ")


@pytest.mark.law
async def test_what_people_and_models_said_of_an_erased_case_goes_from_the_history(
    stack: Stack,
) -> None:
    task = f"task-{uuid4().hex[:12]}"
    await make_task(stack, task, cases=24)
    for number in range(8):  # no prompt gets these right, so that there is always something to try
        await add_case(stack.logger, task, f"zyx {number}", f"topic_{number // 2}")
    person = uuid4()
    case = await say(stack, task, person)
    noted = {"text": "topic_0 topic_1 topic_2 topic_3", "notes": f"Made for {secret(task)}"}
    assert (
        await stack.induction.post(f"/v1/prompts/{task}/versions", json=noted)
    ).status_code == 201
    hints = [
        f"think of {secret(task).upper()}",
        "what Ann Lee wants is hard to tell",
        "mind the labels",
    ]
    run = await start(stack, task, hints=hints)
    later = {"hint": f"again {secret(task).replace(' ', '_')}"}
    assert (await stack.induction.post(f"/v1/runs/{run}/hints", json=later)).status_code < 300
    async with stack.working():
        await reached(stack, run, "completed")
    before = await texts_in_history(stack, task)
    for where in ("events", "readings", "hints", "runs", "notes"):
        assert "ANN LEE" in plain(before[where]), where
    await erase(stack, person)
    async with open_resources(stack.settings) as resources:
        await forget_once(resources)
    assert (await forgotten(stack, case))["forgotten_at"] is not None
    after = await texts_in_history(stack, task)
    for where, text in after.items():
        assert "ANN LEE" not in plain(text), where
        assert f"PARCEL OF {task.upper()}" not in plain(text), where
    assert "mind the labels" in after["runs"]
    digest = sha256(hints[0].encode()).hexdigest()
    assert digest in after["runs"]
    assert digest in after["events"]
    history = await events(stack, run)
    assert [one["type"] for one in history][-1] == "run_finished"
    assert (await stack.induction.get(f"/v1/prompts/{task}/lineage")).status_code == 200
    assert (await stack.induction.get(f"/v1/runs/{run}")).status_code == 200
