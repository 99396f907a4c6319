"""The offline model codes events, knowing nothing but the prompt it is sent."""

import json

from induction.llm.offline.answers import answer
from induction.llm.offline.wire import MessagesRequest
from induction.tasks.base import ModelAnswer as Said
from induction.tasks.base import ModelRequest, Outcome
from induction.tasks.extraction import ExtractionTask
from nlu_shared.schemas.extraction import EventKind, Extraction
from nlu_shared.schemas.prompts import Example, PromptContent

TASK = ExtractionTask()
SAID = "Bert passed away in 1990."
DEATH = Example(
    text="Anna passed away in 1972.",
    output={
        "people": [{"id": -1, "name": "Anna"}],
        "events": [
            {
                "id": -2,
                "kind": "death",
                "person": -1,
                "dateTime": "1972",
                "description": "passed away",
            }
        ],
    },
)
NOTHING = Example(text="Let me see what comes to mind.", output={})


def asked(request: ModelRequest) -> MessagesRequest:
    return MessagesRequest.model_validate(
        {
            "model": request.model,
            "max_tokens": request.max_tokens,
            "system": [{"type": "text", "text": part} for part in request.system],
            "messages": [{"role": "user", "content": request.user}],
            "output_config": {"format": {"type": "json_schema", "schema": request.schema}},
        }
    )


def coded(prompt: PromptContent, text: str, *, noise: str | None = None) -> Extraction:
    said = answer(
        asked(TASK.request(prompt, text, model="m")), lambda kind, _: noise if noise else kind
    )
    prediction = TASK.parse(Said(Outcome.OK, said))
    assert prediction.fault is None
    return Extraction.model_validate(prediction.output)


def shown(*examples: Example) -> PromptContent:
    return TASK.baseline().model_copy(update={"examples": examples})


def test_without_examples_it_finds_names_but_not_what_happened() -> None:
    found = coded(TASK.baseline(), SAID)
    assert [person.name for person in found.people] == ["Bert"]
    assert not found.events


def test_an_example_teaches_it_an_event_with_its_person_and_year() -> None:
    (event,) = coded(shown(*[DEATH] * 3, NOTHING), SAID).events
    assert (event.kind, event.person, event.dateTime) == (EventKind.DEATH, -1, "1990")


def test_what_is_like_nothing_shown_is_nothing() -> None:
    assert not coded(shown(*[DEATH] * 3, NOTHING), "Let me see.").events


def test_a_rule_teaches_it_a_word() -> None:
    plain = TASK.baseline()
    rules = plain.instructions[-1]
    told = rules.model_copy(update={"text": rules.text + "\n- death: drowned at sea"})
    prompt = plain.model_copy(update={"instructions": (*plain.instructions[:-1], told)})
    assert not coded(plain, "Carl drowned at sea.").events
    assert coded(prompt, "Carl drowned at sea.").events[0].kind is EventKind.DEATH


def test_noise_changes_what_happened_but_stays_an_extraction() -> None:
    (event,) = coded(shown(*[DEATH] * 3, NOTHING), SAID, noise="moved").events
    assert event.kind is EventKind.MOVED


def test_unreadable_examples_are_passed_over() -> None:
    lines = ["{", '{"text": 1}', '{"text": "A b", "extraction": {"events": 3}}', "[]", '"x"']
    request = TASK.request(TASK.baseline(), SAID, model="m")
    broken = asked(request)
    said = answer(
        broken.model_copy(update={"system": "\n".join([*request.system, *lines])}), lambda k, _: k
    )
    assert json.loads(said)["people"][0]["name"] == "Bert"
