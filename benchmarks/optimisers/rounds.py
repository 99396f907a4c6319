"""One round: every chosen method on the same cases, and its prompt on the hidden ones."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from induction.engine.evaluation.results import EvalResults, compare
from nlu_shared.measure.significance import sign_flip_test
from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.verdicts import Verdict

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import Answering, MeteredModel
from benchmarks.optimisers.methods import (
    ALL_SHOWN,
    BOUNDED,
    CACHED,
    METHODS,
    OURS,
    PLAIN,
    RUNGS,
    Variant,
)

UNSEARCHED = {"baseline", ALL_SHOWN, *RUNGS}
OF_NOTE = 900
"""Calls within which ours is to reach what the peers' best needs the largest budget for."""


@dataclass(frozen=True, slots=True)
class Result:
    """`f1` is on the hidden cases; `bound` the tokens that the prompt might have, None without a
    bound; `p_worse` how likely chance alone makes the prompt look as much
    worse than the baseline as it does there (sign test, two sides), 1 where it looks no worse."""

    variant: str
    method: str
    seed: int
    budget: int
    bound: int | None
    f1: float
    baseline: float
    p_worse: float
    calls: int
    proposals: int
    tokens: int
    examples: int
    verdict: Verdict | None
    seconds: float

    @property
    def line(self) -> str:
        verdict = f", {self.verdict.kind} on {self.verdict.tested_on}" if self.verdict else ""
        bound = f" within {self.bound} tokens" if self.bound else ""
        return (
            f"{self.variant}; {self.method}; seed {self.seed}; {self.budget}{bound}: {self.f1:.3f}"
            f" (baseline {self.baseline:.3f}); {self.calls} calls, {self.proposals} proposals,"
            f" {self.examples} examples, {self.tokens} tokens{verdict}; {self.seconds:.1f} s"
        )


def played(
    round: Round,
    variant: Variant,
    budgets: Sequence[int],
    chosen: Collection[str],
    answering: Answering | None = None,
) -> Iterator[Result]:
    """Under a difficulty our method alone is compared, with its baseline."""
    examined = _Examined(round, variant, answering)
    for name in chosen if variant is PLAIN else [OURS]:
        most = max(budgets)
        searched = sorted({*budgets, min(OF_NOTE, most)} if name == OURS else budgets)
        for budget in [0] if name in UNSEARCHED else searched:
            yield examined.result(name, budget)


def played_within(
    round: Round,
    bounds: Sequence[int],
    budget: int,
    chosen: Collection[str],
    answering: Answering | None = None,
) -> Iterator[Result]:
    """The methods that can be held to a size of the prompt, each at every size."""
    for bound in bounds:
        examined = _Examined(replace(round, max_prompt_tokens=bound), PLAIN, answering)
        for name in chosen:
            if name in BOUNDED:
                yield examined.result(name, 0 if name in UNSEARCHED else budget)


class _Examined:
    """A round and what its baseline answers to the hidden cases."""

    def __init__(self, round: Round, variant: Variant, answering: Answering | None) -> None:
        self._round, self._variant, self._answering = round, variant, answering
        self._examiner = MeteredModel(round.task, noise=variant.noise, answering=answering)
        self._plain = self._examiner.evaluate(round.task.baseline(), round.hidden)

    def result(self, name: str, budget: int) -> Result:
        round, variant, task = self._round, self._variant, self._round.task
        metered = MeteredModel(
            task, budget=budget, noise=variant.noise, useless=variant.useless,
            cached=name in CACHED, answering=self._answering,
        )  # fmt: skip
        began = time.perf_counter()
        prompt, verdict = METHODS[name](round, metered)
        seconds = time.perf_counter() - began
        hidden = self._examiner.evaluate(prompt, round.hidden)
        return Result(
            variant.name, name, round.seed, budget, round.max_prompt_tokens,
            hidden.scored(task).objective, self._plain.scored(task).objective,
            _p_worse(self._plain, hidden), metered.calls, metered.proposals,
            prompt_tokens(prompt, task.answers), len(prompt.examples), verdict, seconds,
        )  # fmt: skip


def _p_worse(before: EvalResults, after: EvalResults) -> float:
    fixed, broke = compare(before, after)
    if len(broke) <= len(fixed):
        return 1.0
    scores = ([entry.score for entry in results.by_case.values()] for results in (before, after))
    return sign_flip_test(*scores)
