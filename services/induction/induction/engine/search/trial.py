"""Candidates at the gate: all of a step on the same cases, and the best of them may go on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlu_shared.schemas.events import Stage

from induction.engine.evaluation import unanswered
from induction.engine.evaluation.results import EvalResults
from induction.engine.proposal.error_patterns import key_of
from induction.engine.proposal.meta_prompt import Candidate
from induction.engine.search import gate
from induction.engine.search.gate import Judgement
from induction.engine.search.state import Search


@dataclass(slots=True)
class Tested:
    """A candidate with its results at the gate and what they say."""

    candidate: Candidate
    results: EvalResults
    judgement: Judgement


async def gated(search: Search, candidates: Sequence[Candidate]) -> list[Tested]:
    """The candidates in the order given, judged. Right cases are asked only of those that fix
    enough of the wrong ones. Raises Stopped."""
    plan = search.run.plan
    patterns = {key_of(one): one for candidate in candidates for one in candidate.patterns}
    sample = gate.sample(
        plan.task,
        search.train,
        list(patterns.values()),
        seed=plan.seed,
        attempt=search.attempt,
    )
    tested = [Tested(one, EvalResults({}), gate.UNTRIED) for one in candidates]
    for cases in sample.turns(search.train):
        running = [one for one in tested if one.judgement.passes]
        if not running:
            break
        stale = search.stale(cases)
        known = await search.evaluate(search.best, stale, split=Stage.GATE)
        search.learn(known)
        cases = [case for case in cases if case.id not in known.lost]
        for one in running:
            content = one.candidate.content
            answered = await search.evaluate(content, cases, split=Stage.GATE)
            one.results |= answered
            one.judgement = gate.judge(sample, search.train, one.results, plan.focused)
            if answered.too_long and (
                reason := unanswered.refusal(plan.task, content, cases, answered)
            ):
                one.judgement = replace(one.judgement, passes=False, objection=reason)
    return tested


def best_of(tested: Sequence[Tested]) -> Tested | None:
    """The one that gains most of those that passed, the first of equals."""
    passed = [one for one in tested if one.judgement.passes]
    return max(passed, key=lambda one: one.judgement.estimate, default=None)
