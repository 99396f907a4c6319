"""Files as rows: every form says the same, a bad row spoils no other, our own exports come back."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.exports.formats import form_of
from nlu_shared.files.reading import FileKind, read
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.exports import ExportFormat

ROWS = [(2, {"id": "1", "said": "a,b"}), (3, {"id": "2", "said": "ü"})]


def rows(body: str | bytes, kind: FileKind) -> list[tuple[int, object]]:
    """Each line's number, with its row or the code that says why there is none."""
    sent = body if isinstance(body, bytes) else body.encode()
    return [
        (line.number, line.row.code if isinstance(line.row, Invalid) else line.row)
        for line in read(io.BytesIO(sent), kind)
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (FileKind.CSV, ["id,said", '1,"a,b"', "2,ü"]),
        (FileKind.CSV, ["id; said ;", "1;a,b;", "2;ü"]),
        (FileKind.CSV, ["id\tsaid", "1\ta,b", "2\tü", "", "\t"]),
        (FileKind.JSONL, ["", '{"id": "1", "said": "a,b"}', '{"id": "2", "said": "ü"}']),
    ],
)
def test_what_spreadsheets_do_to_a_file_changes_nothing(
    kind: FileKind, lines: list[str], mark: bytes, end: str
) -> None:
    assert rows(mark + end.join(lines).encode(), kind) == ROWS


def test_an_array_counts_its_places() -> None:
    assert rows('[{"a": 1}, 2, {}]', FileKind.JSON) == [(1, {"a": 1}), (2, "no_object"), (3, {})]
    assert rows('{"a": 1}', FileKind.JSON) == [(1, {"a": 1})]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (FileKind.JSONL, b'no\n[]\n{"a": "2"}', ["invalid_json", "no_object", {"a": "2"}]),
        (FileKind.JSONL, b'{"a": NaN}\n{"a": "2"}', [{"a": None}, {"a": "2"}]),
        (FileKind.JSONL, b'{"a": "\xff"}\n{"a": "2"}', ["invalid_text", {"a": "2"}]),
        (FileKind.CSV, b"a\n\xff\n2", ["invalid_text", {"a": "2"}]),
        (FileKind.CSV, b"a\n1,2\n2", ["invalid_csv", {"a": "2"}]),
        (FileKind.CSV, b'a\n"1"x\n2', ["invalid_csv", {"a": "2"}]),
        (FileKind.CSV, b'a\n1\n"2\n3', [{"a": "1"}, "invalid_csv"]),
    ],
)  # fmt: skip
def test_a_bad_row_spoils_no_other(kind: FileKind, body: bytes, expected: list[object]) -> None:
    assert [row for _, row in rows(body, kind)] == expected


def test_a_row_of_many_lines_is_where_it_begins() -> None:
    assert [number for number, _ in rows('a\n"1\n\n2"\n3', FileKind.CSV)] == [2, 5]


@pytest.mark.parametrize("body", ["", "\n", ",,\n1", "a,a\n1,2"])
def test_a_table_needs_a_header(body: str) -> None:
    with pytest.raises(Invalid):
        rows(body, FileKind.CSV)


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)
TRICKY = st.text(alphabet="'=;\t\n\r \"\u200b＝a,", min_size=1)


@given(st.lists(st.tuples(TEXT | TRICKY)))
def test_what_we_export_as_a_table_comes_back(texts: list[tuple[str]]) -> None:
    """Apostrophes before a sign too: ours is one more."""
    form = form_of(ExportFormat.CSV, ["n", "said"])
    numbered = [(n, text) for n, (text,) in enumerate(texts)]
    file = form.opening + (form.block(numbered) if numbered else "")
    read = [row["said"] for _, row in rows(file, FileKind.CSV)]  # type: ignore[index]
    for (text,), back in zip(texts, read, strict=True):
        assert back == text
