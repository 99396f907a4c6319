"""What is done by the clock outlives what is away, and nothing else."""

import pytest
from nlu_shared.kit.clock import by_clock
from nlu_shared.kit.errors import Unavailable


class Broken(Exception):
    pass


async def test_the_clock_outlives_a_neighbour_that_is_away_and_ends_where_the_act_is_broken() -> (
    None
):
    meets: list[Exception | None] = [Unavailable(), None, Unavailable(), Broken()]

    async def act() -> None:
        if (failure := meets.pop(0)) is not None:
            raise failure

    with pytest.raises(Broken):
        await by_clock(act, seconds=0, what="looks")
    assert meets == []
