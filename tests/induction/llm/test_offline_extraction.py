"""The offline model codes events, knowing nothing but the prompt it is sent."""

import codecs
import json
import random
import re
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from induction.task_kinds.base import ModelAnswer, Outcome
from nlu_shared.rendering import render
from nlu_shared.schemas.extraction import EventKind, Extraction, Relationship
from nlu_shared.schemas.ground_truth import Context, Turn
from nlu_shared.schemas.prompts import Example
from offline_model.answers import answer

from tests.induction.llm.statements import (
    TASK,
    coded,
    messages_request,
    names,
    showing,
    shown,
    telling,
)

STATEMENT = "Bert passed away in 1990."


DEATH = shown("Anna passed away in 1972.", "death", person="Anna", dateTime="1972")
NOTHING = shown("Let me see what comes to mind.")
BIRTHS = (
    shown("Anna plinked Bert.", "birth", child="Bert", person="Anna"),
    shown("Carl was plinked by Dora.", "birth", child="Carl", person="Dora"),
)
UNNAMED = (
    shown("I glorped in 1950.", "moved", person="User", dateTime="1950"),
    shown("I glorped to the sea.", "moved", person="User"),
    shown("Anna glorped to the hills.", "moved", person="Anna"),
    shown("Bert glorped away.", "moved", person="Bert"),
)


def turned(example: Example) -> Example:
    """The same in words that nobody ever heard."""
    (event,) = example.output["events"] or [None]
    output = {
        **example.output,
        "events": [{**event, "description": rot13(event["description"])}] if event else [],
    }
    return example.model_copy(update={"text": rot13(example.text), "output": output})


def rot13(text: str) -> str:
    """Small words only; names are the same in every language."""
    return re.sub(r"\b[a-z]+\b", lambda word: codecs.encode(word[0], "rot13"), text)


def without_words(extraction: Extraction) -> Extraction:
    events = (event.model_copy(update={"description": None}) for event in extraction.events)
    return extraction.model_copy(update={"events": tuple(events)})


def test_without_examples_it_finds_names_but_not_what_happened() -> None:
    extraction = coded(TASK.baseline(), STATEMENT)
    assert [person.name for person in extraction.people] == ["Bert"]
    assert not extraction.events


def test_an_example_teaches_it_an_event_with_its_person_and_year() -> None:
    (event,) = coded(showing(DEATH, NOTHING), STATEMENT).events
    assert (event.kind, event.person, event.dateTime) == (EventKind.DEATH, -1, "1990")


def test_what_is_like_nothing_shown_is_nothing() -> None:
    assert not coded(showing(*[DEATH] * 3, NOTHING), "Let me see.").events


def test_the_words_around_the_names_teach_who_does_what() -> None:
    prompt = showing(*BIRTHS, NOTHING)
    for text in ("Edda plinked Finn.", "Finn was plinked by Edda."):
        extraction = coded(prompt, text)
        (event,) = extraction.events
        assert (names(extraction)[event.person], names(extraction)[event.child]) == ("Edda", "Finn")


def test_an_example_teaches_a_pair_bond_and_whether_it_is_married() -> None:
    married = shown(
        "Anna wexed Bert.", "married", person="Anna", spouse="Bert", bond={"married": True}
    )
    extraction = coded(showing(married, *BIRTHS, NOTHING), "Edda wexed Finn.")
    (bond,) = extraction.pair_bonds
    assert {names(extraction)[bond.person_a], names(extraction)[bond.person_b]} == {"Edda", "Finn"}
    assert bond.married
    assert not coded(showing(married, *BIRTHS, NOTHING), "Edda plinked Finn.").pair_bonds


def test_an_example_teaches_a_code_and_whom_it_is_directed_at() -> None:
    prompt = showing(
        shown(
            "Anna zummed at Bert.",
            "shift",
            person="Anna",
            targets=["Bert"],
            relationship="conflict",
        ),
        shown("Carl drooped all winter.", "shift", person="Carl", symptom="up"),
        NOTHING,
    )
    (event,) = coded(prompt, "Edda zummed at Finn.").events
    assert (event.relationship, event.symptom) == (Relationship.CONFLICT, None)
    assert (event.person, event.relationshipTargets) == (-1, (-2,))
    (event,) = coded(prompt, "Gus drooped.").events
    assert (event.relationship, event.symptom) == (None, "up")


def test_who_has_no_name_is_found_by_the_words_they_are_listed_for() -> None:
    prompt = showing(*UNNAMED, NOTHING)
    assert list(names(coded(prompt, "I glorped away.")).values()) == ["User"]
    assert list(names(coded(prompt, "Finn glorped away.")).values()) == ["Finn"]


def test_who_was_named_before_does_what_they_do_in_the_examples() -> None:
    moved = [
        shown(f"Xe glorped in {year}.", "moved", person=name, before=f"There was {name}.")
        for name, year in (("Anna", "1950"), ("Bert", "1955"))
    ]
    prompt = showing(*moved, *BIRTHS, NOTHING)
    before = (Turn(text="There was Finn."),)
    extraction = coded(prompt, "Xe glorped in 1960.", context=Context(before=before))
    assert [names(extraction)[event.person] for event in extraction.events] == ["Finn"]
    known = Context(before=before, known={"people": [{"id": 5, "name": "Finn"}]})
    extraction = coded(prompt, "Xe glorped in 1960.", context=known)
    assert [event.person for event in extraction.events] == [5]
    assert not extraction.people


def test_the_form_of_a_date_tells_how_certain_the_examples_call_it() -> None:
    day = shown("Carl passed away on 3 May 1972.", "death", person="Carl", dateCertainty="certain")
    year = shown("Dora passed away in 1972.", "death", person="Dora", dateCertainty="approximate")
    prompt = showing(day, year, NOTHING)
    certain = [
        event.dateCertainty
        for text in ("Finn passed away on 9 June 1980.", "Finn passed away in 1980.")
        for event in coded(prompt, text).events
    ]
    assert certain == ["certain", "approximate"]


def test_a_rule_teaches_it_a_word() -> None:
    assert not coded(TASK.baseline(), "Carl drowned at sea.").events
    (event,) = coded(telling("- death: fell, drowned at sea"), "Carl drowned at sea.").events
    assert event.kind is EventKind.DEATH


def test_a_rule_teaches_it_a_code() -> None:
    for head in ("conflict", "relationship conflict"):
        (event,) = coded(telling(f"- {head}: zummed"), "Carl zummed.").events
        assert (event.kind, event.relationship) == (EventKind.SHIFT, Relationship.CONFLICT)


def test_a_rule_helps_where_the_examples_say_nothing_of_its_words() -> None:
    assert not coded(showing(DEATH, NOTHING, NOTHING), "Carl drowned.").events
    (event,) = coded(telling("- death: drowned", DEATH, NOTHING, NOTHING), "Carl drowned.").events
    assert event.kind is EventKind.DEATH


def test_examples_that_contradict_a_rule_weigh_against_it() -> None:
    against = [shown(f"{name} drooped.") for name in ("Anna", "Bert", "Dora", "Edda")]
    assert coded(telling("- death: drooped", DEATH), "Carl drooped.").events
    assert not coded(telling("- death: drooped", DEATH, *against), "Carl drooped.").events


def test_it_knows_no_word_beforehand() -> None:
    examples = (*BIRTHS, *UNNAMED, DEATH, NOTHING)
    unheard = [turned(one) for one in examples]
    for text in ("Edda plinked Finn in 1980, I glorped.", STATEMENT, "Hal was glorped away."):
        plain, other = coded(showing(*examples), text), coded(showing(*unheard), rot13(text))
        assert without_words(plain) == without_words(other)


def test_the_order_of_examples_changes_nothing() -> None:
    examples = (BIRTHS[0], *UNNAMED[:2], DEATH, NOTHING)
    text = "Edda plinked Finn in 1980, and I glorped, Hal passed on."
    answers = {coded(showing(*some), text).model_dump_json() for some in permutations(examples)}
    assert len(answers) == 1


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_examples_help_the_more_of_what_is_asked_they_show(seed: int) -> None:
    chance = random.Random(seed)
    words = sorted({"".join(chance.choices("bcdfghklmnprst", k=8)) for _ in range(24)})
    verbs = {kind: [words.pop() for _ in range(6)] for kind in ("death", "moved", "shift")}
    cases = [(kind, verb) for kind, some in verbs.items() for verb in some]
    truths = [shown(f"Finn {verb}.", kind, person="Finn") for kind, verb in cases]
    examples = [shown(f"Anna {verb}.", kind, person="Anna") for kind, verb in cases]
    wrong = [shown(f"Anna {verb}.", "birth", child="Anna") for _, verb in cases]

    def score(*some: Example) -> float:
        extractions = [coded(showing(*some, NOTHING), one.text) for one in truths]
        predictions = [
            TASK.parse(ModelAnswer(Outcome.OK, one.model_dump_json())) for one in extractions
        ]
        return TASK.score([one.output for one in truths], predictions).objective

    assert score(*examples) == 1 > score(*examples[::2]) > score(*wrong)


def test_noise_changes_what_happened_but_stays_an_extraction() -> None:
    (event,) = coded(showing(*[DEATH] * 3, NOTHING), STATEMENT, noise="moved").events
    assert event.kind is EventKind.MOVED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "kind", "person", "text"]), inner)
    ),
    max_leaves=8,
)
PARTS = st.sampled_from(["people", "events", "pair_bonds"])


@pytest.mark.law
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "text": st.just("Anna fell.") | JSON,
                "extraction": st.dictionaries(PARTS, JSON) | JSON,
                "before": JSON,
                "known": JSON,
            }
        )
        | JSON,
        max_size=4,
    )
)
def test_unreadable_examples_are_passed_over(lines: list[Any]) -> None:
    request = messages_request(
        render(showing(DEATH, NOTHING), STATEMENT, answers=TASK.answers, model="m")
    )
    prompt_lines = [*(block.text for block in request.blocks), "{", *map(json.dumps, lines)]
    reply = answer(
        request.model_copy(update={"system": "\n".join(prompt_lines)}), lambda kind, _: kind
    )
    assert TASK.parse(ModelAnswer(Outcome.OK, reply)).fault is None
