"""What is compared, and under what. Peers that are not installed are named as not measured.

Each peer stands twice where it has a setting that this kind of data calls for: as it comes, and
with that setting raised (more demonstrations, a larger reflective minibatch). And each is run once
more as a search of our engine, where that is asked for by name.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from induction.engine.proposal import selection
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.verdicts import Verdict

from benchmarks.optimisers import ours, plain
from benchmarks.optimisers.data import Problem, Round, divided, most_shown
from benchmarks.optimisers.metered import MeteredModel, Models
from benchmarks.optimisers.plugged import plugged

RUNG = "rung: "
OURS, UNTESTED, ALL_SHOWN = "ours", "ours without a test split", "every training case shown"
RETRIEVING = ("ours with retrieval", "ours with retrieval, without a test split")
PLUGGED_IN = "plugged in: "
RAISED_MINIBATCH, ALL_DEMOS = 20, 1_000
Outcome = tuple[PromptContent, Verdict | None]
Run = Callable[[Round, MeteredModel], Outcome]
Improved = Callable[[Problem, Models], PromptContent]


@dataclass(frozen=True, slots=True)
class Variant:
    """What is made difficult: the model wavers, labels are wrong, the proposer is of no use."""

    name: str
    noise: float = 0.0
    wrong: float = 0.0
    useless: float = 0.0


PLAIN = Variant("as it is")
VARIANTS = (
    PLAIN,
    Variant("noise 0.2", noise=0.2),
    Variant("10 % wrong labels", wrong=0.1),
    Variant("a proposer useless half of the time", useless=0.5),
)


def _ours(round: Round, metered: MeteredModel, *, retrieval: bool = False) -> Outcome:
    run = ours.improved(round, metered, retrieval=retrieval)
    return run.best, run.verdict


def _untested(round: Round, metered: MeteredModel, *, retrieval: bool = False) -> Outcome:
    run = ours.untested(round, metered, retrieval=retrieval)
    return run.best, run.verdict


def _baseline(round: Round, _: MeteredModel) -> Outcome:
    return round.task.baseline(), None


def _all_shown(round: Round, _: MeteredModel) -> Outcome:
    """No search and no call: of the 80 % that the peers learn from as many as fit, in an order
    drawn by the seed."""
    problem = divided(round)
    shown = tuple(map(round.task.example, problem.train[: most_shown(problem)]))
    return round.task.baseline().model_copy(update={"examples": shown}), None


def _rung(per_stratum: int, draw: int) -> Run:
    """So many examples of each intent, as the ladder draws them of the 80 % the peers learn from.
    No search and no call."""

    def run(round: Round, _: MeteredModel) -> Outcome:
        task = round.task
        strata = selection.ranked(task, divided(round).train, seed=round.seed, draw=draw)
        shown = map(task.example, selection.in_turn(strata, per_stratum))
        return task.baseline().model_copy(update={"examples": tuple(shown)}), None

    return run


def _unjudged(search: Improved) -> Run:
    return lambda round, metered: (search(divided(round), metered), None)


def _plugged(search: Improved) -> Run:
    """As a search of our engine."""

    def run(round: Round, metered: MeteredModel) -> Outcome:
        run = ours.untested(round, metered, plugged(search))
        return run.best, run.verdict

    return run


METHODS: dict[str, Run] = {
    "baseline": _baseline,
    ALL_SHOWN: _all_shown,
    OURS: _ours,
    UNTESTED: _untested,
    RETRIEVING[0]: partial(_ours, retrieval=True),
    RETRIEVING[1]: partial(_untested, retrieval=True),
}
RUNGS = {
    f"{RUNG}{count} of each intent, draw {draw}": _rung(count, draw)
    for count, draws in ((1, 4), (3, 2))
    for draw in range(1, draws + 1)
}
METHODS |= RUNGS
SEARCHES: dict[str, Improved] = {"plain loop": plain.improved}
CACHED = {OURS, UNTESTED, *RETRIEVING}
RAISED: set[str] = set()
BOUNDED = {ALL_SHOWN, OURS, UNTESTED, *RETRIEVING}
"""Can be held to a size of the prompt; the others come as they come."""
UNMEASURED = [name for name in ("gepa", "dspy") if importlib.util.find_spec(name) is None]

if "gepa" not in UNMEASURED:
    from benchmarks.optimisers import gepa_peer

    for size in (3, RAISED_MINIBATCH):
        SEARCHES[f"gepa, minibatch {size}"] = partial(gepa_peer.improved, minibatch=size)
    RAISED.add(f"gepa, minibatch {RAISED_MINIBATCH}")

if "dspy" not in UNMEASURED:
    from benchmarks.optimisers.dspy_gepa import reflective
    from benchmarks.optimisers.dspy_peers import improved, mipro, random_search

    COMPILED = {
        "dspy random search, 16 demos": partial(random_search, demos=16),
        "dspy random search, all as demos": partial(random_search, demos=ALL_DEMOS),
        "dspy MIPROv2 (demos only), 4 demos": partial(mipro, demos=4),
        "dspy MIPROv2 (demos only), 16 demos": partial(mipro, demos=16),
        "dspy GEPA, minibatch 3": partial(reflective, minibatch=3),
        f"dspy GEPA, minibatch {RAISED_MINIBATCH}": partial(reflective, minibatch=RAISED_MINIBATCH),
    }
    SEARCHES |= {name: partial(improved, compiled=one) for name, one in COMPILED.items()}
    CACHED |= COMPILED.keys()
    BOUNDED |= {name for name in COMPILED if "demos" in name}
    RAISED |= {name for number, name in enumerate(COMPILED) if number % 2}

PEERS = SEARCHES.keys()
METHODS |= {name: _unjudged(search) for name, search in SEARCHES.items()}
PLUGGED = {f"{PLUGGED_IN}{name}": _plugged(search) for name, search in SEARCHES.items()}
METHODS |= PLUGGED
CACHED |= PLUGGED.keys()
