"""Where things lie in the drawings, and how an experiment and a trigger stand in words."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from induction.dashboard.drawing import traces
from induction.dashboard.experiments import wording
from induction.dashboard.experiments.chart import NARROW, evidence_chart
from induction.dashboard.history.tree import tree
from induction.dashboard.operations.chart import spend_chart
from induction.dashboard.runs.plot import ON_TRAIN, plot
from induction.dashboard.triggers.standing import standing
from induction.dashboard.words import lasting, money
from induction.experiments import course
from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.experiments import Experiment, ExperimentEvidence
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.spending import SpendLine
from nlu_shared.schemas.triggers import AutoTriggerView

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDS = [UUID(int=number) for number in range(1, 7)]


def version(n: int, parent: int | None, f1: float | None, *, serves: bool = False) -> Ancestor:
    return Ancestor(
        id=IDS[n],
        version_hash=f"{n}" * 64,
        parent_id=None if parent is None else IDS[parent],
        source="import" if parent is None else "run",
        run_id=None,
        iteration=None,
        change=None,
        validation_f1=f1,
        scorer=None,
        is_production=serves,
        created_at=NOW,
    )


def test_what_each_of_the_prompts_has_is_drawn_and_what_moved_most_comes_first() -> None:
    few = traces([{"a": 0.5, "b": 0.2}])
    some = traces([{"a": 0.5, "b": 0.2}, {"a": 0.5, "b": 1.0, "c": 0.1}, {"b": 0.0, "a": 0.4}])
    assert few == []
    assert [(one.name, one.first, one.last) for one in some] == [("b", 0.2, 0.0), ("a", 0.5, 0.4)]
    assert some[0].path == "M 5 34.8 L 120 6 L 235 42"


def test_what_serves_stands_in_one_row_with_what_led_there_and_nothing_on_anything_else() -> None:
    made = [
        version(0, None, 0.5),
        version(1, 0, 0.9),
        version(2, 0, 0.6),
        version(3, 2, 0.7, serves=True),
        version(4, 2, 0.8),
    ]
    drawn = tree(list(reversed(made)), {IDS[2]: "kept", IDS[1]: "rejected_at_gate"})
    places = {node.id: (node.x, node.y) for node in drawn.nodes}
    assert places[IDS[0]][1] == places[IDS[2]][1] == places[IDS[3]][1]
    assert len(set(places.values())) == len(made)
    assert {node.id: node.kind for node in drawn.nodes} == {
        IDS[0]: "root", IDS[1]: "hollow", IDS[2]: "mark", IDS[3]: "production", IDS[4]: "root",
    }  # fmt: skip
    assert len(drawn.edges) == 4
    assert {node.id: node.name for node in drawn.nodes}[IDS[3]] == f"{'3' * 12} 0.700"
    assert all(x < drawn.width and y < drawn.height for x, y in places.values())


def test_versions_whose_parents_are_on_another_page_are_drawn_as_roots() -> None:
    drawn = tree([version(4, 3, 0.8), version(5, 4, None)], {})
    parent, child = drawn.nodes
    assert parent.x < child.x
    assert len(drawn.edges) == 1
    assert tree([], {}).nodes == []


def evidence_of(units: int, better: float, worse: float, minutes: int) -> ExperimentEvidence:
    arms = [{"share": 0.5, "arm": "a", "units": units, "ended": units, "successes": 0}]
    at = NOW + timedelta(minutes=minutes)
    return ExperimentEvidence.model_validate(
        {
            "looked_at": at, "settled_until": at, "arms": arms if units else [],
            "difference": 0.031 if units else None, "better": better, "worse": worse,
            "unbalanced": 1.0, "needed": 20, "guards": [],
        }
    )  # fmt: skip


def test_of_many_looks_a_hundred_stay_the_first_and_the_last_and_spread_over_time() -> None:
    looks = course.extended((), evidence_of(0, 1, 1, 0))
    assert looks == []
    for n in range(1, 1_001):
        looks = course.extended(looks, evidence_of(n, 1, 1, n))
    assert len(looks) == course.MOST
    assert (looks[0].units, looks[-1].units) == (1, 1_000)
    gaps = [b.units - a.units for a, b in pairwise(looks)]
    assert max(gaps) <= 20
    assert course.extended(looks, evidence_of(1_000, 2, 1, 2_000)) == looks


def experiment(status: str, evidence: ExperimentEvidence | None) -> Experiment:
    plan = {"version_id": IDS[1], "shares": [0.5, 1.0], "step_hours": 1}
    return Experiment.model_validate(
        {
            "id": IDS[0], "task": "t", "status": status, "a_version_id": IDS[0],
            "b_version_id": IDS[1], "share": 0.5, "centre": 0.5, "plan": plan,
            "steps": [{"n": 1, "share": 0.5, "since": NOW, "reason": "it began"}],
            "evidence": evidence, "conclusion": None, "proposal_id": None, "by": "x",
            "created_at": NOW, "ended_at": None, "ended_by": None,
        },
        strict=False,
    )  # fmt: skip


def test_evidence_on_a_phone_has_a_line_of_text_between_its_marks() -> None:
    evidence = evidence_of(9, 1e12, 1e-12, 60)
    grown = evidence.model_copy(update={"course": course.extended((), evidence)})
    drawn = evidence_chart(experiment("won", grown), NARROW)
    assert drawn is not None
    gaps = [a.y - b.y for a, b in pairwise(drawn.ticks)]
    assert min(gaps) > 25
    assert drawn.better.endswith(f"L 324 {drawn.ticks[-1].y:g}")


def test_evidence_is_drawn_from_one_and_within_the_picture() -> None:
    assert evidence_chart(experiment("running", None)) is None
    evidence = evidence_of(9, 1e12, 1e-12, 60)
    drawn = evidence_chart(
        experiment("won", evidence.model_copy(update={"course": course.extended((), evidence)}))
    )
    assert drawn is not None
    assert drawn.ticks[-1].text == "million"
    assert drawn.better.endswith(f"L 704 {drawn.ticks[-1].y:g}")
    assert drawn.worse.endswith(f"L 704 {drawn.ticks[0].y:g}")


@pytest.mark.parametrize(
    ("status", "evidence", "words"),
    [
        ("running", None, "No unit has settled yet"),
        ("running", evidence_of(9, 3.2, 0.5, 1), "3.1 points more often than production so far. The"
         " evidence that it is better is 3.2 of the 20 that decide."),
        ("won", evidence_of(9, 25, 0.1, 1), "at most 1 in 20"),
        ("rolled_back", evidence_of(9, 0.1, 25, 1), "3.1 points more often"),
    ],
)  # fmt: skip
def test_an_experiment_is_told_in_words(
    status: str, evidence: ExperimentEvidence | None, words: str
) -> None:
    assert words in wording.verdict(experiment(status, evidence))


def test_days_without_spend_have_their_place_and_offline_days_their_list_price() -> None:
    lines = [
        SpendLine(key="2026-11-01", calls=1, cached_calls=0, usd=0, notional_usd=0.5),
        SpendLine(key="2026-11-03", calls=1, cached_calls=0, usd=0, notional_usd=1),
    ]
    drawn = spend_chart(lines, date(2026, 11, 1), date(2026, 11, 4))
    assert drawn is not None
    assert drawn.is_notional
    assert [bar.height for bar in drawn.bars] == [70, 0, 140, 0]
    assert drawn.bars[2].title == "3 November: 1.00 dollars at list price, nothing was paid"
    assert drawn.top == "$1.00"
    assert spend_chart([], date(2026, 11, 1), date(2026, 11, 4)) is None


@pytest.mark.parametrize(
    ("stands", "word", "reason"),
    [
        ({}, "off", "No run of this task starts by itself."),
        ({"enabled": True}, "watches", "Every approval and a clock ask"),
        (
            {"enabled": True, "paused_at": NOW - timedelta(hours=2), "paused_by": "Ann"},
            "paused", "Paused by Ann since <>.",
        ),
        (
            {"enabled": True, "gainless_runs": 3},
            "stopped", "The last 3 automatic runs gained less than 0.005 of F1 each.",
        ),
        (
            {"enabled": True, "unseen_runs": 4},
            "stopped", "4 automatic runs since a person looked, at most 3 may.",
        ),
        (
            {"enabled": True, "not_before": NOW + timedelta(hours=1)},
            "waits", "Cooldown until <>: 24 hours from the last start.",
        ),
        (
            {"enabled": True, "gainless_runs": 1, "not_before": NOW + timedelta(hours=1)},
            "waits", "Backoff until <>: the last automatic run gained too little",
        ),
    ],
)  # fmt: skip
def test_a_trigger_stands_in_words(stands: dict[str, object], word: str, reason: str) -> None:
    nothing = {"task": "t", "paused_at": None, "paused_by": None, "looked_at": None}
    counts = {"unseen_runs": 0, "gainless_runs": 0, "not_before": None}
    rules = AutoTriggerView.model_validate({**nothing, **counts, **stands})
    how = standing(rules, NOW)
    assert how.word == word
    first = how.reasons[0]
    assert f"{first.text}{'<>' if first.at else ''}{first.rest}".startswith(reason)
    assert first.at in (None, stands.get("paused_at"), stands.get("not_before"))


def test_small_money_and_times_are_told_from_nothing() -> None:
    assert [money(one) for one in (0.0, 0.00042, 0.5, 1234.5)] == [
        "0.00",
        "0.00042",
        "0.50",
        "1,234.50",
    ]
    assert [lasting(one) for one in (5, 61, 7_300, 200_000)] == ["5 s", "1 min", "2 h", "2 days"]


def test_lines_have_a_number_at_each_change_that_was_measured_and_none_elsewhere() -> None:
    baseline, kept = IDS[1], IDS[2]
    changes = [
        change(1, "rejected_at_validation", 0.4),
        change(2, "rejected_at_gate", None),
        change(3, "kept", 0.7, version_id=kept),
    ]
    scores = {baseline: {ON_TRAIN: 0.5, "f1:a": 0.2}, kept: {"f1:a": 0.9}}
    made = plot(0.6, baseline, changes, scores, [ON_TRAIN, "f1:a"])
    assert made is not None
    assert made.changes == [0, 1, 3]
    assert {line.kind: line.scores for line in made.lines} == {
        "best": [0.6, 0.6, 0.7],
        "kept": [0.6, None, 0.7],
        "rejected": [None, 0.4, None],
        "train": [0.5, None, None],
        "component": [0.2, None, 0.9],
    }
    assert plot(0.6, baseline, changes[1:2], scores, []) is None
    waits = [*changes, change(4, "open", 0.8)]
    for is_over, name in ((False, "waits for you"), (True, "was never decided")):
        drawn = plot(0.6, baseline, waits, scores, [], is_over=is_over)
        assert drawn is not None
        assert {line.name: line.scores for line in drawn.lines}[f"a change that {name}"] == [
            None, None, None, 0.8,
        ]  # fmt: skip
        assert drawn.lines[2].scores == [None, 0.4, None, None]
    shorter = [*changes, change(4, "kept", 0.65, version_id=IDS[3])]
    drawn = plot(0.6, baseline, shorter, scores, [], cheaper=IDS[3])
    assert drawn is not None
    assert drawn.lines[0].scores == [0.6, 0.6, 0.7, 0.7]
    overtaken = [*changes, change(4, "kept", 0.75, version_id=IDS[3])]
    drawn = plot(0.6, baseline, overtaken, scores, [], cheaper=kept)
    assert drawn is not None
    assert drawn.lines[0].scores == [0.6, 0.6, 0.7, 0.75]


def change(
    n: int, outcome: str, validation_f1: float | None, *, version_id: UUID | None = None
) -> IterationView:
    return IterationView(
        n=n, strategy=None, rationale=None, outcome=outcome, reason=None,
        validation_f1=validation_f1, fixed=None, broke=None, version_id=version_id,
    )  # fmt: skip
