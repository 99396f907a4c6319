"""How often verdicts are wrong, and how often they see what is there: 300 runs each."""

import asyncio
from collections.abc import Callable
from statistics import mean

from nlu_shared.schemas.verdicts import Verdict, VerdictKind

from tests.induction.engine.simulating import (
    World,
    judged_by,
    judged_in_stages,
    judged_where_they_differ,
    run_of_nothing,
)

RUNS = 300
UNEVEN = {"fixes": 0.1, "lapses": 1 / 7, "noise": 0.1}
"""Mends a tenth of the cases for good and lapses in a seventh of what it gets right: no gain."""


def run() -> None:
    """Raises where a promise of the issue is broken: 5 % at most, 80 % at least."""
    for noise in (0.0, 0.2):
        verdicts = [asyncio.run(run_of_nothing(noise=noise, seed=seed)) for seed in range(RUNS)]
        _tell(f"whole runs in which nothing changes, noise {noise}", verdicts, most=0.05)
    nothing = {
        "10% fixed, 10% broken, no noise": {"fixes": 0.1, "breaks": 0.1},
        "nothing fixed or broken, noise 0.2": {"noise": 0.2},
        "5% fixed, 5% broken, noise 0.2": {"fixes": 0.05, "breaks": 0.05, "noise": 0.2},
        "10% fixed, as much lost by wavering, noise 0.1": UNEVEN,
    }
    ten = {"fixes": 0.15, "breaks": 0.05}
    for what, change in nothing.items():
        _sides(what, change, most=0.05)
    _sides("10 points on 200 cases, no noise", ten, least=0.8)
    _sides("10 points on 200 cases, noise 0.2", ten | {"noise": 0.2}, least=0.7)


def _sides(what: str, change: dict[str, float], *, most: float = 1.0, least: float = 0.0) -> None:
    """The ways to spend calls side by side; the promises are about that which a run takes."""

    def measured(way: Callable[[World], tuple[Verdict, int]]) -> tuple[list[Verdict], float]:
        judged = [way(World(seed=seed, **change)) for seed in range(RUNS)]
        return [one for one, _ in judged], mean(calls for _, calls in judged)

    if "noise" in change:
        for repeats in (0, 2, 4):
            verdicts, _ = measured(lambda world, n=repeats: (judged_by(world, repeats=n), 0))
            _tell(f"{what}, {1 + repeats} answers each ({400 * (1 + repeats)} calls)", verdicts)
        verdicts, calls = measured(lambda world: judged_where_they_differ(world, repeats=3))
        _tell(f"{what}, again only where they differ ({calls:.0f} calls)", verdicts)
    verdicts, calls = measured(judged_in_stages)
    _tell(f"{what}, as a run does ({calls:.0f} calls)", verdicts, most=most, least=least)


def _tell(what: str, verdicts: list[Verdict], *, most: float = 1.0, least: float = 0.0) -> None:
    proven = sum(one.kind is VerdictKind.PROVEN for one in verdicts) / len(verdicts)
    print(f"{what}: proven in {proven:.1%} of {len(verdicts)}", flush=True)
    if not least <= proven <= most:
        raise RuntimeError("a verdict does not keep what it promises")


if __name__ == "__main__":
    run()
