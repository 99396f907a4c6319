"""Truths that no answer can match are named, left out, and refuse a start where they are many."""

import pytest
from nlu_shared.schemas.forecasts import Forecast

from tests.fixtures.labelled import add_case, make_task, old_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, start
from tests.induction.runs.test_starting import door
from tests.induction.tasks.changing import TOPICS, YES_NO, changed, made
from tests.induction.test_keys_by_command import run as by_command


@pytest.mark.law
async def test_truths_that_cannot_be_answered_are_named_and_left_out(stack: Stack) -> None:
    await old_task(stack, "named", ["topic_0", "topic_1"])
    for number in range(41):
        await add_case(stack.logger, "named", f"text {number}", f"topic_{number % 2}")
    await add_case(stack.logger, "named", "an odd text", "Topic 1")
    forecast = await stack.induction.post("/v1/runs", json={"task": "named", "dry_run": True})
    assert forecast.status_code == 200, forecast.text
    (odd,) = forecast.json()["unanswerable"]
    assert (odd["reason"], odd["label"], odd["cases"]) == ("unknown_label", "Topic 1", 1)
    assert odd["like"] == ["topic_1"]
    assert forecast.json()["cases"] == 42
    assert sum(forecast.json()["splits"].values()) == 41
    run = await start(stack, "named", kind="evaluate")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert seen["unanswerable"] == [odd]
    assert "f1:Topic 1" not in seen["components"]
    notes = (await events(stack, run))[0]["notes"]
    assert any(odd["case_ids"][0] in note and "'Topic 1'" in note for note in notes)
    assert seen["notes"] == [note for note in notes if note in seen["notes"]]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_too_many_truths_that_cannot_be_answered_refuse_the_start(
    stack: Stack, dry_run: bool
) -> None:
    task = f"unanswerable-{dry_run}".lower()
    await old_task(stack, task, ["topic_0", "topic_1"])
    for number in range(12):
        await add_case(stack.logger, task, f"some text {number}", f"topic_{number % 3}")
    answer = await stack.induction.post("/v1/runs", json={"task": task, "dry_run": dry_run})
    if dry_run:
        assert answer.status_code == 200
        assert not answer.json()["fits"]
        assert any("would be refused: 4 of 12" in note for note in answer.json()["notes"])
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "unanswerable_truths")
        assert answer.json()["labels"] == ["topic_2"]
        assert "4 of 12" in answer.json()["detail"]
        assert "not in the label set: 'topic_2' (4)" in answer.json()["detail"]
        assert "some text" not in answer.text


async def test_a_truth_that_is_no_extraction_is_named_by_its_id(stack: Stack) -> None:
    await stack.induction.post("/v1/tasks", json={"slug": "families", "kind": "extraction"})
    await stack.induction.post("/v1/prompts/families/versions", json={"promote": True})
    ids = []
    for text, truth in (("Ann moved.", {"people": []}), ("Ben died.", {"people": "Ben"})):
        case = {"task": "families", "text": text, "truth": truth}
        ids.append((await stack.logger.post("/v1/ground-truth", json=case)).json()["id"])
    answer = await stack.induction.post("/v1/runs", json={"task": "families"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unanswerable_truths")
    assert ids[1] in answer.json()["detail"]
    assert ids[0] not in answer.json()["detail"]
    assert "Ben" not in answer.text
    forecast = await stack.induction.post("/v1/runs", json={"task": "families", "dry_run": True})
    assert forecast.json()["unanswerable"][0]["case_ids"] == [ids[1]]


async def test_one_class_and_empty_splits_are_said_in_words(stack: Stack) -> None:
    await made(stack, "one-class", labels=YES_NO)
    await stack.induction.post("/v1/prompts/one-class/versions", json={"promote": True})
    for number in range(6):
        await add_case(stack.logger, "one-class", f"text {number}", "yes")
    forecast = await stack.induction.post("/v1/runs", json={"task": "one-class", "dry_run": True})
    notes = " | ".join(forecast.json()["notes"])
    assert "all truths carry one label" in notes
    assert "prompts are chosen on the training cases" in notes
    assert "no untouched test cases" in notes


async def test_truths_whose_label_is_retired_are_named_so(stack: Stack) -> None:
    await make_task(stack, "retiring", cases=40)
    await changed(stack, "retiring", labels=[*TOPICS[:3], {"name": "topic_3", "retired": True}])
    answer = await stack.induction.post("/v1/runs", json={"task": "retiring", "dry_run": True})
    (odd,) = answer.json()["unanswerable"]
    assert (odd["reason"], odd["label"], odd["cases"]) == ("retired_label", "topic_3", 10)
    assert len(odd["case_ids"]) == 10
    assert (answer.json()["labels_version"], answer.json()["fits"]) == (2, False)


async def test_a_dry_run_by_command_tells_the_forecast_in_words(stack: Stack) -> None:
    await old_task(stack, "asked-aloud", ["topic_0", "topic_1"])
    for number in range(24):
        await add_case(stack.logger, "asked-aloud", f"text {number}", f"topic_{number % 2}")
    await add_case(stack.logger, "asked-aloud", "an odd text", "odd one")
    order = ["run", *door(stack), "--task", "asked-aloud", "--dry-run"]
    code, words, complaint = await by_command(stack, *order)
    assert code == 0, complaint
    _, document, _ = await by_command(stack, *order, "--json")
    listed = (await stack.induction.get("/v1/runs", params={"task": "asked-aloud"})).json()
    assert listed["items"] == []
    forecast = Forecast.model_validate_json(document)
    lines = words.splitlines()
    assert lines[0].startswith("25 approved cases: ")
    assert lines[1].startswith(f"{forecast.quotable} of {forecast.splits['train']} training cases")
    assert "1 left out: unknown label 'odd one'" in lines
    assert any(line.startswith(f"at most {forecast.calls:,} calls, ") for line in lines)
    assert {*forecast.notes} <= {*lines}
    assert lines[-1] == "fits"
    code, _, complaint = await by_command(stack, "run", *door(stack), "--task", "no", "--dry-run")
    assert (code, complaint.split(":")[0]) == (1, "induction")
