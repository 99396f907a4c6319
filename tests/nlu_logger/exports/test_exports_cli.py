"""The export commands as an operator types them: whole files or none."""

import json
from pathlib import Path

import pytest
from nlu_shared.schemas.exports import Pair

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import client, serving
from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.world import World
from tests.shared.client.relay import BadLine


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def env(world: World) -> dict[str, str]:
    return {"NLU_LOGGER_URL": world.url, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}


@pytest.fixture
async def filled(world: World, task: str) -> str:
    """A task with two sure predictions and one to review."""
    for prompt, intent, confidence in (
        ("book a table", "restaurant", 0.9),
        ("book a flight ü", "travel", 0.75),
        ("=hello", "greet", 0.65),
    ):
        await world.log(task=task, prompt=prompt, predicted_intent=intent, confidence=confidence)
    return task


async def test_the_flags_of_the_document_export_what_the_api_does(
    world: World, filled: str, env: dict[str, str], tmp_path: Path
) -> None:
    for mode, name, params in (
        ("retraining", "min_confidence", {"format": "jsonl"}),
        ("review", "confidence_threshold", {"format": "csv"}),
    ):
        output = tmp_path / f"{mode}.{params['format']}"
        ended = await typed(
            "export", "--mode", mode, "--days", "7", "--output", output,
            "--confidence-threshold", "0.7", "--task", filled, env=env,
        )  # fmt: skip
        assert ended == (0, "", "")
        query = {**params, "task": filled, "days": "7", name: "0.7"}
        answer = await world.admin.get(f"/v1/exports/{mode}", params=query)
        assert output.read_bytes() == answer.content
        assert output.read_bytes().count(b"\n") == 2
    assert inside(tmp_path) == ["retraining.jsonl", "review.csv"]


async def test_without_an_output_the_rows_are_printed(world: World, filled: str) -> None:
    ended, printed, _ = await typed(
        "export", "--mode", "review", "--task", filled, "--url", world.url, "--key", BOOTSTRAP_KEY
    )
    assert ended == 0
    assert [json.loads(line)["prompt"] for line in printed.splitlines()] == ["=hello"]


async def test_a_cut_stream_leaves_the_old_file_as_it_was(
    world: World, filled: str, tmp_path: Path
) -> None:
    output = tmp_path / "rows.jsonl"
    output.write_text("what was there")
    async with (
        client(world.url) as service,
        serving(BadLine(service, cut_after=1).app) as bad_line,
    ):
        env = {"NLU_LOGGER_URL": bad_line, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}
        ended, _, complained = await typed("export", "--task", filled, "--output", output, env=env)
    assert ended == 1
    assert complained.startswith("nlu-logger: no whole answer")
    assert inside(tmp_path) == ["rows.jsonl"]
    assert output.read_text() == "what was there"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"NLU_LOGGER_KEY": "nlk_wrong"}, "A valid key or token is needed"),
        ({"NLU_LOGGER_URL": "http://127.0.0.1:1"}, "no whole answer from http://127.0.0.1:1"),
        ({"NLU_LOGGER_URL": "nonsense"}, "no whole answer"),
    ],
)
async def test_a_refused_export_says_why_on_one_line_and_writes_nothing(
    env: dict[str, str], more: dict[str, str], expected: str, tmp_path: Path
) -> None:
    output = tmp_path / "rows.jsonl"
    ended, _, complained = await typed("export", "--output", output, env=env | more)
    assert ended == 1
    assert complained.startswith(f"nlu-logger: {expected}")
    assert len(complained.splitlines()) == 1
    assert inside(tmp_path) == []


async def test_an_exported_file_becomes_pairs(
    filled: str, env: dict[str, str], tmp_path: Path
) -> None:
    rows, made, again = (tmp_path / name for name in ("rows.jsonl", "made.jsonl", "again.jsonl"))
    await typed(
        "export", "--task", filled, "--confidence-threshold", "0", "--output", rows, env=env
    )
    for output in (made, again):
        ended = await typed("pairs", "--input", rows, "--output", output, "--seed", "7")
        assert ended == (0, "", "")
    assert made.read_bytes() == again.read_bytes()
    read = [Pair.model_validate_json(line) for line in made.read_text().splitlines()]
    assert len(read) == 3
    assert list(json.loads(made.read_text().splitlines()[0])) == ["text_a", "text_b", "label"]


async def test_a_bad_line_makes_no_pairs_file(tmp_path: Path) -> None:
    rows, made = tmp_path / "rows.jsonl", tmp_path / "made.jsonl"
    rows.write_text('{"text": "a", "label": "b"}\nno json\n')
    for source, expected in ((rows, "line 2 is not"), (tmp_path / "absent", "[Errno 2]")):
        ended, _, complained = await typed("pairs", "--input", source, "--output", made)
        assert ended == 1
        assert complained.startswith(f"nlu-logger: {expected}")
        assert len(complained.splitlines()) == 1
        assert not made.exists()
