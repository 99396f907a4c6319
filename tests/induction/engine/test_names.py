"""People's names and the prompt, and how often the guard is in the way of honest changes."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from induction.engine.data.splits import assign
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.leak_guard.leaks import guarded, leaked
from induction.engine.leak_guard.screen import objections
from induction.engine.proposal import meta_prompt
from induction.engine.proposal.edits import InvalidChange, apply
from induction.engine.proposal.error_patterns import patterns_of, worked_on
from induction.engine.proposal.meta_prompt import Brief, change_schema, shown_cases
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome, Task
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.events import PromptEvaluated, RunStarted, Split, VerdictReached
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, Example, PromptContent
from offline_model.ideas import ideas
from offline_model.meta import Meta

from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

DATA = Path(__file__).parents[3] / "examples" / "data"
INTENTS = IntentTask([LabelSpec(name="pay", description="money to Acme"), LabelSpec(name="stop")])
FAMILIES = ExtractionTask()
TRAIN = [
    Case(UUID(int=1), "tell Hanna that the rent is paid", "pay", "1", True),
    Case(UUID(int=2), "ask whether Piet or hanna can stop it on Friday", "stop", "2", False),
    Case(UUID(int=3), "Oksana said so, and she means it. Ask Oksana!", "stop", "3", False),
]
HELD_OUT = [
    Case(UUID(int=4), "Dmitri wants his money back, says Dmitri", "pay", "4", True),
    Case(UUID(int=5), "please pay Acme, will you", "pay", "5", True),
]


def saying(task: Task, text: str) -> PromptContent:
    baseline = task.baseline()
    return baseline.model_copy(
        update={"instructions": (*baseline.instructions, Block(name="notes", text=text))}
    )


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Piet stops things.", [2]),
        ("what piet wants", [2]),
        ("Whatever PIET’s text says", [2]),
        ("Oksana means stop", [3]),
        ("Dmitri pays", [4]),
        ("Hanna pays", []),
        ("Acme is paid", []),
        ("Please be exact. Will you?", []),
        ("on Friday", [2]),
        ("Pietism", []),
    ],
)
def test_names_of_private_and_held_out_cases_stay_out(text: str, ids: list[int]) -> None:
    base = INTENTS.baseline()
    cases = guarded(INTENTS, base, TRAIN, HELD_OUT)
    leaks = leaked(base, saying(INTENTS, text), baseline=base, cases=cases)
    assert [case.id.int for case in leaks] == ids


def test_a_name_in_the_baseline_frees_held_out_cases_and_no_private_ones() -> None:
    baseline = saying(INTENTS, "Texts to Dmitri and to Piet are letters")
    parent = INTENTS.baseline()
    cases = guarded(INTENTS, baseline, TRAIN, HELD_OUT)
    leaks = leaked(parent, saying(INTENTS, "Dmitri, Piet"), baseline=baseline, cases=cases)
    assert [case.id.int for case in leaks] == [2]


def test_an_extractions_people_are_names_even_where_the_word_is_common() -> None:
    truth = {"people": [{"id": -1, "name": "Mark", "last_name": "Ostrow"}]}
    cases = [
        Case(UUID(int=1), "we mark the day every year", {}, "1", True),
        Case(UUID(int=2), "Mark left when I was ten", truth, "2", False),
    ]
    base = FAMILIES.baseline()
    guard = guarded(FAMILIES, base, cases, [])

    def leaks(candidate: PromptContent) -> int:
        return len(leaked(base, candidate, baseline=base, cases=guard))

    assert leaks(saying(FAMILIES, "a man named Mark is male")) == 1
    assert leaks(saying(FAMILIES, "Mark events; do not mark moods")) == 0
    assert leaks(saying(FAMILIES, "the ostrow family")) == 1
    own = Example(text="he left", output={"people": [{"id": -1, "name": "Mark"}]})
    assert leaks(base.model_copy(update={"examples": (own,)})) == 1


def scheduling() -> tuple[Task, list[Case]]:
    rows = list(csv.DictReader((DATA / "scheduling.csv").open(encoding="utf-8")))
    cases = [
        Case(UUID(int=n), row["text"], row["label"], str(n), n % 2 == 0)
        for n, row in enumerate(rows, 1)
    ]
    return IntentTask([LabelSpec(name=one) for one in sorted({r["label"] for r in rows})]), cases


def families() -> tuple[Task, list[Case]]:
    rows = [
        (statement["text"], feedback["edited_extraction"], family["discussion"]["id"])
        for family in json.loads((DATA / "families.json").read_text(encoding="utf-8"))
        for statement in family["statements"]
        if (feedback := statement.get("approved_feedback"))
    ]
    return FAMILIES, [
        Case(UUID(int=n), text, truth, f"family {family}", n % 2 == 0)
        for n, (text, truth, family) in enumerate(rows, 1)
    ]


def toys() -> tuple[Task, list[Case]]:
    plan = toy_plan()
    return plan.task, [replace(case, may_quote=case.id.int % 2 == 0) for case in plan.cases]


def wrong(task: Task, cases: Sequence[Case], number: int) -> ModelPrediction:
    other = next(case.truth for case in cases[number % 7 :] if case.truth != cases[number].truth)
    return ModelPrediction(output=other)


def verdicts(task: Task, cases: list[Case], seed: int) -> list[bool]:
    """Of every applicable idea of the proposer on half the training cases wrong: was it refused?"""
    splits = assign(cases, {case.id: task.stratum(case.truth) for case in cases}, {}, seed)
    train = [case for case in cases if splits[case.id] is Split.TRAIN]
    held_out = [case for case in cases if splits[case.id] is not Split.TRAIN]
    base = task.baseline()
    guard = guarded(task, base, train, held_out)
    missed = range(seed % 2, len(train), 2)
    book = EvalResults({train[n].id: judge(task, train[n], wrong(task, train, n)) for n in missed})
    patterns = worked_on(patterns_of(book))
    shown = shown_cases(book, patterns, seed=seed, attempt=0)
    brief = Brief(base, book.scored(task), book, tuple(patterns), shown, (), (), ())
    plan = replace(toy_plan(per_label=2), task=task, baseline=base)
    refusals = []
    for idea in ideas(Meta.model_validate_json(meta_prompt.request(plan, brief, None).user)):
        nullable = change_schema()["$defs"]["Edit"]["required"]
        edits = [dict.fromkeys(nullable) | edit for edit in idea.edits]
        answer = json.dumps({"strategy": idea.strategy, "rationale": "why", "edits": edits})
        try:
            change = meta_prompt.read(ModelAnswer(Outcome.OK, answer), task)
            candidate = apply(base, change, shown=shown, most_examples=99, task=task)
        except InvalidChange:
            continue
        refusals.append(bool(objections(task, base, candidate, baseline=base, cases=guard)))
    return refusals


@pytest.mark.law
@pytest.mark.parametrize("world", [scheduling, families, toys])
def test_at_most_two_honest_changes_in_a_hundred_are_refused(world) -> None:  # type: ignore[no-untyped-def]
    task, cases = world()
    refusals = [one for seed in range(4) for one in verdicts(task, cases, seed)]
    assert len(refusals) >= 50
    assert sum(refusals) <= 0.02 * len(refusals)


@pytest.mark.law
async def test_test_cases_that_the_baseline_quotes_judge_nothing() -> None:
    plan = toy_plan()
    test = [case for case in plan.cases if plan.splits[case.id] is Split.TEST]
    known = tuple(Example(text=case.text, output=case.truth) for case in test[:3])
    plan = replace(
        plan, baseline=plan.baseline.model_copy(update={"examples": known}), max_iterations=2
    )
    events = await events_of(plan, OfflineRuntime())
    started = next(event for event in events if isinstance(event, RunStarted))
    assert any("quotes 3 held-out cases" in one and str(test[0].id) in one for one in started.notes)
    sizes = [e.cases for e in events if isinstance(e, PromptEvaluated) and e.split is Split.TEST]
    assert sizes == [len(test) - 3] * 2
    (reached,) = [event for event in events if isinstance(event, VerdictReached)]
    assert reached.verdict.cases == len(test) - 3


async def test_where_the_baseline_quotes_every_test_case_nothing_is_proven() -> None:
    plan = toy_plan()
    test = [case for case in plan.cases if plan.splits[case.id] is Split.TEST]
    known = tuple(Example(text=case.text, output=case.truth) for case in test)
    plan = replace(
        plan, baseline=plan.baseline.model_copy(update={"examples": known}), max_iterations=2
    )
    reached = [e for e in await events_of(plan, OfflineRuntime()) if isinstance(e, VerdictReached)]
    assert [one.verdict.tested_on for one in reached] == ["validation"]
    assert all(one.verdict.kind != "proven" for one in reached)
