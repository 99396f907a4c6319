"""`python -m benchmarks.optimisers`: every method on every seed and budget, in one run.

    DATA=folder-or-file LABEL=column SEEDS=8 BUDGETS=500,1000,2500 METHODS=ours,gepa
    LABELLED=200 HIDDEN=400 TOKENS=600,1200,3000,6000 CALLS=1000 VARIANTS=as MODEL=smollm2

METHODS are beginnings of names; without it all but the rungs of the ladder by themselves
("rung: …") and peers plugged into our engine ("plugged in: …"). VARIANTS are beginnings of names
too. TOKENS are sizes of the prompt, each tried with CALLS by the methods that can be held to one;
`-` for none. With MODEL=smollm2 the small language model answers, and the offline one proposes.

Without DATA the shipped data is used: ten intents, of our own making. The published figures are on
BANKING77, as a folder with train.csv and test.csv and LABEL=category.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from benchmarks.optimisers.data import HIDDEN, LABELLED, Pool, Round, drawn, pool
from benchmarks.optimisers.language_model import language_model
from benchmarks.optimisers.metered import Answering
from benchmarks.optimisers.methods import METHODS, PLAIN, PLUGGED, RUNGS, UNMEASURED, VARIANTS
from benchmarks.optimisers.report import tables
from benchmarks.optimisers.rounds import Result, played, played_within

TOKENS = "600,1200,3000,6000"


def main(environ: Mapping[str, str]) -> None:
    path = environ.get("DATA")
    source = pool(
        Path(path) if path else None,
        text=environ.get("TEXT") or "text",
        label=environ.get("LABEL") or "label",
    )
    is_real = environ.get("MODEL") == "smollm2"
    threads = int(environ.get("THREADS") or 1)
    results: list[Result] = []
    with language_model(threads) if is_real else nullcontext() as answering:
        for result in _results(environ, source, answering):
            results.append(result)
            print(result.line, flush=True)
    print(tables(results, UNMEASURED, is_real=is_real))


def _results(
    environ: Mapping[str, str], source: Pool, answering: Answering | None
) -> Iterator[Result]:
    seeds = range(int(environ.get("SEEDS") or 8))
    draw = partial(
        drawn,
        source,
        labelled=int(environ.get("LABELLED") or LABELLED),
        hidden=int(environ.get("HIDDEN") or HIDDEN),
    )
    print(f"{source.name}, {len(seeds)} seeds; a line per run, the tables at the end", flush=True)
    chosen = _chosen(environ.get("METHODS"))
    budgets = _numbers(environ.get("BUDGETS") or "500,1000,2500")
    bounds = _numbers(environ.get("TOKENS") or TOKENS)
    for seed in seeds:
        round: Round = draw(seed=seed)
        calls = int(environ.get("CALLS") or 1000)
        yield from played_within(round, bounds, calls, chosen, answering)
    begins = tuple((environ.get("VARIANTS") or "").split(","))
    for variant in [one for one in VARIANTS if one.name.startswith(begins)]:
        if answering is not None and variant is not PLAIN:
            continue  # these are of the offline model
        for seed in seeds:
            round = draw(seed=seed, wrong=variant.wrong)
            yield from played(round, variant, budgets, chosen, answering)


def _chosen(begins: str | None) -> Sequence[str]:
    if begins:
        return [name for name in METHODS if name.startswith(tuple(begins.split(",")))]
    return [name for name in METHODS if name not in PLUGGED and name not in RUNGS]


def _numbers(listed: str) -> list[int]:
    return [] if listed == "-" else [int(one) for one in listed.split(",")]


if __name__ == "__main__":
    main(os.environ)
