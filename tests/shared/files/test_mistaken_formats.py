"""Files that look like a format they are not of, and what is kept of what is refused."""

import json

import pytest
from nlu_shared.files.formats.base import Columns
from nlu_shared.files.formats.yaml_nodes import documents
from nlu_shared.files.reading import NotUnderstood, examples
from nlu_shared.kit.errors import Invalid

from tests.shared.files.test_formats import ANNOTATED, guessed, held


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"rasa_nlu_data": {"common_examples": [{"text": "hi", "intent": "greet"}]}}, "doccano"),
        ({"rasa_nlu_data": {"common_examples": [{"text": "hi", "intent": "greet"}]}}, "snips"),
        ([ANNOTATED | {"annotations": []}], "doccano"),
        ("text,label\nhi,greet\n", "rasa"),
        ("text,label\nhi,greet\n", "snips-yaml"),
    ],
)
def test_a_file_said_to_be_of_another_format_is_refused_and_not_nothing_to_do(
    content: object, name: str
) -> None:
    assert held(content, name=name)[-1] == "unknown_format"


def test_a_document_of_intents_beside_other_things_is_not_taken_for_snips() -> None:
    """Dialogflow's intents hold lists with `data` as well."""
    intent = {"id": "x", "name": "greet", "responses": [], "userSays": [{"data": [{"text": "hi"}]}]}
    with pytest.raises(NotUnderstood):
        guessed(intent)


@pytest.mark.parametrize(
    ("content", "there"),
    [
        ({"train": [["hi", "greet"], ["lonely"]]}, '["lonely"]'),
        ({"greet": [{"data": [{"text": "hi"}]}, {"data": ["odd"]}]}, '{"data": ["odd"]}'),
        ({"rasa_nlu_data": {"common_examples": ["alone"]}}, '"alone"'),
    ],
)
def test_what_is_refused_of_a_document_is_kept_for_the_rejected_rows(
    content: object, there: str
) -> None:
    *_, last = examples([json.dumps(content).encode()], Columns()).lines
    assert (isinstance(last.row, Invalid), last.raw) == (True, there)


ROWS = "please play jazz\tmusic\r\nrain tomorrow\tweather\r\nwake me\talarm\r\n"


@pytest.mark.parametrize("first", ["sep=\t", "SEP=\t", '"sep=\t"', "\r\nsep=\t"])
def test_a_line_that_says_the_separator_makes_it_a_table(first: str) -> None:
    file = f"{first}\r\ntext\tlabel\r\n{ROWS}"
    assert guessed(file) == "csv"
    assert held(file) == [
        ("please play jazz", "music"), ("rain tomorrow", "weather"), ("wake me", "alarm")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("nlu:\n- intent: a\n  examples: '- hi'\nnlu:\n- intent: b\n", "key nlu .* in line 4"),
        ("nlu:\n- intent: a\n  intent: b\n  examples: '- hi'\n", "key intent .* in line 3"),
        ("nlu: []\nSECRET: 1\nSECRET: 2\n", "^A key stands twice .* in line 3"),
        ("---\ntype: intent\nname: a\nutterances: [x]\nutterances: [y]\n", "utterances .* 5"),
    ],
)
def test_a_key_that_stands_twice_in_markup_is_refused_by_its_line(
    content: str, expected: str
) -> None:
    with pytest.raises(Invalid, match=expected) as refused:
        held(content)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("nlu: just a text\n", (1, "nlu is a list")),
        ("nlu:\n", (1, "nlu is a list")),
        ("nlu:\n  intent: a\n  examples: '- hi'\n", (2, "nlu is a list")),
        ("nlu:\n- synonym: a\n- alone\n", (3, "An entry of nlu is")),
        ("nlu:\n- intents: a\n  examples: '- hi'\n", (2, "An entry of nlu is")),
        ("nlu:\n- intent: a\n  examples: {text: hi}\n", (3, "The examples of an intent")),
    ],
)
def test_markup_of_another_shape_is_refused_in_words(
    content: str, expected: tuple[int, str]
) -> None:
    (line,) = examples([content.encode()], Columns()).lines
    assert isinstance(line.row, Invalid)
    assert (line.number, str(line.row)[: len(expected[1])]) == expected


def test_fields_of_an_object_that_differ_in_case_only_are_refused() -> None:
    assert held('{"text": "hi", "label": "a"}\n{"text": "ho", "label": "a", "Label ": "b"}') == [
        ("hi", "a"), "no_column"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        'rejected_line,rejected_because,text,label\n2,no bullet,"hi\nho",\n',
        '{"rejected_line": 2, "rejected_because": "no bullet", "text": "hi", "label": null}\n',
    ],
)
def test_a_rejected_row_that_nobody_mended_is_refused_again(content: str) -> None:
    assert held(content) == ["no_label"]
    assert held(content.replace('ho",', 'ho",a').replace("null", '"a"'))[0][1] == "a"


def test_categories_by_their_name_are_the_labels_that_hold() -> None:
    cats = {"text": "hi", "cats": {"greet": 1.0, "leave": 0.0}}
    assert held(cats, name="doccano") == [("hi", ["greet"])]


def test_an_alias_of_yaml_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="alias in line 2: aliases are not taken"):
        documents("a: &x [hi]\nb: *x\n")
