"""The shipped families: readable, coded in every way the data model knows, and telling enough."""

from collections import Counter
from pathlib import Path

import pytest
from nlu_shared.schemas.extraction import (
    Direction,
    EventKind,
    Extraction,
    Relationship,
)
from nlu_shared.schemas.prompts import TaskKind

from deploy.demo.data import BadData, DataSet
from deploy.demo.discussions import read_discussions
from deploy.demo.options import FAMILIES


@pytest.fixture(scope="module")
def families() -> DataSet:
    return read_discussions(FAMILIES)


def test_there_are_enough_statements_of_enough_families(families: DataSet) -> None:
    assert families.kind is TaskKind.EXTRACTION
    assert len(families.rows) >= 90
    assert len({row.group for row in families.rows}) >= 12
    assert not families.skipped


def test_every_code_occurs_and_some_statements_hold_nothing(families: DataSet) -> None:
    coded = [Extraction.model_validate(row.truth) for row in families.rows]
    events = [event for one in coded for event in one.events]
    assert {event.kind for event in events} == set(EventKind)
    assert {event.relationship for event in events} >= set(Relationship)
    for variable in ("symptom", "anxiety", "functioning"):
        assert {getattr(event, variable) for event in events} >= set(Direction), variable
    assert Counter(one == Extraction() for one in coded)[True] >= 5
    assert any(bond.married is False for one in coded for bond in one.pair_bonds)


def test_every_person_of_a_statement_can_be_known_from_it(families: DataSet) -> None:
    """A model is sent one statement: who is not in it, nobody could code."""
    unheard = [
        (row.text, person.name)
        for row in families.rows
        for person in Extraction.model_validate(row.truth).people
        if person.name != "User" and str(person.name) not in row.text
    ]
    assert not unheard


@pytest.mark.parametrize("content", ["", "[", "{}", '{"discussion": {"id": 1}, "statements": []}'])
def test_a_file_without_codings_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(BadData) as refused:
        read_discussions(path)
    assert "\n" not in str(refused.value)
