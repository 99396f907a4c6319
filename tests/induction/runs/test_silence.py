"""When a run's row explains a wait, as a table."""

import pytest
from induction.runs.driving.silence import Silence

OVERLOADED = "m of s: status 529: overloaded"
FLYING = (
    "No answer for more than 30 seconds: calls are on their way, or wait for a slot of their"
    " provider."
)


@pytest.mark.parametrize(
    ("standing", "now", "reached", "computing", "trouble", "says"),
    [
        (None, 29, 5, 0, OVERLOADED, None),
        (None, 30, 5, 0, OVERLOADED, f"No answer for more than 30 seconds: {OVERLOADED}."),
        (None, 30, 5, 0, None, FLYING),
        (FLYING, 31, 6, 0, None, None),
        (None, 1_000, 6, 0, OVERLOADED, None),
        (None, 1_000, 5, 29, None, None),
        (None, 1_000, 5, 30, None, "It computes, for more than 30 seconds."),
        ("The provider does not answer.", 3, 5, 0, None, "The provider does not answer."),
        ("The provider does not answer.", 3, 6, 0, None, None),
    ],
)
def test_a_wait_is_explained_until_something_comes(
    standing: str | None,
    now: float,
    reached: int,
    computing: float,
    trouble: str | None,
    says: str | None,
) -> None:
    silence = Silence(seconds=30, since=0, reached=5)
    given = {"now": now, "reached": reached, "computing": computing, "trouble": trouble}
    assert silence.explained(standing, **given) == says  # type: ignore[arg-type]


def test_the_time_begins_anew_with_each_answer() -> None:
    silence = Silence(seconds=30, since=0, reached=5)
    for now, reached, says in [(20, 6, None), (49, 6, None), (50, 6, FLYING)]:
        given = {"now": now, "reached": reached, "computing": 0, "trouble": None}
        assert silence.explained(None, **given) == says  # type: ignore[arg-type]
