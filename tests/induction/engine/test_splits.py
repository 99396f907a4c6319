"""Which cases teach, choose and judge: the laws of a split."""

from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from induction.engine.data.groups import groups_of
from induction.engine.data.splits import assign, splits_of
from induction.task_kinds.base import Case
from nlu_shared.schemas.events import Split

from tests.induction.llm.toys import toy

WORDS = ["send", "stop", "my", "card", "the", "money", "please", "now", "order", "where"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


def case(number: int, text: str, group: int | None = None, label: str = "a") -> Case:
    return Case(UUID(int=number), text, label, f"group {number if group is None else group}", True)


def strata(cases: list[Case]) -> dict[UUID, str]:
    return {case.id: str(case.truth) for case in cases}


@st.composite
def data_sets(draw: st.DrawFn) -> list[Case]:
    rows = draw(
        st.lists(
            st.tuples(TEXTS, st.integers(0, 150), st.sampled_from("abc")), min_size=1, max_size=150
        )
    )
    return [case(number, text, group, label) for number, (text, group, label) in enumerate(rows)]


def distinct_cases(count: int) -> list[Case]:
    made = toy(7, 8).cases(-(-count // 8), 7)[:count]
    return [case(n, text, label=label) for n, (text, label) in enumerate(made)]


@settings(max_examples=60)
@given(data_sets(), st.integers(0, 5))
def test_every_case_has_one_part_and_groups_stay_whole(cases: list[Case], seed: int) -> None:
    splits = assign(cases, strata(cases), {}, seed)
    assert splits.keys() == {one.id for one in cases}
    for group in groups_of(cases):
        assert len({splits[one.id] for one in group}) == 1


@settings(max_examples=60)
@given(data_sets(), st.integers(0, 5), st.integers(0, 150))
def test_a_part_once_given_never_changes_and_the_test_takes_only_unseen_groups(
    cases: list[Case], seed: int, used: int
) -> None:
    known = assign(cases[:used], strata(cases[:used]), {}, seed)
    splits = assign(cases, strata(cases), known, seed + 1)
    assert known.items() <= splits.items()
    for group in groups_of(cases):
        seen = {known[one.id] for one in group if one.id in known}
        new = {splits[one.id] for one in group if one.id not in known}
        assert Split.TEST not in new or seen <= {Split.TEST}
        assert not seen or new <= seen


@settings(max_examples=30)
@given(data_sets(), st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(cases: list[Case], chance: object) -> None:
    other = list(cases)
    chance.shuffle(other)  # type: ignore[attr-defined]
    assert assign(cases, strata(cases), {}, 3) == assign(other, strata(other), {}, 3)


def test_sixty_twenty_twenty_from_a_hundred_cases_in_every_label() -> None:
    cases = distinct_cases(200)
    splits = assign(cases, strata(cases), {}, 0)
    assert Counter(splits.values()) == {
        Split.TRAIN: 120,
        Split.VALIDATION: 40,
        Split.TEST: 40,
    }
    for label in {one.truth for one in cases}:
        held = Counter(splits[one.id] for one in cases if one.truth == label)
        assert 14 <= held[Split.TRAIN] <= 16
        assert 4 <= held[Split.VALIDATION] <= 6


def test_below_a_hundred_cases_there_is_no_test_part_and_the_run_says_so() -> None:
    cases = distinct_cases(80)
    splits = splits_of(cases, assign(cases, strata(cases), {}, 0))
    assert splits.sizes == {"train": 64, "validation": 16, "test": 0}
    assert any("nothing can be proven" in line for line in splits.notes)


def test_below_twenty_groups_the_training_cases_choose_too_and_the_run_says_so() -> None:
    cases = distinct_cases(15)
    splits = splits_of(cases, assign(cases, strata(cases), {}, 0))
    assert splits.train == splits.validation
    assert splits.validation_is_train
    assert splits.sizes == {"train": 15, "validation": 0, "test": 0}
    assert len(splits.notes) == 2


def test_new_groups_make_up_for_a_test_part_that_did_not_exist() -> None:
    cases = distinct_cases(140)
    known = assign(cases[:90], strata(cases[:90]), {}, 0)
    splits = assign(cases, strata(cases), known, 0)
    assert Split.TEST not in known.values()
    assert 20 <= sum(split is Split.TEST for split in splits.values()) <= 35


def test_near_duplicates_and_namesakes_are_one_group() -> None:
    cases = [
        case(1, "Could you please send the new card to my home"),
        case(2, "could you please send the new card to my home!"),
        case(3, "Could you please send the new card to my house"),
        case(4, "What is the exchange rate today"),
        case(5, "A text like no other", group=4),
        case(6, "…"),
    ]
    groups = [[one.id.int for one in group] for group in groups_of(cases)]
    assert groups == [[1, 2, 3], [4, 5], [6]]
