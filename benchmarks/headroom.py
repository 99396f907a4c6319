"""How well the chance of "proven" that a headroom run tells keeps to what an improve run then does,
on simulated tasks that differ in size, noise and what there is to gain."""

import asyncio
import os
from itertools import product

from nlu_shared.schemas.headroom import Headroom

from tests.induction.engine.foretelling import drawn, foretold, is_proven

TASKS = 80
BANDS = 4


def run() -> None:
    """AUC, Brier score and shares by band; raises where the chance tells nothing."""
    tasks = range(int(os.environ.get("TASKS") or TASKS))
    results = [asyncio.run(_one(seed)) for seed in tasks]
    chances, proven = [one.chance for one, _ in results], [ended for _, ended in results]
    base = sum(proven) / len(proven)
    score, skill = brier(chances, proven), brier([base] * len(proven), proven)
    print(f"{len(results)} tasks, {base:.0%} proven; AUC {auc(chances, proven):.3f}")
    print(f"Brier {score:.3f}, {skill:.3f} by always telling {base:.2f}")
    for band in range(BANDS):
        own = [at for at, one in enumerate(chances) if min(BANDS - 1, int(one * BANDS)) == band]
        if own:
            mean, was = (sum(values[at] for at in own) / len(own) for values in (chances, proven))
            print(f"{len(own)} tasks from {band / BANDS:.2f}: chance {mean:.2f}, proven {was:.2f}")
    calls = sum(one.calls for one, _ in results) / len(results)
    print(f"{calls:.0f} calls each")
    if auc(chances, proven) < 0.8 or score >= skill:
        raise RuntimeError("the chance of 'proven' tells too little")


def auc(chances: list[float], proven: list[bool]) -> float:
    """How often a task that was proven had the higher chance of two; half for equal ones."""
    pairs = product(
        [one for one, ended in zip(chances, proven, strict=True) if ended],
        [one for one, ended in zip(chances, proven, strict=True) if not ended],
    )
    won = [(high > low) + (high == low) / 2 for high, low in pairs]
    return sum(won) / len(won)


def brier(chances: list[float], proven: list[bool]) -> float:
    """The mean squared distance of the chance from what happened (Brier, Monthly Weather Review 78
    (1950) 1-3)."""
    return sum((one - ended) ** 2 for one, ended in zip(chances, proven, strict=True)) / len(proven)


async def _one(seed: int) -> tuple[Headroom, bool]:
    nature = drawn(seed)
    return await foretold(nature), await is_proven(nature)


if __name__ == "__main__":
    run()
