"""Why a case is missed: a table of causes, and laws that hold for every mixture of misses."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.evaluation.results import CaseResult, EvalResults, judge
from induction.engine.verdict.attribution import (
    Known,
    MissedCase,
    attributed,
    cause_of,
    known,
    sentence,
)
from induction.task_kinds.base import Case, ModelPrediction
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.verdicts import Cause

TASK = IntentTask([LabelSpec(name=name) for name in ("pay", "eat", "go")])
FAULT = ModelPrediction(fault="not JSON")


def predict(label: str, confidence: float | None = None) -> ModelPrediction:
    return ModelPrediction(output=label, confidence=confidence)


EAT = predict("eat")


def case(number: int, truth: str, text: str = "") -> Case:
    return Case(UUID(int=number), text or f"text {number}", truth, f"group {number}", True)


def entry(number: int, truth: str, prediction: ModelPrediction) -> CaseResult:
    return judge(TASK, case(number, truth), prediction)


def book(*others: CaseResult) -> EvalResults:
    """Each label known well, with a confidence of 0.6, and the entries on top."""
    right = [entry(100 + n, truth, predict(truth, 0.6)) for n, truth in enumerate(TASK.names * 4)]
    return EvalResults({one.case.id: one for one in [*right, *others]})


def miss(
    prediction: ModelPrediction = EAT,
    *,
    repeats: str = "eat eat",
    versions: str = "eat eat",
    duplicates: str = "",
) -> MissedCase:
    return MissedCase(
        result=entry(1, "pay", prediction),
        repeats=tuple(predict(label) for label in repeats.split()),
        versions=tuple(predict(label) for label in versions.split()),
        duplicates=tuple(case(50 + n, truth) for n, truth in enumerate(duplicates.split())),
    )


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (miss(), Cause.LABEL),
        (miss(FAULT, repeats="", versions=""), Cause.SCHEMA),
        (miss(repeats="eat pay"), Cause.NOISE),
        (miss(repeats="go go"), Cause.NOISE),
        (miss(repeats=""), Cause.PROMPT),
        (miss(versions="eat"), Cause.PROMPT),
        (miss(versions="eat go"), Cause.PROMPT),
        (miss(versions="eat eat go"), Cause.LABEL),
        (miss(versions="eat eat go go"), Cause.PROMPT),
        (miss(versions="eat", duplicates="eat"), Cause.LABEL),
        (miss(versions="", duplicates="eat"), Cause.PROMPT),
        (miss(duplicates="pay"), Cause.PROMPT),
        (miss(duplicates="pay eat"), Cause.LABEL),
        (miss(predict("eat", 0.9)), Cause.LABEL),
        (miss(predict("eat", 0.3)), Cause.PROMPT),
    ],
)
def test_each_cause_shows_in_what_only_it_can_show(one: MissedCase, cause: Cause) -> None:
    assert cause_of(TASK, one, known(TASK, book(one.result))) is cause


def test_a_mistake_made_again_and_again_is_the_prompts() -> None:
    one = miss()
    twice = book(one.result, entry(2, "pay", predict("eat")))
    thrice = book(one.result, *(entry(n, "pay", predict("eat")) for n in (2, 3)))
    assert cause_of(TASK, one, known(TASK, twice)) is Cause.LABEL
    assert cause_of(TASK, one, known(TASK, thrice)) is Cause.PROMPT


def test_nothing_speaks_against_a_label_that_is_mostly_missed() -> None:
    one = miss()
    lost = [entry(10 + n, "eat", predict("go")) for n in range(9)]
    assert cause_of(TASK, one, known(TASK, book(one.result, *lost))) is Cause.PROMPT


def family(**event: object) -> dict[str, object]:
    people = [{"id": -1, "name": "Robert", "gender": "male"}]
    return {
        "people": people,
        "events": [{"id": -2, "kind": "death", "person": -1, **event}],
        "pair_bonds": [],
    }


def renamed(name: str, gender: str) -> dict[str, object]:
    one = family(dateTime="1980-05-01", dateCertainty="certain")
    return one | {"people": [{"id": -1, "name": name, "gender": gender}]}


TRUTH = family(dateTime="1980-05-01", dateCertainty="certain")


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (TRUTH, None),
        (family(dateTime="1980-06-01", dateCertainty="certain"), "date"),
        (family(dateTime="1995-06-01", dateCertainty="certain"), None),
        (renamed("Bob", "male"), "name"),
        (renamed("Robert", "female"), "gender"),
        (renamed("Bob", "female"), None),
        (renamed("Xavier", "male"), None),
        (family(kind="moved", dateTime="1980-05-01", dateCertainty="certain"), None),
    ],
)
def test_the_ruler_is_to_blame_where_one_relaxed_rule_would_do(
    answer: dict[str, object], rule: str | None
) -> None:
    task = ExtractionTask()
    prediction = ModelPrediction(output=answer)
    assert task.nearly(TRUTH, prediction) == rule
    if rule is not None:
        one = judge(task, replace(case(1, ""), truth=TRUTH), prediction)
        missed = MissedCase(one, (prediction, prediction), (prediction, prediction))
        nothing = Known(alike={}, trusted=frozenset(), sure={})
        assert cause_of(task, missed, nothing) is Cause.SCORER


def test_a_doubted_extraction_is_told_without_a_word_of_its_text() -> None:
    task = ExtractionTask()
    nobody = {"people": [], "events": [], "pair_bonds": []}
    missed = judge(task, replace(case(1, ""), truth=TRUTH), ModelPrediction(output=nobody))
    others = {
        UUID(int=n): judge(task, replace(case(n, ""), truth=TRUTH), ModelPrediction(output=TRUTH))
        for n in range(3, 6)
    }
    about = known(task, EvalResults({missed.case.id: missed, **others}))
    again = (missed.prediction, missed.prediction)
    attribution = attributed(task, [MissedCase(missed, repeats=again, versions=again)], about)
    (one,) = attribution.labels
    assert one.predicted is None
    assert one.differs
    assert "Robert" not in attribution.model_dump_json()


LABELS = st.sampled_from(TASK.names)
ANSWERS = st.one_of(st.just(FAULT), st.builds(predict, LABELS, st.sampled_from([None, 0.2, 0.9])))
FEW = st.lists(ANSWERS, max_size=4).map(tuple)


@st.composite
def mixtures(draw: st.DrawFn) -> list[MissedCase]:
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        one = entry(number, draw(LABELS), draw(ANSWERS))
        if not one.right:
            near = tuple(
                case(1000 * number + n, truth)
                for n, truth in enumerate(draw(st.lists(LABELS, max_size=3)))
            )
            made.append(MissedCase(one, draw(FEW), draw(FEW), near))
    return made


@given(mixtures(), st.randoms())
def test_every_miss_has_exactly_one_cause_whatever_the_order(
    misses: list[MissedCase], chance
) -> None:  # type: ignore[no-untyped-def]
    about = known(TASK, book(*(one.result for one in misses)))
    attribution = attributed(TASK, misses, about)
    ids = [id for cause in attribution.case_ids.values() for id in cause]
    assert sorted(ids) == sorted(one.result.case.id for one in misses)
    assert sum(attribution.counts.values()) == attribution.total == len(misses)
    assert {one.case_id for one in attribution.labels} == set(attribution.case_ids[Cause.LABEL])
    mixed = [
        replace(
            one,
            repeats=tuple(chance.sample(one.repeats, len(one.repeats))),
            versions=tuple(chance.sample(one.versions, len(one.versions))),
            duplicates=one.duplicates[::-1],
        )
        for one in chance.sample(misses, len(misses))
    ]
    again = attributed(TASK, mixed, about)
    assert again.counts == attribution.counts
    assert {c: set(ids) for c, ids in again.case_ids.items()} == {
        c: set(ids) for c, ids in attribution.case_ids.items()
    }


@given(mixtures())
def test_without_repeats_no_label_is_doubted(misses: list[MissedCase]) -> None:
    blind = [replace(one, repeats=()) for one in misses]
    attribution = attributed(TASK, blind, known(TASK, book(*(one.result for one in blind))))
    assert not attribution.labels
    assert attribution.counts[Cause.NOISE] == 0


@pytest.mark.parametrize(
    ("counts", "unexamined", "says"),
    [
        ({}, 0, "No training case is missed."),
        ({Cause.PROMPT: 3}, 0, "All 3 misses are the prompt's."),
        (
            {Cause.PROMPT: 6, Cause.LABEL: 10, Cause.NOISE: 4},
            0,
            "This is not a prompt problem: 14 of 20 misses,"
            " 10 with a doubtful label, 4 where the model wavers.",
        ),
        (
            {Cause.PROMPT: 5, Cause.SCHEMA: 5},
            2,
            "5 of 10 examined misses are not the prompt's: 5 without a valid answer."
            " 2 more were not examined.",
        ),
        (
            {Cause.PROMPT: 23},
            119,
            "All 23 examined misses are the prompt's. 119 more were not examined.",
        ),
        (
            {Cause.PROMPT: 1, Cause.NOISE: 7},
            134,
            "7 of 8 examined misses are not the prompt's: 7 where the model wavers."
            " 134 more were not examined.",
        ),
        ({}, 4, "4 misses could not be looked into."),
        ({Cause.PROMPT: 1}, 0, "The one miss is the prompt's."),
        (
            {Cause.PROMPT: 1, Cause.NOISE: 1},
            1,
            "1 of 2 examined misses is not the prompt's: 1 where the model wavers."
            " 1 more was not examined.",
        ),
    ],
)
def test_the_run_says_when_it_is_not_a_prompt_problem(
    counts: dict[Cause, int], unexamined: int, says: str
) -> None:
    assert sentence(counts, unexamined=unexamined) == says


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({}, "None of the training cases asked is missed. 39 training cases were not asked."),
        ({Cause.PROMPT: 2}, "All 2 misses are the prompt's. 39 training cases were not asked."),
    ],
)
def test_of_cases_that_were_not_asked_nothing_is_claimed(
    counts: dict[Cause, int], says: str
) -> None:
    assert sentence(counts, unknown=39) == says
