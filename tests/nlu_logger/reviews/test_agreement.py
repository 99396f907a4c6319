"""Whether two reviewers agree beyond chance."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlu_logger.reviews.agreement import FEWEST, by_pair, kappa
from sklearn.metrics import cohen_kappa_score

from tests.nlu_logger.reviews.test_claims import REVIEWER
from tests.nlu_logger.world import World


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], None),
        ([("a", "a")] * 9, None),
        ([("a", "a"), ("b", "b")], 1.0),
        ([("a", "b"), ("b", "a")], -1.0),
        ([("a", "a"), ("a", "b")], 0.0),
        (
            [("yes", "yes")] * 20
            + [("yes", "no")] * 5
            + [("no", "yes")] * 10
            + [("no", "no")] * 15,
            0.4,
        ),
    ],
)
def test_kappa_is_agreement_beyond_chance(
    pairs: list[tuple[str, str]], expected: float | None
) -> None:
    assert kappa(pairs) == (expected if expected is None else pytest.approx(expected))


LABELS = st.sampled_from("abc")


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=60))
def test_kappa_is_what_scikit_learn_says(pairs: list[tuple[str, str]]) -> None:
    agreement = kappa(pairs)
    if agreement is not None:
        ones, others = zip(*pairs, strict=True)
        assert agreement == pytest.approx(cohen_kappa_score(ones, others))


def test_what_is_too_little_to_know_is_called_unknown() -> None:
    few, same = [("x", "y", "a", "b")] * (FEWEST - 1), [("x", "z", "a", "a")] * FEWEST
    pairs = [(one.reviewers, one.n, one.unknown) for one in by_pair(few + same)]
    assert pairs == [(("x", "y"), FEWEST - 1, "too_few"), (("x", "z"), FEWEST, "one_label")]


async def say(who: httpx2.AsyncClient, log_id: str, intent: str | None) -> None:
    path = f"/v1/predictions/{log_id}"
    answer = (
        await who.post(f"{path}/corrections", json={"corrected_intent": intent})
        if intent
        else await who.post(f"{path}/confirm", json={})
    )
    assert answer.status_code == 201, answer.text


async def test_agreement_is_told_for_each_two_who_coded_the_same(world: World, task: str) -> None:
    """A confirmation says the predicted label; of two words of one reviewer the last counts."""
    logged = [await world.log(task=task, prompt=f"say {n}") for n in range(12)]
    async with await world.key(*REVIEWER) as one, await world.key(*REVIEWER) as two:
        for number, log_id in enumerate(logged):
            await say(one, log_id, None if number < 6 else "leave")
            await say(two, log_id, "greet" if number < 7 else "leave")
        await say(one, logged[0], "leave")
        answer = await one.get("/v1/reviews/agreement", params={"task": task})
        later = {"task": task, "from": "2999-01-01T00:00:00Z"}
        assert (await one.get("/v1/reviews/agreement", params=later)).json() == {"pairs": []}
    (pair,) = answer.json()["pairs"]
    assert (pair["n"], pair["observed"]) == (12, pytest.approx(10 / 12))
    ones = ["leave", *["greet"] * 5, *["leave"] * 6]
    twos = [*["greet"] * 7, *["leave"] * 5]
    assert pair["kappa"] == pytest.approx(cohen_kappa_score(ones, twos))
    async with await world.key(*REVIEWER, tasks=["another"]) as limited:
        assert (await limited.get("/v1/reviews/agreement")).json() == {"pairs": []}
