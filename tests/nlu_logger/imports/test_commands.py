"""The import commands as an operator types them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.world import World


def environment(world: World) -> dict[str, str]:
    return {"NLU_LOGGER_URL": world.url, "NLU_LOGGER_KEY": BOOTSTRAP_KEY}


async def test_the_weekly_review_by_the_documents_commands(
    world: World, task: str, tmp_path: Path
) -> None:
    for prompt in ("=one", "two"):
        await world.log(task=task, prompt=prompt, confidence=0.3)
    file, env = tmp_path / "review.csv", environment(world)
    await typed("export", "--mode", "review", "--task", task, "--output", file, env=env)
    header, *rows = file.read_text().splitlines()
    filled = rows[0].removesuffix(",") + "leave,clear"
    assert header.startswith("\ufeff")
    file.write_text("\r\n".join([header, filled, rows[1], "x,y,z,0.1,,w,"]))
    ended, printed, _ = await typed("import-corrections", file, "--approve", env=env)
    assert (ended, printed.splitlines()) == (
        1,
        [
            "line 4: not_found: There is no such thing here",
            "1 new, 0 there already, 1 skipped, 1 refused",
        ],
    )
    assert (await world.truth(task))[-1]["count"] == 1


@pytest.mark.law
async def test_a_large_file_goes_in_parts_and_lines_keep_their_numbers(
    world: World, task: str, tmp_path: Path
) -> None:
    file, env = tmp_path / "cases.jsonl", environment(world)
    lines = [json.dumps({"words": f"text {n} " + "x" * 9_000, "label": "a"}) for n in range(230)]
    lines[3], lines[225] = "no json", json.dumps({"words": "text 0 " + "x" * 9_000, "label": "b"})
    file.write_text("\n".join(lines))
    typing = ("import-ground-truth", file, "--task", task, "--text-column", "words")
    endings = [await typed(*typing, "--no-may-quote", env=env) for _ in range(2)]
    failed = [
        "line 4: invalid_json: This is not JSON at column 1: a value is expected.",
        "line 226: conflicting_truth: It waits under /v1/reviews/conflicts to be settled.",
    ]
    for (ended, printed, _), summary, written in zip(
        endings,
        ("228 taken, 0 known before, ", "0 taken, 228 known before, "),
        ("cases.rejected.jsonl", "cases.rejected-2.jsonl"),
        strict=True,
    ):
        _, *printed_lines, ending, beside = printed.splitlines()
        assert (ended, printed_lines) == (1, failed)
        reasons = "1 invalid_json, 1 conflicting_truth"
        assert ending == f"{summary}0 skipped as unlabelled, 2 refused ({reasons})"
        assert str(tmp_path / written) in beside
    assert {case["may_quote"] for case in (await world.truth(task))[:-1]} == {False}


@pytest.mark.law
async def test_discussions_go_in_parts_too(world: World, task: str, tmp_path: Path) -> None:
    approved = {"approved": True, "edited_extraction": {"people": [{"name": "Ann"}]}}
    export = [
        {
            "discussion": {"id": one},
            "statements": [
                {"id": n, "text": f"said {n} in {one}", "approved_feedback": approved}
                for n in range(90)
            ],
        }
        for one in range(5)
    ]
    export[3]["statements"] = "none"
    file = tmp_path / "export.json"
    file.write_text(json.dumps(export))
    typing = ("import-ground-truth", file, "--task", task)
    ended, printed, _ = await typed(*typing, env=environment(world))
    assert (ended, printed.splitlines()[1:3]) == (
        1,
        [
            "item 4 (discussion): invalid: statements: a list is expected (tuple_type)",
            "360 taken, 0 known before, 0 skipped as unlabelled, 1 refused (1 invalid)",
        ],
    )


async def test_history_tells_what_retention_will_make_of_it(
    world: World, task: str, tmp_path: Path
) -> None:
    file = tmp_path / "logs.jsonl"
    then = datetime.now(UTC) - timedelta(days=200)
    old = {"id": str(uuid4()), "prompt": "p", "predicted_intent": "i", "created_at": str(then)}
    file.write_text(json.dumps(old))
    ended, printed, _ = await typed("import-logs", file, "--task", task, env=environment(world))
    assert ended == 0
    assert printed.startswith("1 are older than the retention")
    assert printed.endswith("1 new, 0 there already, 0 skipped, 0 refused\n")


async def test_a_refused_import_says_why_on_one_line(world: World, tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text("{}")
    wrong = environment(world) | {"NLU_LOGGER_KEY": "nlk_wrong"}
    for typing, expected in (
        (("import-corrections", file), "A valid key or token is needed"),
        (("import-logs", tmp_path / "absent"), "[Errno 2]"),
    ):
        ended, printed, complained = await typed(*typing, env=wrong)
        assert (ended, printed) == (1, "")
        assert complained.startswith(f"nlu-logger: {expected}")
        assert len(complained.splitlines()) == 1
