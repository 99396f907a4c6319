"""What is compared, and under what. Peers that are not installed are named as not measured.

Each peer stands twice where it has a setting that this kind of data calls for: as it comes, and
with that setting raised (more demonstrations, a larger reflective minibatch).
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import Verdict

from benchmarks.optimisers import ours, plain
from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import MeteredModel
from benchmarks.optimisers.proposing import divided

OURS, UNTESTED, ALL_SHOWN = "ours", "ours without a test split", "every training case shown"
RAISED_MINIBATCH, ALL_DEMOS = 20, 1_000
Outcome = tuple[PromptContent, Verdict | None]
Run = Callable[[Round, MeteredModel], Outcome]


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


def _ours(given: Round, model: MeteredModel) -> Outcome:
    run = ours.improved(given, model)
    return run.best, run.verdict


def _untested(given: Round, model: MeteredModel) -> Outcome:
    run = ours.untested(given, model)
    return run.best, run.verdict


def _baseline(given: Round, _: MeteredModel) -> Outcome:
    return given.task.baseline(), None


def _all_shown(given: Round, _: MeteredModel) -> Outcome:
    """No search and no call: the 80 % that the peers learn from, all in the prompt."""
    shown = tuple(map(given.task.example, divided(given)[0]))
    return given.task.baseline().model_copy(update={"examples": shown}), None


def _unjudged(improve: Callable[[Round, MeteredModel], PromptContent]) -> Run:
    return lambda given, model: (improve(given, model), None)


METHODS: dict[str, Run] = {
    "baseline": _baseline,
    ALL_SHOWN: _all_shown,
    OURS: _ours,
    UNTESTED: _untested,
    "plain loop": _unjudged(plain.improved),
}
CACHED = {OURS, UNTESTED}
RAISED: set[str] = set()
UNMEASURED = [name for name in ("gepa", "dspy") if importlib.util.find_spec(name) is None]

if "gepa" not in UNMEASURED:
    from benchmarks.optimisers import gepa_peer

    for size in (3, RAISED_MINIBATCH):
        METHODS[f"gepa, minibatch {size}"] = _unjudged(
            lambda given, model, size=size: gepa_peer.improved(given, model, minibatch=size)
        )
    RAISED.add(f"gepa, minibatch {RAISED_MINIBATCH}")

if "dspy" not in UNMEASURED:
    from benchmarks.optimisers import dspy_peers

    SEARCHES = {
        "dspy random search, 16 demos": dspy_peers.random_search(16),
        "dspy random search, all as demos": dspy_peers.random_search(ALL_DEMOS),
        "dspy MIPROv2 (demos only), 4 demos": dspy_peers.mipro(4),
        "dspy MIPROv2 (demos only), 16 demos": dspy_peers.mipro(16),
        "dspy GEPA, minibatch 3": dspy_peers.reflective(3),
        f"dspy GEPA, minibatch {RAISED_MINIBATCH}": dspy_peers.reflective(RAISED_MINIBATCH),
    }
    for name, search in SEARCHES.items():
        METHODS[name] = _unjudged(
            lambda given, model, search=search: dspy_peers.improved(given, model, search)
        )
    CACHED |= SEARCHES.keys()
    RAISED |= {name for number, name in enumerate(SEARCHES) if number % 2}

PEERS = METHODS.keys() - {"baseline", ALL_SHOWN, OURS, UNTESTED}
