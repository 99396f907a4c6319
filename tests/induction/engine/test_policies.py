"""The rules that decide: which patterns, which gate, better or not, when to stop, what to claim."""

import random
from collections.abc import Callable
from uuid import UUID

import pytest
from induction.engine.data.splits import splits_of
from induction.engine.evaluation.results import EvalResults, compare, judge
from induction.engine.proposal.error_patterns import patterns_of, worked_on, worth_trying
from induction.engine.runtime import RunContext
from induction.engine.search import gate
from induction.engine.search.acceptance import Rank, reason
from induction.engine.search.baseline import from_results
from induction.engine.search.stopping import Progress, reason_to_stop
from induction.engine.verdict.verdict import VerdictBasis, verdict
from induction.task_kinds.base import Case, ModelPrediction
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.events import Split
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.verdicts import VerdictKind

from tests.induction.engine.runtimes import OfflineRuntime, toy_plan
from tests.induction.llm.toys import toy

LABELS = ("a", "b", "c", "d")
TASK = IntentTask([LabelSpec(name=name) for name in LABELS])
TEXTS = [text for text, _ in toy(2, 8).cases(60, 2)]


def book(answers: list[tuple[str, str | None]]) -> EvalResults:
    """A case book from (truth, prediction) pairs; None is no answer."""
    entries = {}
    for number, (truth, predicted) in enumerate(answers):
        case = Case(UUID(int=number), TEXTS[number], truth, f"g{number}", True)
        prediction = (
            ModelPrediction(fault="cut") if predicted is None else ModelPrediction(output=predicted)
        )
        entries[case.id] = judge(TASK, case, prediction)
    return EvalResults(entries)


def test_mistakes_with_one_truth_or_one_answer_in_common_are_a_pattern() -> None:
    patterns = patterns_of(
        book([("a", "d"), ("b", "d"), ("c", "d"), ("a", "b"), ("a", "c"), ("d", None), ("b", "b")])
    )
    mistakes = [(one.kind, one.truth, one.predicted, one.count) for one in patterns]
    assert mistakes == [
        ("confused_labels", None, "d", 3),
        ("confused_labels", "a", None, 2),
        ("no_answer", "d", None, 1),
    ]
    assert [id.int for id in patterns[0].case_ids] == [0, 1, 2]


def test_a_pattern_on_which_changes_failed_gives_way_to_the_next() -> None:
    patterns = patterns_of(book([("a", "b")] * 5 + [("c", "d")] * 3))
    first, second = worth_trying(patterns, {})
    key = (first.kind, first.truth or "", first.predicted or "")
    assert worth_trying(patterns, {key: 1}) == [second, first]


def test_a_change_aims_at_two_patterns_or_at_a_quarter_of_the_mistakes() -> None:
    few = patterns_of(book([("a", "b")] * 5 + [("c", "d")] * 3 + [("b", "a")]))
    assert len(worked_on(few)) == 2
    many = [few[0].model_copy(update={"count": 1, "truth": str(n)}) for n in range(40)]
    assert len(worked_on(many)) == 6


def test_the_gate_asks_the_wrong_cases_of_the_patterns_and_twice_as_many_right_ones() -> None:
    before = book([("a", "b")] * 12 + [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d")] * 20)
    patterns = patterns_of(before)
    sample = gate.sample(TASK, before, patterns, seed=1, attempt=1)
    wrong = [case for case in sample.cases if not before.by_case[case.id].right]
    right = [case for case in sample.cases if before.by_case[case.id].right]
    assert (len(wrong), len(right)) == (12, 24)
    assert sum(case.truth in ("a", "b") for case in right) == 12
    assert sum(sample.weights.values()) == pytest.approx(92)
    other = gate.sample(TASK, before, patterns, seed=1, attempt=2)
    assert other.cases != sample.cases


@pytest.mark.parametrize(
    ("fixed", "broke", "passes"),
    [(1, 0, True), (0, 0, False), (0, 1, False), (3, 1, False), (10, 2, True)],
)
def test_each_case_of_the_gate_counts_for_those_it_was_drawn_from(
    fixed: int, broke: int, passes: bool
) -> None:
    """Ten wrong cases all asked, forty right ones of which twenty are: a break counts double."""
    before = book([("a", "b")] * 10 + [("a", "a"), ("b", "b")] * 20)
    sample = gate.sample(TASK, before, patterns_of(before), seed=1, attempt=1)
    wrong = [case.id for case in sample.cases if not before.by_case[case.id].right]
    right = [case.id for case in sample.cases if before.by_case[case.id].right]
    turned = {*wrong[:fixed], *right[:broke]}
    after = EvalResults(
        {
            case.id: judge(TASK, case, ModelPrediction(output=predicted))
            for case in sample.cases
            for truth, now in [(str(case.truth), before.by_case[case.id].prediction.output)]
            for predicted in [now if case.id not in turned else truth if now != truth else "d"]
        }
    )
    judgement = gate.judge(sample, before, after)
    assert judgement.passes is passes
    assert (len(judgement.fixed), len(judgement.broke)) == (fixed, broke)


def test_a_change_that_does_nothing_seldom_passes_the_gate_of_a_model_that_wavers() -> None:
    """Each answer is by chance wrong one time in ten, whatever the prompt."""
    chance = random.Random(4)
    passed = 0
    truths = [LABELS[n % 4] for n in range(200)]

    def wavering() -> EvalResults:
        predicted = [t if chance.random() > 0.1 else LABELS[LABELS.index(t) - 1] for t in truths]
        return book(list(zip(truths, predicted, strict=True)))

    for attempt in range(200):
        before, after = wavering(), wavering()
        patterns = worked_on(patterns_of(before))
        sample = gate.sample(TASK, before, patterns, seed=0, attempt=attempt)
        trial = EvalResults({case.id: after.by_case[case.id] for case in sample.cases})
        passed += gate.judge(sample, before, trial).passes
    assert passed / 200 < 0.3


@pytest.mark.parametrize(
    ("candidate", "best", "better", "why"),
    [
        ((0.6, 0.1, -900), (0.5, 0.9, -10), True, ""),
        ((0.5, 0.9, -900), (0.5, 0.8, -10), True, ""),
        ((0.5, 0.8, -9), (0.5, 0.8, -10), True, ""),
        ((0.5, 0.8, -10), (0.5, 0.8, -10), False, "no shorter"),
        ((0.5, 0.7, -9), (0.5, 0.8, -10), False, "training falls"),
        ((0.4, 0.9, -9), (0.5, 0.8, -10), False, "validation falls"),
    ],
)
def test_validation_comes_first_then_training_then_brevity(
    candidate: tuple[float, float, int], best: tuple[float, float, int], better: bool, why: str
) -> None:
    """Without a focus, what is aimed at is the validation score itself."""
    one, other = Rank(candidate[0], *candidate), Rank(best[0], *best)
    assert (one > other) is better
    assert better or why in reason(one, other)


def after(*scores: float, start: float = 0.5) -> Progress:
    progress = Progress(best=start)
    for score in scores:
        progress.evaluated(score)
    return progress


def refusals(number: int, progress: Progress) -> Progress:
    for _ in range(number):
        progress.refused()
    return progress


@pytest.mark.parametrize(
    ("progress", "stops"),
    [
        (after(), None),
        (after(0.5, 0.5), None),
        (after(0.5, 0.5, 0.5), "plateau"),
        (after(0.6, 0.605, 0.605, 0.609), "plateau"),
        (after(0.51, 0.51, 0.51), None),
        (after(0.504, 0.508, 0.512), None),
        (after(1.0), "perfect"),
        (refusals(7, after()), None),
        (refusals(8, after()), "rejected before validation"),
        (refusals(7, after(0.6)), None),
        (after(*[0.5 + n / 20 for n in range(1, 6)]), "iterations used up"),
    ],
)
def test_a_search_stops_when_it_has_done_its_work(progress: Progress, stops: str | None) -> None:
    why = reason_to_stop(progress, max_iterations=5, mistakes=3)
    assert (why is None) if stops is None else (why is not None and stops in why)


def test_an_evaluated_candidate_ends_a_series_of_rejections() -> None:
    progress = refusals(7, after())
    progress.evaluated(0.6)
    assert refusals(7, progress).rejections == 7


def test_a_search_stops_when_no_mistakes_are_left_to_learn_from() -> None:
    assert reason_to_stop(after(), max_iterations=5, mistakes=0)


TEST = VerdictBasis(split=Split.TEST, groups=200)
Right = Callable[[int], bool]


def claimed(before: Right, after: Right, ground: VerdictBasis, cases: int = 100) -> VerdictKind:
    def answered(right: Right) -> EvalResults:
        truths = [LABELS[n % 4] for n in range(cases)]
        return book([(t, t if right(n) else None) for n, t in enumerate(truths)])

    return verdict(TASK, answered(before), answered(after), ground, seed=1).kind


@pytest.mark.parametrize(
    ("before", "after", "ground", "kind"),
    [
        (lambda n: n < 60, lambda n: n < 80, TEST, VerdictKind.PROVEN),
        (lambda n: n < 80, lambda n: n < 60, TEST, VerdictKind.NOISE),
        (lambda n: n < 60, lambda n: n < 64, TEST, VerdictKind.PROMISING),
        (lambda n: n < 60, lambda n: n < 61, TEST, VerdictKind.NOISE),
        (lambda n: n < 60, lambda n: n < 60, TEST, VerdictKind.NOISE),
        (lambda n: n < 60, lambda n: 10 <= n < 72, TEST, VerdictKind.NOISE),
        (
            lambda n: n < 60,
            lambda n: n < 80,
            VerdictBasis(split=Split.VALIDATION, groups=200, untested="There is no test."),
            VerdictKind.PROMISING,
        ),
        (
            lambda n: n < 60,
            lambda n: n < 80,
            VerdictBasis(split=Split.TEST, groups=19),
            VerdictKind.PROMISING,
        ),
    ],
)
def test_only_a_clear_gain_on_untouched_cases_is_proven(
    before: Right, after: Right, ground: VerdictBasis, kind: VerdictKind
) -> None:
    assert claimed(before, after, ground) is kind


def test_what_is_not_proven_says_how_many_labels_would_tell() -> None:
    conclusion = verdict(
        TASK,
        book([("a", "a")] * 60 + [("b", "a")] * 40),
        book([("a", "a")] * 60 + [("b", "b")] * 3 + [("b", "a")] * 37),
        TEST,
        seed=1,
    )
    assert conclusion.labels_needed is not None
    assert str(conclusion.labels_needed) in conclusion.summary
    assert conclusion.interval[0] <= conclusion.gain <= conclusion.interval[1]


def test_near_duplicates_are_one_piece_of_evidence() -> None:
    truths = [("a", "b"), *[(LABELS[n % 4], LABELS[n % 4]) for n in range(40)]]
    wrong, right = book(truths), book([("a", "a"), *truths[1:]])

    def repeated(one: EvalResults) -> EvalResults:
        first = next(iter(one.by_case.values()))
        copies = {
            UUID(int=1000 + n): judge(
                TASK,
                Case(UUID(int=1000 + n), first.case.text, "a", f"copy {n}", True),
                first.prediction,
            )
            for n in range(20)
        }
        return EvalResults({**one.by_case, **copies})

    assert verdict(TASK, repeated(wrong), repeated(right), TEST, seed=1).p_value == 1.0


def test_compared_books_name_the_cases_that_turned() -> None:
    before, now = book([("a", "a"), ("a", "b"), ("a", "b")]), book([("a", "b"), ("a", "a")])
    assert compare(before, now) == ([UUID(int=1)], [UUID(int=0)])


def test_after_a_kept_change_no_more_than_256_training_cases_are_asked_again() -> None:
    plan = toy_plan(per_label=180)
    splits = splits_of(plan.cases, plan.splits)
    books = [
        EvalResults({c.id: judge(plan.task, c, ModelPrediction(output="class_a")) for c in cases})
        for cases in (splits.train, splits.validation)
    ]
    search = from_results(
        RunContext(plan, OfflineRuntime()), splits, train=books[0], validation=books[1]
    )
    search.fresh = set()
    again = search.to_refresh(search.patterns())
    assert len(again) == 256
    assert again == sorted(again, key=lambda case: case.id)


@pytest.mark.law
@pytest.mark.long
def test_two_equal_prompts_are_seldom_told_apart() -> None:
    """Both are right seven times in ten, each by its own luck: fewer than 1 in 20 looks proven."""
    chance = random.Random(9)
    truths = [LABELS[n % 4] for n in range(80)]
    proven = 0
    for trial in range(100):
        old, new = (
            book([(t, t if chance.random() < 0.7 else None) for t in truths]) for _ in range(2)
        )
        proven += verdict(TASK, old, new, TEST, seed=trial).kind is VerdictKind.PROVEN
    assert proven <= 5
