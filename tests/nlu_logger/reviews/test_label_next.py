"""What to label next: the policy by tables and laws, and the queue by HTTP."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.reviews.priority import Candidate, next_to_label, uncertainty
from nlu_shared.schemas.queues import Score

from tests.nlu_logger.reviews.test_claims import claim, peek
from tests.nlu_logger.world import World


def candidate(
    number: int, text: str, *, intent: str = "a", confidence: float = 0.5, runner_up: float = 0.0
) -> Candidate:
    return Candidate(UUID(int=number), "t", text, intent, confidence, runner_up)


def order(candidates: list[Candidate], seen: dict[str, int], limit: int = 10) -> list[int]:
    counted = {("t", intent): count for intent, count in seen.items()}
    return [one.int for one, _ in next_to_label(candidates, counted, limit)]


@pytest.mark.parametrize(
    ("confidence", "runner_up", "expected"),
    [(1.0, 0.0, 0.0), (0.5, 0.5, 1.0), (0.5, 0.0, 0.5), (None, 0.0, 1.0), (0.4, 0.6, 1.0)],
)
def test_uncertainty_is_what_the_margin_leaves(
    confidence: float | None, runner_up: float, expected: float
) -> None:
    assert uncertainty(confidence, runner_up) == pytest.approx(expected)


def test_the_less_certain_comes_first() -> None:
    sure, unsure = candidate(1, "one", confidence=0.6), candidate(2, "two", confidence=0.2)
    assert order([sure, unsure], {"a": 1}) == [2, 1]


def test_the_frequent_intent_and_the_frequent_words_come_first() -> None:
    rare, often = candidate(1, "one", intent="rare"), candidate(2, "two", intent="often")
    assert order([rare, often], {"rare": 1, "often": 50}) == [2, 1]
    once, twice = candidate(3, "three"), [candidate(4, "Four!"), candidate(5, "four")]
    assert order([once, *twice], {"a": 1}) == [4, 3]


def test_variants_of_one_text_do_not_fill_the_list() -> None:
    variants = [candidate(n, f"move my lunch with ann {n}", confidence=0.1) for n in range(1, 11)]
    other = candidate(99, "cancel everything", confidence=0.4)
    assert order([*variants, other], {"a": 1}, limit=2) == [1, 99]


def test_what_somebody_holds_is_not_given_to_the_next_in_other_words() -> None:
    candidates = [
        candidate(1, "move lunch", confidence=0.1),
        candidate(2, "Move lunch!", confidence=0.1),
        candidate(3, "move lunch now", confidence=0.1),
        candidate(4, "cancel it", confidence=0.5),
    ]
    chosen = next_to_label(candidates, {}, 10, listed={UUID(int=1)})
    assert [one.int for one, _ in chosen] == [4, 3]


TEXTS = st.lists(st.sampled_from(["lunch", "move", "ann", "now", "cancel", "why"]), max_size=4)


@given(
    st.lists(st.tuples(TEXTS, st.floats(0, 1), st.floats(0, 1)), max_size=25),
    st.integers(1, 30),
)
def test_the_lazy_list_is_the_greedy_one(
    drawn: list[tuple[list[str], float, float]], limit: int
) -> None:
    """Every step takes the best of what is left, as if all were scored again."""
    candidates = [
        candidate(n + 1, " ".join(words), confidence=sure, runner_up=second)
        for n, (words, sure, second) in enumerate(drawn)
    ]
    chosen = next_to_label(candidates, {("t", "a"): 3}, limit)
    scores = [why.score for _, why in chosen]
    assert all(first >= second for first, second in pairwise(scores))
    assert len(chosen) == min(limit, len({frozenset(words) for words, *_ in drawn}))
    longer = next_to_label(candidates, {("t", "a"): 3}, limit + 1)
    assert longer[: len(chosen)] == chosen


async def test_the_queue_tells_why_it_put_an_item_where_it_is(world: World, task: str) -> None:
    for number in range(5):
        await world.log(task=task, prompt=f"please move my lunch {number}", confidence=0.2)
    close = await world.log(
        task=task,
        prompt="cancel it",
        confidence=0.5,
        secondary_intents=[{"intent": "x", "confidence": 0.4}],
    )
    await world.log(task=task, prompt="sure", confidence=0.9)
    items = await peek(world.admin, task, "label-next")
    assert len(items) == 6
    assert items[0]["id"] == close
    why = Score.model_validate(items[1]["why"])
    assert why.score == pytest.approx(why.uncertainty * why.traffic * why.diversity)
    assert items[2]["why"]["diversity"] < 0.5
    taken = await claim(world.admin, task, "label-next", limit=2)
    assert [item["id"] for item in taken] == [item["id"] for item in items[:2]]
    (farthest, *rest) = await claim(world.admin, task, "label-next", limit=100)
    assert len(rest) == 3
    assert farthest["why"]["diversity"] < 0.5
