"""Exports without what identifies a person, and the training rows that outlived their originals."""

import asyncio
import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, connected, opened

MAIL = "write to ann@example.com"
CLEAN = "write to [email]"


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
@pytest.mark.parametrize(("path", "column"), [("retraining", "text"), ("review", "prompt")])
async def test_an_export_can_leave_out_what_identifies_a_person(
    world: World, task: str, path: str, column: str, form: str
) -> None:
    for confidence in (0.5, 0.9):
        await world.log(task=task, prompt=MAIL, confidence=confidence)
    for anonymise, text in ((False, MAIL), (True, CLEAN)):
        answer = await world.admin.get(
            f"/v1/exports/{path}", params={"task": task, "anonymise": anonymise, "format": form}
        )
        if form == "csv":
            (row,) = csv.DictReader(io.StringIO(answer.text))
        else:
            (row,) = json.loads(f"[{answer.text}]" if form == "jsonl" else answer.text)
        assert row[column] == text
        assert ("not-found-by-rules" in answer.headers) == anonymise


async def test_a_corrected_output_is_cleaned_and_a_label_is_not(world: World, task: str) -> None:
    for body in ({"corrected_output": {"to": "ann@example.com"}}, {"corrected_intent": "a@b.co"}):
        path = f"/v1/predictions/{await world.log(task=task)}/corrections"
        assert (await world.admin.post(path, json=body)).status_code == 201
    answer = await world.admin.get(
        "/v1/exports/retraining", params={"task": task, "anonymise": True}
    )
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["label"] for row in rows] == [{"to": "[email]"}, "a@b.co"]


async def test_a_deployment_has_a_dictionary_of_its_own(
    databases: Databases, servers: Servers, tmp_path: Path, task: str
) -> None:
    terms = tmp_path / "terms.txt"
    terms.write_text("Acme Corp\n\nZürich\n")
    async with opened(databases, servers, anonymise_terms=terms) as world:
        await world.log(task=task, prompt="ACME corp in zürich", confidence=0.9)
        query = {"task": task, "anonymise": True}
        answer = await world.admin.get("/v1/exports/retraining", params=query)
    assert json.loads(answer.text)["text"] == "[term] in [term]"


async def test_pairs_can_be_anonymised_too(world: World, task: str) -> None:
    for prompt in (MAIL, f"{MAIL} and ben@example.com"):
        await world.log(task=task, prompt=prompt, confidence=0.9)
    answer = await world.admin.get("/v1/exports/pairs", params={"task": task, "anonymise": True})
    pair = json.loads(answer.text)
    assert {pair["text_a"], pair["text_b"]} == {CLEAN, f"{CLEAN} and [email]"}


async def test_kept_training_rows_come_first_within_the_days_asked_for(
    world: World, task: str
) -> None:
    async with connected(world.database.owner_url) as owner:
        for days, confidence, corrected in (
            (400, 0.9, False),
            (150, 0.3, True),
            (120, 0.85, False),
        ):
            await owner.execute(
                "INSERT INTO kept_training_rows"
                " (task, text, label, confidence, corrected, predicted_on)"
                " VALUES ($1, $2, 'greet', $3, $4, current_date - $5::int)",
                task,
                f"said {days} days ago",
                confidence,
                corrected,
                days,
            )
    await world.log(task=task, prompt="said today", confidence=0.95)

    async def exported(**query: object) -> list[str]:
        answer = await world.admin.get("/v1/exports/retraining", params={"task": task, **query})
        return [json.loads(line)["text"] for line in answer.text.splitlines()]

    old = [f"said {days} days ago" for days in (400, 150, 120)]
    assert await exported() == [*old, "said today"]
    assert await exported(days=200) == [*old[1:], "said today"]
    assert await exported(days=90) == ["said today"]
    assert await exported(min_confidence=0.9) == [*old[:2], "said today"]
    pairs = await world.admin.get("/v1/exports/pairs", params={"task": task})
    assert old[0] in pairs.text


@pytest.mark.law
async def test_the_command_line_says_what_rules_do_not_find(world: World, task: str) -> None:
    await world.log(task=task, prompt=MAIL, confidence=0.9)
    program = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "nlu-logger",
        *("export", "--anonymise", "--task", task),
        env={
            "PATH": os.environ["PATH"],
            "NLU_LOGGER_URL": world.url,
            "NLU_LOGGER_KEY": BOOTSTRAP_KEY,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await program.communicate()
    assert json.loads(printed)["text"] == CLEAN
    assert b"postal addresses" in complained
