"""`python -m benchmarks.optimisers`: every method on every seed and budget, in one run.

    DATA=folder-or-file LABEL=column SEEDS=8 BUDGETS=500,1000,2500 METHODS=ours,gepa
    TOKENS=300,600,1200,3000 VARIANTS=as

TOKENS are sizes of the prompt, each tried with CALLS=1000 by the methods that can be held to one.
VARIANTS are beginnings of names too; without it all.

METHODS are beginnings of names; without it all but those of peers plugged into our engine
("plugged in: …").

Without DATA the shipped data is used: ten intents, of our own making. The published figures are on
BANKING77, as a folder with train.csv and test.csv and LABEL=category.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.optimisers.data import drawn, pool
from benchmarks.optimisers.methods import METHODS, PLUGGED, UNMEASURED, VARIANTS
from benchmarks.optimisers.report import tables
from benchmarks.optimisers.rounds import Result, played, played_within


def main(environ: Mapping[str, str]) -> None:
    path = environ.get("DATA")
    source = pool(
        Path(path) if path else None,
        text=environ.get("TEXT") or "text",
        label=environ.get("LABEL") or "label",
    )
    seeds = range(int(environ.get("SEEDS") or 8))
    budgets = [int(one) for one in (environ.get("BUDGETS") or "500,1000,2500").split(",")]
    chosen = [name for name in METHODS if name not in PLUGGED]
    if begins := environ.get("METHODS"):
        chosen = [name for name in METHODS if name.startswith(tuple(begins.split(",")))]
    print(f"{source.name}, {len(seeds)} seeds; a line per run, the tables at the end", flush=True)
    results: list[Result] = []
    bounds = [int(one) for one in (environ.get("TOKENS") or "300,600,1200,3000").split(",")]
    for seed in seeds:
        given = drawn(source, seed=seed)
        for result in played_within(given, bounds, int(environ.get("CALLS") or 1000), chosen):
            results.append(result)
            print(result.line, flush=True)
    begins_with = tuple((environ.get("VARIANTS") or "").split(","))
    for variant in [one for one in VARIANTS if one.name.startswith(begins_with)]:
        for seed in seeds:
            given = drawn(source, seed=seed, wrong=variant.wrong)
            for result in played(given, variant, budgets, chosen):
                results.append(result)
                print(result.line, flush=True)
    print(tables(results, UNMEASURED))


if __name__ == "__main__":
    main(os.environ)
