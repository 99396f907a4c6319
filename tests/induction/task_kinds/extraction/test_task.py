"""The extraction task: how it asks, reads, scores and names mistakes."""

import json
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.task_kinds.base import Case, Mistake, ModelAnswer, ModelPrediction, Outcome, Task
from induction.task_kinds.extraction import ExtractionTask, score
from nlu_shared.rendering import render
from nlu_shared.rendering.extraction import SCHEMA, short
from nlu_shared.schemas.extraction import Extraction
from nlu_shared.schemas.prompts import Block, Example, PromptContent

from tests.induction.task_kinds.extraction.coding import event, family
from tests.induction.task_kinds.extraction.families import extractions

TASK: Task = ExtractionTask()
MARY = short(family("Mary", events=(event("shift", -1, anxiety="up"),)))
FAULT = ModelPrediction(fault="cut")


def test_the_baseline_names_every_code_and_has_no_examples() -> None:
    baseline = TASK.baseline()
    assert TASK.problems(baseline) == []
    assert not baseline.examples
    codes = baseline.block("codes")
    assert codes is not None
    assert codes.protected


def test_a_prompt_without_codes_or_with_strange_examples_has_problems() -> None:
    prompt = PromptContent(
        instructions=(Block(name="role", text="Code births as birth."),),
        examples=(Example(text="x", output="label"), Example(text="x", output=MARY)),
    )
    problems = TASK.problems(prompt)
    assert "code 'defined-self' is not named" in problems
    assert "code 'birth' is not named" not in problems
    assert problems[-1] == "example 0 answers with no extraction"


def test_instructions_and_examples_are_system_parts_and_the_text_is_json() -> None:
    case = Case(UUID(int=1), 'my "mother"\ndied', MARY, "g", True)
    prompt = TASK.baseline().model_copy(update={"examples": (TASK.example(case),)})
    request = render(prompt, "hello", answers=TASK.answers, model="m")
    instructions, shown, _ = request.system
    assert instructions == "\n\n".join(block.text for block in prompt.instructions)
    assert json.loads(shown.splitlines()[1]) == {"text": case.text, "extraction": MARY}
    assert json.loads(request.user) == {"text": "hello"}


@given(st.text())
def test_no_text_can_close_its_frame(text: str) -> None:
    request = render(TASK.baseline(), text, answers=TASK.answers, model="m")
    assert json.loads(request.user) == {"text": text}


def test_the_answer_schema_asks_only_for_fields_of_the_data_model() -> None:
    assert set(SCHEMA["properties"]) == set(Extraction.model_fields)
    for part, items in SCHEMA["properties"].items():
        if part == "delete":
            continue
        model = Extraction.model_fields[part].annotation.__args__[0]
        schema = items["items"]
        assert set(schema["properties"]) <= set(model.model_fields)
        assert set(schema["required"]) <= set(schema["properties"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"people": [{"id": -1, "name": "Mary"}], "pair_bonds": [], "events": []}', None),
        ("{}", None),
        ('{"people": [{"id": -1, "nick": "Mary"}]}', "no_extraction"),
        ("[]", "no_object"),
        ('{"people": [{"confidence": 1e999}]}', "no_object"),
        ("people: Mary", "no_object"),
        ("[" * 100_000, "no_object"),
        ("{" * 100_000, "cut"),
    ],
)
def test_what_is_no_extraction_is_a_fault(text: str, fault: str | None) -> None:
    prediction = TASK.parse(ModelAnswer(Outcome.OK, text))
    assert prediction.fault == fault
    assert TASK.is_valid_output(prediction.output) is (fault is None)


def test_a_failed_call_is_a_fault() -> None:
    assert TASK.parse(ModelAnswer(Outcome.REFUSED)).fault == "refused"


def test_a_fault_scores_zero_even_where_there_was_nothing_to_extract() -> None:
    assert TASK.case_score({}, FAULT) == 0
    assert TASK.case_score({}, ModelPrediction(output={})) == 1
    assert TASK.score([{}], [FAULT]).components["exact"] == 0
    assert TASK.mistakes({}, FAULT) == [Mistake("no_answer", "an extraction", None)]


@given(st.lists(st.tuples(extractions(), extractions()), max_size=3))
def test_counts_give_the_score(cases: list[tuple[Extraction, Extraction]]) -> None:
    truths = [short(truth) for truth, _ in cases]
    predictions = [ModelPrediction(output=short(predicted)) for _, predicted in cases]
    counts = TASK.counts(truths, predictions)
    assert counts.shape == (len(cases), len(score.COMPONENTS), 3)
    whole = TASK.score(truths, predictions)
    assert np.isclose(whole.objective, TASK.objective(counts.sum(axis=0)))
    assert whole.cases == len(cases)
    for truth, predicted, one in zip(truths, predictions, counts, strict=True):
        assert np.isclose(TASK.case_score(truth, predicted), TASK.objective(one))
        assert all(
            mistake.truth or mistake.predicted for mistake in TASK.mistakes(truth, predicted)
        )


def test_mistakes_say_what_was_missed_extra_mismatched_or_wrongly_coded() -> None:
    truth = family(
        "Mary:female",
        "Tom",
        bonds={-9: (-1, -2)},
        events=(
            event("shift", -1, anxiety="up"),
            event("death", -2, dateTime="1950"),
            event("birth", child=-1),
        ),
    )
    predicted = family(
        "Mary:female",
        "Tom",
        "Zoe:female",
        events=(event("shift", -1, anxiety="down"), event("death", -2, dateTime="1990")),
    )
    mistakes = TASK.mistakes(short(truth), ModelPrediction(output=short(predicted)))
    assert set(mistakes) == {
        Mistake("extra_person", None, "person (female)"),
        Mistake("missed_pair_bond", "pair bond", None),
        Mistake("missed_event", "birth", None),
        Mistake("mismatched_event", "death", "another date"),
        Mistake("wrong_anxiety", "up", "down"),
    }
    assert len(mistakes) == 5
    assert TASK.mistakes(short(truth), ModelPrediction(output=short(truth))) == []


def test_strata_are_bands_of_entity_counts() -> None:
    assert TASK.stratum({}) == "0 entities"
    assert TASK.stratum(MARY) == "1-3 entities"
    assert TASK.stratum(short(family(*"abcdefghijklm"))) == "more than 12 entities"


def test_the_proposer_is_told_every_code() -> None:
    assert TASK.describe()["codes"]["dateCertainty"] == ["unknown", "approximate", "certain"]
