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


def test_categories_by_their_name_are_the_labels_that_hold() -> None:
    cats = {"text": "hi", "cats": {"greet": 1.0, "leave": 0.0}}
    assert held(cats, name="doccano") == [("hi", ["greet"])]


def test_an_alias_of_yaml_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="alias in line 2: aliases are not taken"):
        documents("a: &x [hi]\nb: *x\n")
