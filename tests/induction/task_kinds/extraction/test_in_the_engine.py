"""The engine improves an extraction prompt by the same loop as any other.

The model here is scripted: it finds the people, and deaths only once an example shows one.
"""

import json
from collections.abc import Sequence
from uuid import UUID

import pytest
from induction.engine.data.splits import assign
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.task_kinds.base import Case, ModelAnswer, Outcome
from induction.task_kinds.extraction import ExtractionTask
from nlu_shared.rendering.extraction import short
from nlu_shared.schemas.events import PatternsFound, RunFinished
from nlu_shared.schemas.extraction import Extraction

from tests.induction.engine.runtimes import Recording, events_of
from tests.induction.task_kinds.extraction.coding import event, family

WORDS = ["oak", "elm", "ash", "fir", "yew", "bay", "fig", "box", "ivy", "may"]


def statement(number: int) -> tuple[str, Extraction]:
    """A statement of some words of its own; every second one tells a death."""
    name = "".join(chr(ord("a") + int(digit)) * 2 for digit in f"{number:03d}").title()
    scene = " ".join(WORDS[int(digit)] for digit in f"{number:03d}")
    if number % 2:
        return f"{name} died under the {scene}", family(name, events=(event("death", -1),))
    return f"{name} sat under the {scene}", family(name)


class ScriptedRuntime(Recording):
    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        return [
            ModelAnswer(
                Outcome.OK,
                json.dumps(self._code(one) if one.purpose == "task" else self._teach(one)),
            )
            for one in calls
        ]

    def _code(self, call: Call) -> object:
        text = json.loads(call.request.user)["text"]
        taught = any('"death"' in shown for shown in call.request.system[1:])
        died = " died " in text and taught
        return short(family(text.split()[0], events=(event("death", -1),) if died else ()))

    def _teach(self, call: Call) -> object:
        (pattern, *_) = json.loads(call.request.user)["patterns"]
        edit = {"op": "add_example", "case": pattern["cases"][0]["id"]}
        return {"strategy": "A", "rationale": "Shows a death.", "edits": [edit]}


@pytest.mark.law
async def test_a_run_teaches_the_kind_of_event_that_was_missed() -> None:
    task = ExtractionTask()
    cases = tuple(
        Case(UUID(int=number), text, short(truth), f"group {number}", True)
        for number, (text, truth) in ((n, statement(n)) for n in range(1, 121))
    )
    plan = Plan(
        task=task,
        cases=cases,
        dataset_hash="scripted",
        splits=assign(cases, {case.id: task.stratum(case.truth) for case in cases}, {}, 1),
        baseline=task.baseline(),
        task_model="m",
        proposer_model="m",
        seed=1,
    )
    events = await events_of(plan, ScriptedRuntime())
    event = next(one for one in events if isinstance(one, PatternsFound))
    assert [(pattern.kind, pattern.truth) for pattern in event.patterns] == [
        ("missed_event", "death")
    ]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.baseline_f1 is not None
    assert finished.baseline_f1 < 1
    assert finished.final_f1 == 1
