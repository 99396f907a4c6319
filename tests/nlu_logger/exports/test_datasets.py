"""Files other libraries read: Parquet by pyarrow, a folder of splits by `datasets`."""

import asyncio
import io
import json
import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.exports.parquet import ROWS_IN_A_GROUP, ParquetWriter
from nlu_logger.exports.splits import SPLITS, BadSplits, Shares, split_of

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.world import World, connected

LOAD = """
import json, sys, datasets
found = datasets.load_dataset(sys.argv[1])
parts = {name: [part.to_list(), part.features["confidence"].dtype] for name, part in found.items()}
print(json.dumps(parts))
"""


async def fill(world: World, task: str, count: int) -> None:
    for number in range(count):
        await world.log(task=task, prompt=f"text ü {number}", predicted_intent="a", confidence=0.9)


async def test_parquet_holds_the_rows_of_the_lines(world: World, task: str) -> None:
    await fill(world, task, 3)
    thresholds = {"retraining": {"min_confidence": 0.5}, "review": {"confidence_threshold": 0.95}}
    for kind, threshold in thresholds.items():
        params = {"task": task, **threshold}
        lines = (await world.admin.get(f"/v1/exports/{kind}", params=params)).text.splitlines()
        answer = await world.admin.get(f"/v1/exports/{kind}", params=params | {"format": "parquet"})
        assert answer.headers["content-type"] == "application/vnd.apache.parquet"
        table = pq.read_table(io.BytesIO(answer.content))
        assert table.to_pylist() == [json.loads(line) for line in lines]
        assert table.num_rows == 3


async def test_an_export_without_rows_is_a_parquet_file_too(world: World, task: str) -> None:
    params = {"task": task, "format": "parquet"}
    answer = await world.admin.get("/v1/exports/retraining", params=params)
    assert pq.read_table(io.BytesIO(answer.content)).num_rows == 0


def test_parquet_leaves_in_row_groups() -> None:
    """What is held at once is one group, however long the file."""
    writer = ParquetWriter(["text", "label"])
    made = [writer.add([("a", {"b": 1})] * (ROWS_IN_A_GROUP // 2)) for _ in range(5)]
    assert [bool(piece) for piece in made] == [True, True, False, True, False]
    file = pq.ParquetFile(io.BytesIO(b"".join([*made, writer.close()])))
    assert file.num_row_groups == 3
    assert file.read().to_pylist()[-1] == {"text": "a", "label": '{"b": 1}'}


async def test_the_command_line_writes_parquet_by_the_ending(
    world: World, task: str, tmp_path: Path
) -> None:
    await fill(world, task, 2)
    output = tmp_path / "rows.parquet"
    env = {"NLU_LOGGER_URL": world.url, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}
    assert await typed("export", "--task", task, "--output", output, env=env) == (0, "", "")
    assert pq.read_table(output).num_rows == 2


@pytest.mark.law
async def test_datasets_reads_the_folder(world: World, task: str, tmp_path: Path) -> None:
    await fill(world, task, 30)
    env = {"NLU_LOGGER_URL": world.url, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}
    folder = tmp_path / "folder"
    for _ in range(2):
        ended = await typed(
            "export", "--mode", "retraining", "--task", task, "--splits", "60/20/20",
            "--output", folder, env=env,
        )  # fmt: skip
        assert ended == (0, "", "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "test.jsonl", "train.jsonl", "validation.jsonl",
    ]  # fmt: skip
    quiet = {
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "cache"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOAD, folder),
        env=os.environ | quiet,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await process.communicate()
    assert process.returncode == 0, complained
    loaded = json.loads(printed)
    assert set(loaded) == set(SPLITS)
    shares = Shares.read("60/20/20")
    rows = [(split, row) for split, (part, _) in loaded.items() for row in part]
    assert len(rows) == 30
    assert all(split_of(row["text"], shares, seed=0) == split for split, row in rows)
    assert {kind for _, kind in loaded.values()} == {"float64"}


@given(st.text(), st.integers())
def test_case_and_spacing_do_not_part_texts(text: str, seed: int) -> None:
    shares = Shares.read("34/33/33")
    same = f"  {text.upper()}\t ".casefold()
    assert split_of(same, shares, seed=seed) == split_of(text.upper().casefold(), shares, seed=seed)


def test_shares_are_kept() -> None:
    drawn = [split_of(f"text {n}", Shares.read("80/10/10"), seed=1) for n in range(5_000)]
    assert 0.78 < drawn.count("train") / 5_000 < 0.82
    assert 0.08 < drawn.count("test") / 5_000 < 0.12


@pytest.mark.parametrize("splits", ["80/20", "80/10/20", "a/b/c", "-10/60/50", ""])
async def test_what_is_no_split_is_refused(splits: str, tmp_path: Path) -> None:
    with pytest.raises(BadSplits):
        Shares.read(splits)
    ended, _, complained = await typed("export", f"--splits={splits}", "--output", tmp_path)
    assert (ended, complained.count("\n")) == (1, 0)


@pytest.mark.parametrize("kind", ["retraining", "review", "pairs"])
async def test_what_is_handed_out_is_written_down(world: World, task: str, kind: str) -> None:
    async with await world.key("exports:read", tasks=[task]) as reader:
        assert (await reader.get(f"/v1/exports/{kind}", params={"days": 7})).status_code == 200
    async with connected(world.database.owner_url) as owner:
        (line,) = await owner.fetch(
            "SELECT kind, filters->'tasks' AS tasks, recipient, destination FROM disclosures"
            " WHERE filters->'tasks' = to_jsonb(ARRAY[$1::text])",
            task,
        )
    assert (line["kind"], line["recipient"][:4], line["destination"]) == (kind, "key:", None)


async def test_a_refused_export_was_not_handed_out(world: World, task: str) -> None:
    async with await world.key("predictions:read", tasks=[task]) as stranger:
        assert (await stranger.get("/v1/exports/review")).status_code == 403
    async with connected(world.database.owner_url) as owner:
        assert not await owner.fetch(
            "SELECT FROM disclosures WHERE filters::text LIKE $1", f"%{task}%"
        )
