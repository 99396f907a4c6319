"""What the demo takes as data, and the one line it says about everything else."""

import json
from collections import Counter
from pathlib import Path

import pytest

from deploy.demo.data import BadData, read
from deploy.demo.options import SHIPPED

LONG = "a" * 40_000


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "is empty"),
        ("blank.csv", "\n \n", "is empty"),
        ("header.csv", "text,label\n", "no row"),
        ("single.csv", "text\nhello\n", "one column only"),
        ("names.csv", "utterance,intent\nhi,a\nho,b\n", r"no 'text'.*'utterance', 'intent'.*TEXT="),
        ("half.csv", "text,intent\nhi,a\nho,b\n", r"no 'label'.*LABEL="),
        ("same.csv", "text,label\nhi,a\nho,a\n", "one label only"),
        ("latin.csv", "text,label\ncafé,a\n".encode("cp1252"), "line 2: Cell 1 is not UTF-8.*ANSI"),
        ("header.csv", "text,étiquette\nhi,a\n".encode("cp1252"), "header is not UTF-8.*ANSI"),
        ("cut.csv", "text,label\nhi,a\n".encode("utf-16")[:-1], "no whole UTF-16"),
        ("bytes.csv", bytes(range(256)), "one column only"),
        ("quote.csv", 'text,label\nhi,a\n"ho,b\n', "line 3: This row is not CSV"),
        ("comma.csv", "text,label\nhi, you,a\nho,b\nhe, she,b", r"line 2: 3 cells .* \(1 more"),
        ("words.txt", "hello", "one column only"),
        ("some.yml", "key: value\n", "nearest format is rasa"),
        ("lines.jsonl", '{"text": "hi", "label": "a"}\n{"text": \n', "line 2: This is not JSON"),
        ("deep.jsonl", "[" * 100_000, "line 1: Nested deeper"),
        ("list.jsonl", "[1, 2]\n", "item 1: A row is an object"),
        ("keys.jsonl", '{"text": "hi", "id": 1}\n', r"has no 'label'.*LABEL="),
        ("many.csv", "text,label\n" + "\n".join(f"t{n},l{n}" for n in range(1001)), "1001 labels"),
    ],
)
def test_bad_data_is_one_line_that_names_the_file(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(BadData, match=message) as refused:
        read(path, text="text", label="label")
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="there is no file"):
        read(tmp_path / "missing.csv", text="text", label="label")
    with pytest.raises(BadData, match="cannot be read"):
        read(tmp_path, text="text", label="label")


def test_a_limit_below_the_number_of_labels_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "three.csv", "text,label\nhi,a\nho,b\nhu,c\n")
    with pytest.raises(BadData, match=r"LIMIT=2 .* 3 labels"):
        read(path, text="text", label="label", limit=2)


def test_rows_that_cannot_be_used_are_counted_not_kept(tmp_path: Path) -> None:
    rows = [
        ("hi", "a"),
        ("ho", "b"),
        ("  HI ", "a"),
        ("Ho", "a"),
        ("", "a"),
        ("no label", ""),
        (LONG, "a"),
        ("nul \x00", "a"),
        ("surrogate \ud800", "a"),
        (None, "a"),
    ]
    lines = "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows)
    data = read(written(tmp_path, "mixed.jsonl", lines), text="text", label="label")
    assert sorted((row.text, row.truth) for row in data.rows) == [("hi", "a"), ("ho", "b")]
    assert data.skipped == {
        "repeated": 1,
        "repeated, other label": 1,
        "without text or label": 3,
        "too long or not storable": 3,
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bom.csv", b'\xef\xbb\xbftext,label\r\n"hi, you",a\r\n"two\nlines",b\r\n'),
        ("tabs.tsv", b'id\ttext\tlabel\n1\thi, you\ta\n2\t"two\nlines"\tb\n'),
        (
            "lines.ndjson",
            b'{"text": "hi, you", "label": "a"}\n\n{"text": "two\\nlines", "label": "b"}',
        ),
    ],
)
def test_the_formats_say_the_same(tmp_path: Path, name: str, content: bytes) -> None:
    data = read(written(tmp_path, name, content), text="text", label="label")
    assert sorted((row.text, row.truth) for row in data.rows) == [
        ("hi, you", "a"),
        ("two\nlines", "b"),
    ]


def test_a_sample_keeps_the_labels_in_proportion_and_is_the_same_each_time(tmp_path: Path) -> None:
    rows = [f"common {n},a" for n in range(90)] + [f"rare {n},b" for n in range(9)] + ["once,c"]
    path = written(tmp_path, "skewed.csv", "\n".join(["text,label", *rows]))
    data = read(path, text="text", label="label", limit=20)
    again = read(path, text="text", label="label", limit=20)
    counts = Counter(row.truth for row in data.rows)
    assert counts.total() == 20
    assert counts["c"] == 1
    assert counts["a"] in (17, 18)
    assert (again.rows, again.slug) == (data.rows, data.slug)
    assert read(path, text="text", label="label", limit=21).slug != data.slug


def test_the_shipped_data_is_clean_balanced_and_large_enough_for_an_untouched_test() -> None:
    data = read(SHIPPED, text="text", label="label")
    counts = Counter(row.truth for row in data.rows)
    assert data.skipped == {}
    assert len(data.rows) >= 280
    assert len(data.labels) >= 9
    assert "out_of_scope" in data.labels
    assert max(counts.values()) <= 1.2 * min(counts.values())


LINES = "\n".join(f'{{"text": "{word}", "label": "{label}"}},' for word, label in ("ab", "cd"))
ARAB = "إلغاء الطلب"


@pytest.mark.parametrize(
    ("content", "rows", "skipped"),
    [
        ('text,label\nhi,"🍽️ “a”"\nho,' + ARAB + "\n", {("hi", "🍽️ “a”"), ("ho", ARAB)}, {}),
        ("text,label\nhi 👩‍👩‍👧,a\n你好,b\n", {("hi 👩‍👩‍👧", "a"), ("你好", "b")}, {}),
        ('text,label\nhi,"a\nb"\nho,"a  c"\n', {("hi", "a b"), ("ho", "a c")}, {}),
        ('text,label\r\n"hi\n\nSam",a\r\nho,b\r\n', {("hi\n\nSam", "a"), ("ho", "b")}, {}),
        (
            "text,label\nhi,a\nHI ,b\nho,b\n",
            {("hi", "a"), ("ho", "b")},
            {"repeated, other label": 1},
        ),
        (
            "text,label\nhi,a\nho,nan\nhe,b\n",
            {("hi", "a"), ("he", "b")},
            {"without text or label": 1},
        ),
        ("text,label\nhi, a\nho,a \nhe,b\n", {("hi", "a"), ("ho", "a"), ("he", "b")}, {}),
        ("\ntext,label\nhi,a\nho,b\n", {("hi", "a"), ("ho", "b")}, {}),
        (
            '[\n {\n  "text": "hi",\n  "label": 0\n },\n {"text": "ho", "label": [1]}\n]\n',
            {("hi", "0"), ("ho", "1")},
            {},
        ),
        (
            '{"text": "hi", "label": ["a"]}\n{"text": "ho", "label": ["b"]}\n'
            '{"text": "he", "label": []}\n{"text": "hu", "label": ["a", "b"]}\n',
            {("hi", "a"), ("ho", "b")},
            {"without text or label": 1, "with several labels": 1},
        ),
        (
            "nlu:\n- intent: a\n  examples: |\n    - hi [x](y)\n"
            "- intent: b\n  examples: |\n    - ho\n",
            {("hi x", "a"), ("ho", "b")},
            {},
        ),
    ],
)  # fmt: skip
def test_odd_files_are_read_as_what_they_are(
    tmp_path: Path, content: str, rows: set[tuple[str, str]], skipped: dict[str, int]
) -> None:
    data = read(written(tmp_path, "data", content))
    assert {(row.text, row.truth) for row in data.rows} == rows
    assert data.skipped == skipped


def test_a_comma_after_each_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"line 1: .* a comma between lines is too much. \(1 more"):
        read(written(tmp_path, "commas.jsonl", LINES))


def test_the_format_may_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "data.tsv", "a\ttext of it\nb\tho\n")
    data = read(path, format="atis")
    assert {row.text for row in data.rows} == {"text of it", "ho"}
    with pytest.raises(BadData, match="FROM=excel is none of"):
        read(path, format="excel")
