"""Focus and guards: what a run tries to raise, and what must not pay for it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.evaluation.paired import fall, measured
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.plan import Plan
from induction.engine.proposal.error_patterns import concerning, patterns_of, worth_trying
from induction.engine.search import acceptance, gate
from induction.engine.search.acceptance import objection, rank
from induction.task_kinds.base import Case, Component, Mistake, ModelPrediction, Task
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    PromptEvaluated,
    Split,
    Stage,
    VerdictReached,
)
from nlu_shared.schemas.labels import LabelSpec

from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan

LABELS = ("a", "b", "c", "d")
TASK = IntentTask([LabelSpec(name=name) for name in LABELS])
EXTRACTION = ExtractionTask()


def named(task: Task, name: str) -> Component:
    component = task.component(name)
    assert component is not None
    return component


def book(answers: Sequence[tuple[str, str]]) -> EvalResults:
    """A case book from (truth, prediction) pairs of texts that have no word in common."""
    entries = {}
    for number, (truth, predicted) in enumerate(answers):
        case = Case(UUID(int=number), f"w{number} x{number}", truth, f"g{number}", True)
        entries[case.id] = judge(TASK, case, ModelPrediction(output=predicted))
    return EvalResults(entries)


def plan(**how: object) -> Plan:
    return replace(toy_plan(per_label=4), task=TASK, baseline=TASK.baseline(), **how)  # type: ignore[arg-type]


RIGHT = [("a", "a")] * 10 + [("b", "b")] * 10 + [("c", "c")] * 80


@pytest.mark.parametrize(
    ("lost", "won", "tolerance", "breaks"),
    [
        (0, 0, 0.0, False),
        (1, 0, 0.0, False),
        (1, 0, 0.02, False),
        (2, 0, 0.02, True),
        (2, 0, 0.2, False),
        (3, 2, 0.0, False),
        (5, 0, 0.2, False),
        (7, 0, 0.2, True),
        (0, 3, 0.0, False),
    ],
)
def test_a_guard_breaks_when_more_is_lost_than_the_tolerance_and_more_than_chance_takes(
    lost: int, won: int, tolerance: float, breaks: bool
) -> None:
    """Of ten cases of label a, `won` were wrong before, and `lost` others are wrong after."""
    before = book([("a", "c")] * won + RIGHT[won:])
    after = book(RIGHT[:won] + [("a", "c")] * lost + RIGHT[won + lost :])
    reasons = acceptance.broken_guards(plan(guards={"a": tolerance}), before, after)
    assert bool(reasons) is breaks
    assert all("a falls from" in reason for reason in reasons)


def test_a_broken_guard_rejects_a_better_prompt_and_says_which() -> None:
    """It wins ten cases of label b and loses four of label a."""
    before = book([("a", "a")] * 10 + [("b", "c")] * 10 + RIGHT[20:])
    after = book([("a", "c")] * 4 + [("a", "a")] * 6 + [("b", "b")] * 10 + RIGHT[20:])
    for guards, refused in (({}, False), ({"b": 0.0}, False), ({"a": 0.02, "b": 0.02}, True)):
        guarded = plan(guards=guards)
        reached, best = (
            rank(guarded, TASK.baseline(), validation=one, train=before) for one in (after, before)
        )
        why = objection(guarded, reached, best, baseline=before, validation=after)
        assert (why is not None) is refused
        assert why is None or (why.startswith("a falls from 1.0000 to") and "0.02" in why)


def test_with_a_focus_its_score_comes_first_and_the_objective_is_guarded() -> None:
    wrong = book([("a", "c")] * 6 + RIGHT[6:])
    better_a = book([*RIGHT[:20], *[("c", "b")] * 3, *RIGHT[23:]])
    much_worse = book([*RIGHT[:10], *[("b", "c")] * 10, *RIGHT[20:]])
    focused = plan(focus="a")

    def why(after: EvalResults) -> str | None:
        reached, best = (
            rank(focused, TASK.baseline(), validation=one, train=wrong) for one in (after, wrong)
        )
        return objection(focused, reached, best, baseline=wrong, validation=after)

    assert why(better_a) is None
    assert "the objective falls" in (why(much_worse) or "")
    assert "a falls from" in (why(book([("a", "c")] * 9 + RIGHT[9:])) or "")


def test_a_fall_is_measured_with_the_error_of_the_paired_difference() -> None:
    f1 = named(TASK, "a").f1
    same = fall(TASK, f1, book(RIGHT), book(RIGHT))
    assert (same.size, same.error) == (0, 0)
    # Ten cases of which two are lost: recall falls by 0.2, F1 from 1 to 16/18.
    lost = fall(TASK, f1, book(RIGHT), book([("a", "c")] * 2 + RIGHT[2:]))
    assert lost.size == pytest.approx(1 - 16 / 18)
    assert 0.05 < lost.error < lost.size
    assert measured(TASK, f1, book(RIGHT)) == 1.0


def test_near_duplicates_are_lost_together() -> None:
    """Three wordings of one question are one piece of evidence: their loss could be chance."""
    many = [
        Case(UUID(int=n), f"w{n} x{n}" if n > 2 else "just the same words", "a", "g", True)
        for n in range(10)
    ]
    cases = [replace(case, group=f"g{n}") for n, case in enumerate(many)]
    before, after = (
        EvalResults(
            {
                case.id: judge(TASK, case, ModelPrediction(output="b" if n < lost else "a"))
                for n, case in enumerate(cases)
            }
        )
        for lost in (0, 3)
    )
    assert not acceptance.broken_guards(plan(guards={"a": 0.02}), before, after)


def test_patterns_near_the_focus_are_worked_on_first() -> None:
    mistakes = book([("a", "b")] * 5 + [("c", "d")] * 3 + [("d", "d")] * 2)
    first, second = patterns_of(mistakes)
    aim = named(TASK, "d")
    assert concerning(aim, first, mistakes) == 0
    assert concerning(aim, second, mistakes) == 3
    ordered = worth_trying([first, second], {}, lambda one: concerning(aim, one, mistakes))
    assert ordered == [second, first]


def test_the_gate_of_a_focused_run_counts_what_the_focus_concerns() -> None:
    """Correcting only other labels does not pass; correcting the focus does, unless it harms."""
    before = book([("a", "b")] * 6 + [("c", "d")] * 6 + RIGHT[12:60])
    sample = gate.sample(TASK, before, patterns_of(before), seed=1, attempt=1)

    def passes(turn: dict[str, str]) -> bool:
        entries = {
            case.id: judge(
                TASK, case, ModelPrediction(output=turn.get(str(case.truth), case.truth))
            )
            for case in sample.cases
        }
        return gate.judge(sample, before, EvalResults(entries), named(TASK, "a")).passes

    assert passes({})
    assert not passes({"a": "b"})
    assert not passes({"b": "d", "c": "d", "d": "c"})


@pytest.mark.parametrize(
    ("name", "mistake", "concerned"),
    [
        ("people", Mistake("missed_person", "person (female)", None), True),
        ("people", Mistake("missed_event", "death", None), False),
        ("events", Mistake("extra_event", None, "shift anxiety"), True),
        ("shift", Mistake("extra_event", None, "shift anxiety"), True),
        ("structural", Mistake("extra_event", None, "shift anxiety"), False),
        ("structural", Mistake("mismatched_event", "birth", "another date"), True),
        ("pair_bonds", Mistake("missed_pair_bond", "pair bond", None), True),
        ("child_of", Mistake("missed_pair_bond", "pair bond", None), True),
        ("symptom", Mistake("wrong_symptom", "up", "none"), True),
        ("symptom", Mistake("wrong_anxiety", "up", "none"), False),
        ("symptom", Mistake("no_answer", "an extraction", None), True),
    ],
)
def test_what_lowers_a_component_of_an_extraction(
    name: str, mistake: Mistake, concerned: bool
) -> None:
    assert named(EXTRACTION, name).concerns(mistake) is concerned


def test_components_are_labels_types_and_coded_variables() -> None:
    assert TASK.component("a") is not None
    assert TASK.component("accuracy") is None
    assert TASK.component("people") is None
    assert EXTRACTION.component("relationship") is not None
    assert EXTRACTION.component("exact") is None


@pytest.mark.law
async def test_a_focused_run_raises_its_label_and_says_on_how_many_cases_that_stands() -> None:
    plan = replace(toy_plan(), focus="class_b", guards={"class_c": 0.1})
    plan = replace(plan, max_iterations=4)
    events = await events_of(plan, OfflineRuntime())
    seen = [
        one.components["f1:class_b"]
        for one in events
        if isinstance(one, PromptEvaluated) and one.split == "validation"
    ]
    assert any(isinstance(one, ChangeKept) for one in events)
    assert max(seen) > seen[0]
    assert any("carry 'class_b', which is focused on" in line for line in events[0].notes)  # type: ignore[union-attr]
    assert any("carry 'class_c', which is guarded" in line for line in events[0].notes)  # type: ignore[union-attr]
    (reached,) = [one for one in events if isinstance(one, VerdictReached)]
    tested = [
        one.components["f1:class_b"]
        for one in events
        if isinstance(one, PromptEvaluated) and one.split is Split.TEST
    ]
    gained = reached.verdict.focus
    assert gained is not None
    assert (gained.component, [gained.before, gained.after]) == ("class_b", pytest.approx(tested))
    assert gained.interval[0] <= gained.gain <= gained.interval[1]


async def test_a_guard_that_breaks_is_a_rejection_on_validation_that_names_the_label() -> None:
    plan = toy_plan(seed=3)
    labels = [str(case.truth) for case in plan.cases]
    plan = replace(plan, guards=dict.fromkeys(labels, 0.0), max_iterations=4)
    events = await events_of(plan, OfflineRuntime())
    rejected = [one for one in events if isinstance(one, ChangeRejected)]
    guarded = [one for one in rejected if "guarded to 0" in one.reason]
    assert guarded
    assert all(one.stage is Stage.VALIDATION and "class_" in one.reason for one in guarded)
