"""What holds for every set of contrastive pairs, and pairs by HTTP."""

import csv
import io
import json
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nlu_logger.exports.formats import form_of
from nlu_logger.exports.pairs import UnreadableLine, make_pairs, read_lines, settled
from nlu_shared.files.formulas import unquoted
from nlu_shared.schemas.exports import ExportFormat, LabelledText, Pair

from tests.nlu_logger.world import World

WORDS = st.sampled_from(["book", "cancel", "flight", "my", "a", "table", "Please", "ü"])
ROWS = st.lists(
    st.builds(
        LabelledText,
        text=st.one_of(st.lists(WORDS, max_size=5).map(" ".join), st.text(max_size=5)),
        label=st.sampled_from(["a", "b", "c", "d"]),
        corrected=st.booleans(),
    ),
    max_size=40,
)
SEEDS = st.integers(0, 5)
COUNTS = st.integers(1, 4)


def row(text: str, label: str, *, corrected: bool = False) -> LabelledText:
    return LabelledText(text=text, label=label, corrected=corrected)


@given(rows=ROWS, seed=SEEDS, per_text=COUNTS)
def test_a_pair_is_labelled_by_whether_its_texts_share_a_label(
    rows: list[LabelledText], seed: int, per_text: int
) -> None:
    labels = settled(rows)
    for pair in make_pairs(rows, seed=seed, per_text=per_text):
        Pair.model_validate(pair.model_dump())
        assert pair.text_a != pair.text_b
        assert pair.label == int(labels[pair.text_a] == labels[pair.text_b])


@given(rows=ROWS, seed=SEEDS, per_text=COUNTS)
def test_no_two_texts_meet_twice(rows: list[LabelledText], seed: int, per_text: int) -> None:
    met = Counter(
        frozenset((pair.text_a, pair.text_b))
        for pair in make_pairs(rows, seed=seed, per_text=per_text)
    )
    assert all(count == 1 for count in met.values())


@given(rows=ROWS, seed=SEEDS, per_text=COUNTS)
def test_every_text_gets_the_pairs_there_are_for_it(
    rows: list[LabelledText], seed: int, per_text: int
) -> None:
    labels = settled(rows)
    partners: dict[tuple[str, int], set[str]] = defaultdict(set)
    for pair in make_pairs(rows, seed=seed, per_text=per_text):
        partners[pair.text_a, pair.label].add(pair.text_b)
        partners[pair.text_b, pair.label].add(pair.text_a)
    sizes = Counter(labels.values())
    for text, label in labels.items():
        assert len(partners[text, 1]) >= min(per_text, sizes[label] - 1)
        assert len(partners[text, 0]) >= min(per_text, len(labels) - sizes[label])


@given(rows=ROWS, seed=SEEDS, per_text=COUNTS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    rows: list[LabelledText], seed: int, per_text: int, order: random.Random
) -> None:
    mixed = list(rows)
    order.shuffle(mixed)
    assert list(make_pairs(rows, seed=seed, per_text=per_text)) == list(
        make_pairs(mixed, seed=seed, per_text=per_text)
    )


def test_another_seed_makes_other_pairs() -> None:
    rows = [row(f"text {number}", "ab"[number % 2]) for number in range(50)]
    one, other = (list(make_pairs(rows, seed=seed)) for seed in (1, 2))
    assert one != other


def test_a_hard_negative_is_the_look_alike_of_another_label() -> None:
    rows = [
        row("book a table for two", "restaurant"),
        row("book a flight for two", "travel"),
        row("what is the weather", "weather"),
        row("tell me a joke", "fun"),
    ]
    hard = [pair for pair in make_pairs(rows, seed=0, per_text=1) if pair.label == 0]
    together = [{pair.text_a, pair.text_b} for pair in hard]
    assert {"book a table for two", "book a flight for two"} in together


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([row("Hi  there", "a"), row("hi there", "a")], {"Hi  there": "a"}),
        ([row("hi", "a"), row("HI", "b")], {}),
        ([row("hi", "a"), row("HI", "b", corrected=True)], {"HI": "b"}),
        ([row("hi", "a", corrected=True), row("hi", "b", corrected=True)], {}),
    ],
)
def test_a_text_has_one_label_or_none(rows: list[LabelledText], kept: dict[str, str]) -> None:
    assert settled(rows) == kept


@given(
    texts=st.lists(
        st.text(alphabet=st.sampled_from("ab \n\r\t\x0b\x1c\x85\u2028\u2029ü😀'\"\\=+-@")),
        min_size=1,
    )
)
def test_each_row_stays_one_line_for_every_reader(texts: list[str]) -> None:
    block = form_of(ExportFormat.JSONL, ["text"]).block([[text] for text in texts])
    assert [json.loads(line)["text"] for line in block.splitlines()] == texts


@given(
    values=st.lists(
        st.one_of(st.none(), st.booleans(), st.floats(0, 1), st.text(), st.just({"ü": [1, None]})),
        min_size=1,
    )
)
def test_json_is_what_the_standard_library_writes(values: list[Any]) -> None:
    columns = [f"column {number} %s" for number, _ in enumerate(values)]
    row = dict(zip(columns, values, strict=True))
    line = form_of(ExportFormat.JSONL, columns).block([values])
    written = json.dumps(row, ensure_ascii=False) + "\n"
    for mark, escape in (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        written = written.replace(mark, escape)
    assert line == written
    array = form_of(ExportFormat.JSON, columns)
    assert json.loads(array.opening + array.block([values, values]) + array.closing) == [row, row]


@given(text=st.text())
@example(text=";=")
def test_no_cell_starts_a_formula(text: str) -> None:
    block = form_of(ExportFormat.CSV, ["text", "end"]).block([[text], [""]])
    cell = next(csv.reader(io.StringIO(block, newline="")))[0]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert unquoted(cell) == text


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"text": "x"}', b'{"text": "x", "label": {}}'])
def test_an_unreadable_line_is_named_by_its_number(line: bytes) -> None:
    lines = [b'{"text": "x", "label": "y"}\n', b"\n", line]
    with pytest.raises(UnreadableLine, match="line 3 "):
        list(read_lines(lines))


async def test_pairs_come_from_the_retraining_rows(world: World, task: str) -> None:
    for number in range(6):
        prompt = f"please number {number}"
        await world.log(task=task, prompt=prompt, predicted_intent="ab"[number % 2], confidence=0.9)
    await world.log(task=task, prompt="unsure", confidence=0.1)
    await world.log(task=task, prompt="x" * 2_001, confidence=0.9)
    await world.log(task=task, prompt="structured", output={"a": 1}, confidence=0.9)

    async def made(**more: int) -> list[Pair]:
        answer = await world.admin.get("/v1/exports/pairs", params={"task": task, **more})
        assert answer.status_code == 200
        return [Pair.model_validate_json(line) for line in answer.text.splitlines()]

    pairs = await made(per_text=1)
    exported = await world.admin.get("/v1/exports/retraining", params={"task": task})
    plain = [
        row for row in map(json.loads, exported.text.splitlines()) if row["label"] in ("a", "b")
    ]
    labelled = [LabelledText.model_validate(row) for row in plain]
    assert pairs == list(make_pairs(labelled, seed=0, per_text=1))
    assert {pair.label for pair in pairs} == {0, 1}
    assert await made(seed=3, texts=2) == await made(seed=3, texts=2)
    drawn = {text for pair in await made(texts=2) for text in (pair.text_a, pair.text_b)}
    assert len(drawn) <= 2
