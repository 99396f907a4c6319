"""Whatever is in a file, it is read or refused, by every format: nothing else is raised, and no
number stands for a row that is not there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_shared.files.formats.base import Columns
from nlu_shared.files.formats.registry import BY_NAME, FORMATS
from nlu_shared.files.reading import examples
from nlu_shared.kit.errors import Invalid

from tests.fixtures.from_schema import JSON

MARKS = sorted({mark for one in FORMATS for mark in one.marks})
TOKENS = st.sampled_from(
    [*MARKS, "\n", "\r", "\t", ",", ";", '"', ":", "- ", "  ", "|", "#", "[a](b)", "{", "}", "[",
     "]", "nlu:", "intent: a", "BOS ", "EOS", "atis_", "sep=;", "\ufeff", "\x00", "é"]
)  # fmt: skip
NAMES = st.sampled_from([*MARKS, "text", "label", "role", "content", "choices", "value", "result"])
NESTED = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)
CONTENTS = (
    st.binary()
    | st.lists(TOKENS).map(lambda tokens: "".join(tokens).encode("utf-8"))
    | st.lists(TOKENS).map(lambda tokens: "".join(tokens).encode("utf-16"))
    | NESTED.map(lambda value: json.dumps(value).encode())
    | st.lists(st.dictionaries(NAMES, NESTED)).map(
        lambda rows: "\n".join(map(json.dumps, rows)).encode()
    )
)


@pytest.mark.law
@pytest.mark.parametrize("name", [None, *BY_NAME])
@given(content=CONTENTS)
def test_a_file_is_read_or_refused(name: str | None, content: bytes) -> None:
    try:
        opened = examples([content], Columns(), format=BY_NAME[name] if name else None)
        lines = list(opened.lines)
    except Invalid:
        return
    assert all(line.number >= 1 for line in lines)
