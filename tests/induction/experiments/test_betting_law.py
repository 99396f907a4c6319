"""The promise of an experiment, by simulation: however often one looks, at most 5 % false winners
and at most 5 % false rollbacks, over a thousand experiments each, while shares ramp and outcomes
come late; and what it finds where there is something to find."""

from dataclasses import dataclass

import numpy as np
import pytest
from induction.experiments import betting
from induction.experiments.betting import Floats

pytestmark = pytest.mark.law
EXPERIMENTS, LOOKS, BATCH, WINDOW = 1_000, 240, 100, 12
SHARES = (0.01, 0.1, 0.5)
STEP_AT = np.searchsorted([20, 60], np.arange(LOOKS), side="right")
"""Which share stands at each look: 2,000 units under 1 %, 4,000 under 10 %, the rest at a half."""
LIMIT = np.log(1 / 0.05)
MARGIN = 0.05


@dataclass(frozen=True)
class World:
    """Success rates, and how soon an outcome comes: the chance at each look that it does."""

    a: float
    b: float
    a_comes: float = 0.3
    b_comes: float = 0.3


def counted(world: World, *, window: int, seed: int) -> Floats:
    """Counts at each look, (experiments, looks, shares, 2, 2): of units whose window has closed,
    those without an outcome by then are failures."""
    chance = np.random.default_rng(seed)
    of_b = chance.binomial(BATCH, np.array(SHARES)[STEP_AT], size=(EXPERIMENTS, LOOKS))
    cells = np.zeros((EXPERIMENTS, LOOKS, len(SHARES), 2, 2))
    looks = np.arange(LOOKS)
    for arm, units in enumerate((BATCH - of_b, of_b)):
        rate = (world.a, world.b)[arm]
        comes = (world.a_comes, world.b_comes)[arm]
        good = chance.binomial(units, rate * (1 - (1 - comes) ** window))
        cells[:, looks, STEP_AT, arm, 1] = good
        cells[:, looks, STEP_AT, arm, 0] = units - good
    settled = np.zeros_like(cells)
    settled[:, window:] = cells[:, : LOOKS - window]
    return np.asarray(settled.cumsum(axis=1))


def ever(evidence: Floats) -> float:
    """The share of experiments in which it reaches the limit at any look."""
    return float((evidence.max(axis=1) >= LIMIT).mean())


@pytest.mark.parametrize("centre", [0.5, 0.7])
@pytest.mark.parametrize("rate", [0.2, 0.7, 0.97])
def test_equal_versions_win_and_are_rolled_back_in_at_most_one_experiment_of_twenty(
    rate: float, centre: float
) -> None:
    counts = counted(World(rate, rate), window=WINDOW, seed=int(rate * 100))
    winners = ever(betting.better(counts, SHARES, centre))
    rollbacks = ever(betting.worse(counts, SHARES, centre))
    print(f"rate {rate}, centre {centre}: winners {winners:.3f}, rollbacks {rollbacks:.3f}")
    assert winners <= 0.05
    assert rollbacks <= 0.05


def test_outcomes_that_come_later_for_one_version_decide_nothing_once_their_window_closed() -> None:
    world = World(0.7, 0.7, a_comes=0.9, b_comes=0.45)
    late = counted(world, window=WINDOW, seed=1)
    early = counted(world, window=1, seed=1)
    assert ever(betting.better(late, SHARES, 0.7)) <= 0.05
    assert ever(betting.worse(late, SHARES, 0.7)) <= 0.05
    # What a test would say that counts each unit as soon as it can.
    assert ever(betting.worse(early, SHARES, 0.7)) > 0.9


def test_a_loss_within_the_margin_of_a_guard_rolls_back_in_at_most_one_of_twenty() -> None:
    within = counted(World(0.8, 0.8 - MARGIN), window=WINDOW, seed=2)
    assert ever(betting.worse(within, SHARES, 0.8, margin=MARGIN)) <= 0.05
    beyond = counted(World(0.8, 0.6), window=WINDOW, seed=3)
    assert ever(betting.worse(beyond, SHARES, 0.8, margin=MARGIN)) > 0.9


def test_a_useful_effect_is_found() -> None:
    won = counted(World(0.7, 0.75), window=WINDOW, seed=4)
    lost = counted(World(0.7, 0.65), window=WINDOW, seed=5)
    power = ever(betting.better(won, SHARES, 0.7)), ever(betting.worse(lost, SHARES, 0.7))
    small = ever(betting.better(counted(World(0.7, 0.73), window=WINDOW, seed=6), SHARES, 0.7))
    print(f"power at +-0.05 of 0.70: {power}; at +0.03: {small:.3f}")
    assert min(power) > 0.9


def test_shares_that_are_kept_are_balanced_and_others_are_not() -> None:
    kept = counted(World(0.7, 0.7), window=WINDOW, seed=7)
    assert ever(betting.unbalanced(kept, SHARES)) <= 0.05
    # One of ten units that should get b is given a.
    moved = kept[:, :, :, 1] * 0.1
    kept[:, :, :, 1] -= moved
    kept[:, :, :, 0] += moved
    assert ever(betting.unbalanced(kept, SHARES)) > 0.9
