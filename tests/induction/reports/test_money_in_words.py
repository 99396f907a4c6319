"""What is told beside the dollars of a run: what was booked for nothing, or the list price."""

import pytest
from induction.sentences import besides
from nlu_shared.schemas.spending import Spend


@pytest.mark.parametrize(
    ("usd", "notional", "words"),
    [
        (0.0, 0.0, ""),
        (0.0, 0.4752, " (list price 0.4752 dollars)"),
        (0.25, 0.25, ""),
        (
            0.6998,
            0.0001,
            ", of them 0.6997 booked for attempts without an answer, which may be billed",
        ),
    ],
    ids=["nothing", "not paid", "paid", "booked for nothing that came"],
)
def test_what_was_booked_for_nothing_that_came_is_told_apart(
    usd: float, notional: float, words: str
) -> None:
    assert besides(Spend(usd=usd, notional_usd=notional)) == words
