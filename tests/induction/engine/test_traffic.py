"""What a replay of traffic says of changes, of a model that wavers, and of extractions."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.engine.traffic import bound, on_traffic, replay
from induction.task_kinds.base import Case, ModelAnswer, Outcome, Task
from induction.task_kinds.extraction.task import ExtractionTask
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.events import RunFinished, Split, TrafficReplayed
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.prompts import Example
from nlu_shared.schemas.traffic import TrafficReplay
from pydantic import JsonValue

from tests.induction.engine.runtimes import Recording, events_of
from tests.induction.task_kinds.extraction.coding import family

SERVING = UUID(int=99)
LABELS = [LabelSpec(name=one) for one in ("cancel", "move", "greet")]
Answers = Callable[[str, int], JsonValue]


class Answering(Recording):
    """Answers by the text and by how often it was put before."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        return [
            ModelAnswer(Outcome.OK, json.dumps(self._answers(one.request.user, one.sample)))
            for one in calls
        ]


def logged(number: int, text: str, label: str, **more: Any) -> Prediction:
    at = datetime(2026, 11, 29, tzinfo=UTC)
    nothing = dict.fromkeys(Prediction.model_fields)
    return Prediction.model_validate(
        {
            **nothing,
            "id": UUID(int=number),
            "task": "any",
            "prompt": text,
            "predicted_intent": label,
            "secondary_intents": [],
            "created_at": at,
            "updated_at": at,
            **more,
        }
    )


def case(number: int, text: str, truth: JsonValue) -> Case:
    return Case(id=UUID(int=number), text=text, truth=truth, group=str(number), may_quote=True)


def planned(task: Task, approved: Sequence[Case] = (), shown: Sequence[Example] = ()) -> Plan:
    return Plan(
        task=task,
        cases=tuple(approved),
        dataset_hash="0" * 64,
        splits={},
        baseline=task.baseline().model_copy(update={"examples": tuple(shown)}),
        task_model="offline/any",
        proposer_model="offline/any",
    )


async def measured(plan: Plan, answers: Answers) -> TrafficReplay:
    (one,) = [
        event
        for event in await events_of(plan, Answering(answers), replay)
        if isinstance(event, TrafficReplayed)
    ]
    return one.replay


def labelling(labels: dict[str, str], *, then: str | None = None) -> Answers:
    """The label of the text; asked again, `then`."""

    def answer(user: str, sample: int) -> JsonValue:
        label = next(label for text, label in labels.items() if text in user)
        return {"label": then if then and sample else label, "confidence": 0.9}

    return answer


async def test_changes_are_counted_by_what_they_were_and_what_they_become() -> None:
    approved = [case(1, "text b", "move"), case(2, "text c", "cancel"), case(3, "text d", "move")]
    example = Example(text="text d", output="move", case_id=UUID(int=3))
    plan = on_traffic(
        planned(IntentTask(LABELS), approved, [example]),
        [
            logged(5, "text a", "greet", prompt_version=str(SERVING)),
            logged(6, "text b", "cancel"),
            logged(7, "text c", "cancel"),
            logged(8, "text d", "cancel"),
            logged(9, "text e", "my phone is 555-123-4567"),
        ],
        {UUID(int=1): Split.TRAIN, UUID(int=2): Split.TEST},
        serving=SERVING,
    )
    texts = {"text a": "greet", "text b": "move", "text c": "move", "text d": "move"}
    assert bound(plan).calls == 10
    seen = await measured(plan, labelling({**texts, "text e": "greet"}))
    assert (seen.predictions, seen.changed, seen.share, seen.by_serving) == (5, 4, 0.8, 1)
    assert (seen.labelled, seen.gained, seen.lost, seen.learned) == (2, 1, 1, 1)
    assert [(one.before, one.after, one.predictions) for one in seen.shifts] == [
        ("cancel", "move", 3),
        ("another label", "greet", 1),
    ]
    assert "555" not in seen.model_dump_json()
    assert seen.summary.startswith("Changes 80 % of 5 logged predictions (interval ")
    assert "mostly cancel → move (3)." in seen.summary
    assert "2 of the changed ones are labelled: 1 of them gain, 1 lose." in seen.summary


async def test_a_model_that_wavers_is_told_from_a_prompt_that_changes() -> None:
    plan = on_traffic(planned(IntentTask(LABELS)), [logged(1, "text a", "greet")], {}, serving=None)
    seen = await measured(plan, labelling({"text a": "move"}, then="greet"))
    assert (seen.changed, seen.wavered) == (1, 1)
    assert "1 of the 1 are as before when asked again." in seen.summary
    assert seen.summary.endswith("None of the changed ones is labelled.")


async def test_of_extractions_the_kinds_of_items_that_differ_are_told() -> None:
    ann, ben = (family(name).model_dump(mode="json") for name in ("Ann", "Ben"))
    plan = on_traffic(
        planned(ExtractionTask()),
        [
            logged(1, "Ann came.", "extracted", output=ann),
            logged(2, "Ben left.", "extracted", output=ben),
            logged(3, "Nothing here.", "extracted"),
            logged(4, "And then?", "extracted", output=ann, message_index=4),
        ],
        {},
        serving=None,
    )
    nobody = family().model_dump(mode="json")
    seen = await measured(plan, lambda user, _: ann if "Ann" in user else nobody)
    assert (seen.predictions, seen.left_out, seen.changed) == (2, 2, 1)
    assert [(one.before, one.after) for one in seen.shifts] == [("person", "nothing")]
    assert "Ben" not in seen.model_dump_json()


async def test_what_was_measured_before_is_told_again_whatever_is_left() -> None:
    plan = on_traffic(planned(IntentTask(LABELS)), [logged(1, "text a", "greet")], {}, serving=None)
    before = await measured(plan, labelling({"text a": "move"}))
    again = on_traffic(planned(IntentTask(LABELS)), [], {}, serving=None, measured=before)
    assert await measured(again, labelling({})) == before


async def test_without_a_prediction_it_fails() -> None:
    plan = on_traffic(planned(IntentTask(LABELS)), [], {}, serving=None)
    *_, last = await events_of(plan, Answering(labelling({})), replay)
    assert isinstance(last, RunFinished)
    assert last.status == "failed"


@pytest.mark.parametrize("texts", [["text a"], ["text a", "text a"]])
async def test_unusable_answers_are_changes_to_none(texts: list[str]) -> None:
    predictions = [logged(number, text, "greet") for number, text in enumerate(texts, 1)]
    plan = on_traffic(planned(IntentTask(LABELS)), predictions, {}, serving=None)
    seen = await measured(plan, lambda *_: {"label": "nobody knows"})
    assert (seen.changed, seen.unusable) == (len(texts), len(texts))
    assert [(one.before, one.after) for one in seen.shifts] == [("greet", "no usable answer")]
