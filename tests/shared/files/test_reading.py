"""One reader: whatever program wrote a file, the same rows come out, and each fault names its
place and never what stands there."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.files.lines import lines_of
from nlu_shared.files.reading import read
from nlu_shared.kit.errors import Invalid

ROWS = [{"text": "hi, you", "label": "greet"}, {"text": "no; really", "label": "deny"}]


def rows(content: bytes, *, at_once: int = 1 << 20) -> list[object]:
    """Each row, or what is told of it, from pieces of so many bytes."""
    pieces = (content[at : at + at_once] for at in range(0, len(content), at_once))
    return [
        str(line.row) if isinstance(line.row, Invalid) else dict(line.row) for line in read(pieces)
    ]


TABLE = 'text,label\n"hi, you",greet\nno; really,deny\n'
SEMICOLONS = 'text;label\nhi, you;greet\n"no; really";deny\n'
JSONL = "\n".join(map(json.dumps, ROWS))
SAME = {
    "commas": TABLE,
    "semicolons": SEMICOLONS,
    "tabs": "text\tlabel\nhi, you\tgreet\nno; really\tdeny\n",
    "a separator said": f"sep=;\n{SEMICOLONS}",
    "blank first lines": f"\n \n{TABLE}",
    "blanks in the header and after commas": 'text, label\n"hi, you", greet\nno; really, deny\n',
    "blank and empty lines at the end": f"{TABLE}\n,\n",
    "cells added by a spreadsheet": 'text,label,,\n"hi, you",greet,,\nno; really,deny\n',
    "JSON lines": JSONL,
    "JSON lines with gaps": f"\n{JSONL}\n\n",
    "an array": json.dumps(ROWS),
    "an array in many lines": json.dumps(ROWS, indent=2),
    "an array of a line each": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]",
    "an array that begins with a row": json.dumps(ROWS).replace("}, {", "},\n{"),
    "objects in many lines": "\n".join(json.dumps(one, indent=1) for one in ROWS),
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("form", SAME)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_form_says_the_same(form: str, encoding: str, end: str) -> None:
    assert rows(SAME[form].replace("\n", end).encode(encoding)) == ROWS


@pytest.mark.parametrize("form", SAME)
def test_a_file_that_comes_byte_by_byte_is_the_same_file(form: str) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        content = SAME[form].replace("\n", "\r\n").encode(encoding)
        assert rows(content, at_once=1) == rows(content, at_once=3) == ROWS


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('text,label,"notes; remarks; doubts"\nhi,a,x\n', "notes; remarks; doubts"),
        ('"a;b;c;d",text\nx,hi\n', "a;b;c;d"),
        ("text;label, more\nhi;a\nho;b\n", "label, more"),
        ("text|label\nhi|a\n", "label"),
        ('"two\nlines",label\nhi,a\n', "two lines"),
    ],
)
def test_the_separator_is_guessed_outside_quotes_and_by_the_rows(
    content: str, expected: str
) -> None:
    (row, *_) = read([content.encode()])
    assert isinstance(row.row, dict)
    assert expected in row.row


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"text,label\nSECRET, please,a\nhi,b\n", {0: "3 cells where the header names 2"}),
        (b"text,label,\nSECRET, please,a\n", {0: "3 cells where the header names 2"}),
        (b'text,label\n"SECRET \\"x\\"",a\nhi,b\n', {0: "a quote inside it is doubled"}),
        ("text,label\nSECRET é,a\nhi,b\n".encode("cp1252"), {0: "Cell 1 is not UTF-8"}),
        ("text,label\nhi,SECRET é\n".encode("cp1252"), {0: "Cell 2 is not UTF-8"}),
        (b'{"a": 1}\n{"SECRET": }\n', {1: "not JSON at column 12: a value is expected"}),
        (b'{"a": "SECRET"},\n{"a": 2},\n', {0: "a comma between lines", 1: "a comma between"}),
        (b'{"a": 1}\n{"a": Infinity}\n', {1: "Infinity is no number"}),
        (b'{"a": 1}\n{"SECRET": 1, "SECRET": 2}\n', {1: "A key stands twice"}),
        (b'{"a": 1}\n["SECRET"]\n', {1: "A row is an object"}),
        ('{"a": 1}\n{"a": "SECRET é"}\n'.encode("cp1252"), {1: "not UTF-8"}),
    ],
)
def test_a_fault_says_what_is_expected_and_never_what_stands_there(
    content: bytes, faults: dict[int, str]
) -> None:
    read = rows(content)
    assert {place for place, row in enumerate(read) if isinstance(row, str)} == faults.keys()
    for place, expected in faults.items():
        assert expected in str(read[place])
        assert "SECRET" not in str(read[place])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text,é\n".encode("cp1252"), "header is not UTF-8"),
        (b"text,text\n1,2\n", "the names of its columns"),
        (b"text,label,Label\n1,2,3\n", "each once, whatever its case"),
        (b"text,label,note  a, Note a\n1,2,3,4\n", "each once"),
        (b"[\n1,\n2\n", "line 3"),
        (b"PK\x03\x04\x14\x00", "a workbook or an archive: save the sheet as CSV"),
        (b"\x1f\x8b\x08\x00", "compressed: unpack"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"%PDF-1.7", "a PDF: save the table"),
        ("text,label\nhi,a\n".encode("utf-16")[:-1], "no whole UTF-16"),
    ],
)
def test_a_file_that_cannot_be_told_apart_is_refused_as_a_whole(
    content: bytes, expected: str
) -> None:
    with pytest.raises(Invalid, match=expected):
        rows(content)


def test_nothing_is_what_python_and_pandas_write_for_it() -> None:
    assert rows(b'{"label": NaN}\n{"label": null}') == [{"label": None}] * 2


def test_lines_keep_their_numbers_and_arrays_count_their_places() -> None:
    content = b'\ntext,label\n"two\n\nlines",a\nx,y,z\nhi,b\n'
    assert [(line.unit, line.number) for line in read([content])] == [
        ("line", 3),
        ("line", 6),
        ("line", 7),
    ]
    array = json.dumps(ROWS, indent=1).encode()
    assert [(line.unit, line.number) for line in read([array])] == [("item", 1), ("item", 2)]


def test_a_long_file_is_read_as_it_comes() -> None:
    """Of a file without end the first rows are there, whatever its form."""

    def endless(head: bytes, row: bytes) -> Iterator[bytes]:
        yield head
        while True:
            yield row

    for head, row in ((b"text,label\n", b"hi,a\n"), (b"", b'{"text": "hi", "label": "a"}\n')):
        lines = read(endless(head, row))
        assert [next(lines).row for _ in range(1_000)][-1] == {"text": "hi", "label": "a"}


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.integers(1, 9),
    st.sampled_from(["utf-8", "utf-16", "utf-32"]),
)
def test_lines_are_the_text(text: str, at_once: int, encoding: str) -> None:
    content = ("x" + text).encode(encoding)
    pieces = [content[at : at + at_once] for at in range(0, len(content), at_once)]
    lines = list(lines_of(pieces))
    assert "".join(lines) == "x" + text
    ends = [line.rstrip("\r\n") for line in lines]
    assert not any("\n" in line or "\r" in line for line in ends)


def test_a_quote_that_never_closes_says_how_many_lines_it_took() -> None:
    rows = [b"text,label\n", b"hi,greet\n", b'"so,leave\n', *[b"go,leave\n"] * 7]
    _, last = read(rows)
    assert isinstance(last.row, Invalid)
    assert (last.number, "the 7 lines after it" in str(last.row)) == (3, True)
