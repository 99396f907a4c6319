"""The label commands as an operator types them."""

import json
from pathlib import Path

from tests.nlu_logger.exports.typed import typed
from tests.nlu_logger.imports.test_commands import environment
from tests.nlu_logger.labels.speaking import add, names, truths
from tests.nlu_logger.world import World


async def test_a_set_is_read_edited_and_put_back(world: World, task: str, tmp_path: Path) -> None:
    env, file = environment(world), tmp_path / "labels.json"
    await add(world, task, "a", "Create_Event")
    await add(world, task, "b", "create_event")
    ended, printed, complained = await typed("labels", "list", "--task", task, env=env)
    assert (ended, printed) == (0, "Create_Event\t\t\t\ncreate_event\t\t\t\n")
    assert "nobody has defined this set" in complained
    assert "create_event is nearly Create_Event" in complained

    typing = ("labels", "rename", "Create_Event", "create_event", "--task", task)
    ended, printed, _ = await typed(*typing, env=env)
    assert (ended, printed) == (
        0,
        "cases renamed: 1, corrections: 0, conflicts ended: 0; version 0\n",
    )
    _, printed, _ = await typed("labels", "list", "--task", task, "--as-json", env=env)
    label_set = json.loads(printed)
    label_set["labels"][0]["description"] = "puts it\nin the calendar"
    file.write_text(json.dumps(label_set))
    endings = [await typed("labels", "put", file, "--task", task, env=env) for _ in range(2)]
    assert endings[0][:2] == (0, "version 1, 1 labels\n")
    assert endings[1][0] == 1
    assert "version 1 now" in endings[1][2]
    _, printed, _ = await typed("labels", "list", "--task", task, env=env)
    assert printed == "create_event\t\tCreate_Event\tputs it in the calendar\n"
    assert set((await truths(world, task)).values()) == {"create_event"}


async def test_names_a_line_are_a_set_and_an_import_is_held_to_it(
    world: World, task: str, tmp_path: Path
) -> None:
    env, file, cases = environment(world), tmp_path / "labels.txt", tmp_path / "cases.csv"
    file.write_text("\ufeffbook_table\n\n  cancel_order  \n")
    ended, printed, _ = await typed("labels", "put", file, "--task", task, env=env)
    assert (ended, printed) == (0, "version 1, 2 labels\n")
    cases.write_text("text,label\na,book_table \nb,refund\nc,Book_Table\n")
    typing = ("import-ground-truth", cases, "--task", task)
    ended, printed, _ = await typed(*typing, env=env)
    assert ended == 1
    refused = [line for line in printed.splitlines() if line.startswith("line ")]
    assert [line.split(":")[1] for line in refused] == [" unknown_label"] * 2
    ended, printed, _ = await typed(*typing, "--allow-new", env=env)
    assert ended == 0
    assert printed.splitlines()[1:] == [
        "Book_Table is nearly book_table. If they are one label, rename one to the other:"
        " POST /v1/tasks/{slug}/labels/{label}/rename. It changes history too.",
        "2 taken, 1 known before, 0 skipped as unlabelled, 0 refused",
    ]
    assert await names(world, task) == ["book_table", "cancel_order", "refund", "Book_Table"]


async def test_a_refusal_names_the_labels_and_a_file_without_any_is_told(
    world: World, task: str, tmp_path: Path
) -> None:
    env, file = environment(world), tmp_path / "labels.json"
    await add(world, task, "a", "greet")
    file.write_text('["leave"]')
    ended, _, complained = await typed("labels", "put", file, "--task", task, env=env)
    assert ended == 1
    assert complained.rstrip().endswith("Labels: greet.")
    for wrong in ("{}", "no json", '{"labels": 3}'):
        file.write_text(wrong)
        ended, _, complained = await typed("labels", "put", file, "--task", task, env=env)
        assert (ended, "labels.json" in complained) == (1, True)
