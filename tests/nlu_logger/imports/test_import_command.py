"""`nlu-logger import` as it is typed: any format, a result per row, the rejected rows in a file
that can be mended and imported again."""

import csv
import json
from pathlib import Path

import pytest
from nlu_shared.files.formats.registry import NAMES

from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.imports.test_commands import environment
from tests.nlu_logger.world import World

ROOT = Path(__file__).parents[3]
RASA = "nlu:\n- intent: greet\n  examples: |\n    - hello [Ann](name)\n    - hi\n"
CLINC = json.dumps({"train": [["hi", "greet"]], "oos_train": [["hello Ann", "oos"]]})
DOCCANO = '{"text": "hi", "label": ["greet"]}\n{"text": "hello Ann", "label": []}\n'


async def truths(world: World, task: str) -> set[tuple[str, str]]:
    return {(one["text"], one["truth"]) for one in (await world.truth(task))[:-1]}


@pytest.mark.parametrize(
    ("content", "name", "summary", "expected"),
    [
        (RASA, "rasa", "2 taken, 0 known before, 0", {("hello Ann", "greet"), ("hi", "greet")}),
        (CLINC, "clinc", "2 taken, 0 known before, 0", {("hi", "greet"), ("hello Ann", "oos")}),
        (DOCCANO, "doccano", "1 taken, 0 known before, 1", {("hi", "greet")}),
    ],
)
async def test_a_file_of_the_field_comes_in_by_one_command(
    world: World,
    task: str,
    tmp_path: Path,
    content: str,
    name: str,
    summary: str,
    expected: set[tuple[str, str]],
) -> None:
    file = tmp_path / "data"
    file.write_text(content)
    for more in ((), ("--from", name)):
        typing = ("import", file, "--task", task, *more)
        ended, printed, complained = await typed(*typing, env=environment(world))
        first, last = printed.splitlines()
        assert (ended, complained) == (0, "")
        assert first.startswith(f"data: {name}, ")
        assert last == f"{summary} skipped as unlabelled, 0 refused"
        assert await truths(world, task) == expected
        known = summary.split()[0]
        summary = f"0 taken, {known} known before, {summary.split()[-1]}"
    assert not tmp_path.joinpath("data.rejected.jsonl").exists()


async def test_rejected_rows_of_a_table_are_mended_and_come_in(
    world: World, task: str, tmp_path: Path
) -> None:
    file, results = tmp_path / "cases.csv", tmp_path / "results.jsonl"
    rows = ["hi;greet", "well; hello;greet", "=1+1;", "grüß; dich;greet", ";greet", "ho;greet",
            '"say \\"so\\"; yes";greet']  # fmt: skip
    file.write_bytes("\r\n".join(["Text;Label", *rows]).encode("cp1252"))
    typing = ("import", file, "--task", task, "--results", results)
    ended, printed, _ = await typed(*typing, env=environment(world))
    assert ended == 1
    _, *faults, summary, beside = printed.splitlines()
    assert [fault.split(":")[:2] for fault in faults] == [
        ["line 3", " invalid_csv"],
        ["line 5", " invalid_csv"],
        ["line 6", " invalid"],
        ["line 8", " invalid_csv"],
    ]
    assert summary == (
        "2 taken, 0 known before, 1 skipped as unlabelled,"
        " 4 refused (3 invalid_csv, 1 invalid)"
    )  # fmt: skip
    assert "hello" not in printed
    assert sorted(json.loads(one)["line"] for one in results.read_text().splitlines()) == [
        2, 3, 4, 5, 6, 7, 8
    ]  # fmt: skip
    rejected = tmp_path / "cases.rejected.csv"
    assert str(rejected) in beside
    text = rejected.read_text(encoding="utf-8-sig")
    header, *kept = csv.reader(text.splitlines(), delimiter=";")
    assert header == ["rejected_line", "rejected_because", "Text", "Label"]
    assert {row[0]: row[2:] for row in kept} == {
        "3": ["well", " hello", "greet"],
        "5": ["grüß", " dich", "greet"],
        "6": ["", "greet"],
        "8": ['say "so"; yes', "greet"],
    }
    mended = text.replace("well; hello", '"well; hello"').replace("grüß; dich", '"grüß; dich"')
    rejected.write_text(mended, encoding="utf-8")
    ended, printed, _ = await typed("import", rejected, "--task", task, env=environment(world))
    assert ended == 1
    assert "3 taken, 0 known before, 0 skipped as unlabelled, 1 refused" in printed
    assert await truths(world, task) == {
        (one, "greet") for one in ("hi", "ho", "well; hello", "grüß; dich", 'say "so"; yes')
    }


async def test_rejected_objects_are_written_as_they_came(
    world: World, task: str, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.json"
    choices = {"from_name": "intent", "type": "choices", "value": {"choices": ["a", "b"]}}
    rows = [
        {"id": one, "data": {"text": f"text {one}"}, "annotations": [{"result": [choices]}]}
        for one in range(2)
    ]
    file.write_text(json.dumps(rows, indent=1))
    ended, printed, _ = await typed("import", file, "--task", task, env=environment(world))
    assert (ended, printed.splitlines()[1]) == (
        1,
        "item 1: several_labels: several labels for one text: an intent has one",
    )
    rejected = tmp_path / "tasks.rejected.jsonl"
    kept = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [{name: one[name] for name in rows[0]} for one in kept] == rows
    rejected.write_text(rejected.read_text().replace('["a", "b"]', '["a"]'))
    ended, printed, _ = await typed("import", rejected, "--task", task, env=environment(world))
    assert (ended, printed.splitlines()[0].split(",")[0]) == (
        0, "tasks.rejected.jsonl: label-studio"
    )  # fmt: skip
    assert await truths(world, task) == {("text 0", "a"), ("text 1", "a")}


async def test_what_a_quote_without_an_end_took_is_refused_until_it_is_mended(
    tmp_path: Path,
) -> None:
    file, nowhere = tmp_path / "cases.csv", {"NLU_LOGGER_URL": "http://127.0.0.1:9"}
    file.write_text('text,label\nhi,greet\n"so,leave\ngo,leave\nno,deny\n')
    reason = (
        "invalid_csv: A cell in quotes begins on this row and does not end:"
        " the 2 lines after it were read as part of it."
    )
    for taken, line, name in ((1, 3, "cases.rejected"), (0, 2, "cases.rejected.rejected")):
        ended, printed, _ = await typed("import", file, "--dry-run", env=nowhere)
        assert (ended, printed.splitlines()[1:3]) == (
            1,
            [
                f"line {line}: {reason}",
                f"{taken} would be taken, 0 skipped as unlabelled, 1 refused (1 invalid_csv)",
            ],
        )
        file = tmp_path / f"{name}.csv"
        _, row = csv.reader(file.read_text(encoding="utf-8-sig").splitlines(keepends=True))
        assert row == [str(line), reason, '"so,leave\ngo,leave\nno,deny']
    file.write_text("rejected_line,rejected_because,text,label\n3,x,so,leave\n3,x,go,leave\n")
    ended, printed, _ = await typed("import", file, "--dry-run", env=nowhere)
    assert (ended, printed.splitlines()[1].split(",")[0]) == (0, "2 would be taken")


async def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    rows = [{"text": "hi", "label": one} for one in ("a", None, float("nan"), ["a", "b"], 7, True)]
    file.write_text("\n".join(map(json.dumps, rows)))
    nowhere = {"NLU_LOGGER_URL": "http://127.0.0.1:9"}
    ended, printed, complained = await typed("import", file, "--dry-run", env=nowhere)
    assert (ended, complained) == (1, "")
    assert printed.splitlines()[1:-1] == [
        "line 4: several_labels: several labels for one text: an intent has one",
        "line 6: no_label: true and false are no labels",
        "2 would be taken, 2 skipped as unlabelled, 2 refused (1 several_labels, 1 no_label)",
    ]


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        ("utterance,category\nhi,a\n", (), "It has 'utterance', 'category'. (--text, --label"),
        ("", (), "The file is empty."),
        ("a: b\n", (), "the nearest format is rasa"),
        ("text,label\nhi,a\n", ("--from", "excel"), "--from excel is none of"),
        ("text,é\nhi,a\n", (), "The header is not UTF-8, perhaps ANSI"),
    ],
)
async def test_a_file_that_is_not_understood_says_what_to_do(
    tmp_path: Path, content: str, more: tuple[str, ...], expected: str
) -> None:
    file = tmp_path / "data"
    file.write_bytes(content.encode("cp1252"))
    ended, printed, complained = await typed("import", file, "--dry-run", *more)
    assert (ended, printed) == (1, "")
    assert expected in complained
    assert len(complained.splitlines()) == 1


async def test_help_and_the_page_of_formats_know_every_format() -> None:
    _, printed, _ = await typed("import", "--help")
    page = (ROOT / "docs/files.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert name in printed.replace("│", " ")
        assert f"`{name}`" in page


@pytest.mark.parametrize("option", ["--rejected", "--results"])
async def test_the_file_that_is_read_is_never_written(tmp_path: Path, option: str) -> None:
    file = tmp_path / "data.json"
    file.write_text(CLINC)
    ended, _, complaint = await typed("import", file, "--dry-run", option, file, env={})
    assert (ended, complaint) == (1, f"nlu-logger: {file} is the file that is read")
    assert file.read_text() == CLINC


async def test_rejected_rows_that_may_have_been_mended_are_not_written_over(
    tmp_path: Path,
) -> None:
    file, mended = tmp_path / "data.csv", tmp_path / "data.rejected.csv"
    file.write_text("text,label\nhi,there,greet\n")
    mended.write_text("text,label\nhi there,greet\n")
    ended, printed, _ = await typed("import", file, "--dry-run", env={})
    assert (ended, "data.rejected-2.csv" in printed) == (1, True)
    assert mended.read_text() == "text,label\nhi there,greet\n"
