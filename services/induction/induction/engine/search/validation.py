"""The iteration proper: a candidate on validation, paired with the best prompt, kept or not."""

from collections.abc import Callable, Sequence
from uuid import UUID

from nlu_shared.schemas.evaluated import ErrorPattern
from nlu_shared.schemas.events import (
    ApprovalAwaited,
    ChangeKept,
    ChangeRejected,
    PromptProposed,
    Split,
    Stage,
)
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.steering import Decision

from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluation_event
from induction.engine.evaluation.results import EvalResults, compare
from induction.engine.proposal import memory
from induction.engine.proposal.error_patterns import patterns_event
from induction.engine.proposal.meta_prompt import Candidate
from induction.engine.search import acceptance
from induction.engine.search.acceptance import Rank
from induction.engine.search.measured import EvaluatedPrompt
from induction.engine.search.state import Search

NOTHING = EvalResults({})
NOT_APPROVED = "nobody approved it in time"
Rule = Callable[[Search, Rank, Rank, EvalResults], str | None]
"""Why a candidate does not take the best prompt's place, or None: of the search, the candidate's
rank and the best prompt's, and what the candidate answers to the validation cases."""


def ranks(
    search: Search,
    content: PromptContent,
    validation: EvalResults,
    *,
    beside: EvalResults = NOTHING,
    at_gate: EvalResults = NOTHING,
) -> tuple[Rank, Rank]:
    """Of a prompt and of the best one, on the cases that both answered.

    search: whose best prompt it is compared with.
    content: the prompt.
    validation: its answers to validation cases.
    beside: to training cases that decide as well; the best prompt's to them are known.
    at_gate: to those of the gate, which decide where the others do not.
    """
    plan, train = search.run.plan, search.train
    before = search.validation | train.of(beside.cases)
    known, answered = unanswered.shared(before, validation | beside)
    return (
        acceptance.rank(plan, content, validation=answered, train=train.updated(at_gate)),
        acceptance.rank(plan, search.best, validation=known, train=train),
    )


def objection(
    search: Search, reached: Rank, best: Rank, validation: EvalResults, *, beside: int = 0
) -> str | None:
    """The rule of the search; see `acceptance.objection`.

    search: whose best prompt it is compared with.
    reached: the candidate's rank.
    best: the best prompt's.
    validation: the candidate's answers there.
    beside: training cases that decide as well.
    """
    return acceptance.objection(
        search.run.plan,
        reached,
        best,
        baseline=search.baseline_validation,
        validation=validation,
        beside=beside,
    )


async def validate(
    search: Search,
    candidate: Candidate,
    at_gate: EvalResults = NOTHING,
    *,
    rule: Rule = objection,
) -> EvalResults:
    """What the candidate answers to the validation cases; where the rule has no objection it is
    `search.best` now. Raises Stopped.

    search: whose best prompt it is compared with.
    candidate: told of before.
    at_gate: its answers to training cases, learnt where it is kept.
    rule: decides.
    """
    validation = await search.evaluate(
        candidate.content, search.splits.validation, split=Split.VALIDATION
    )
    await conclude(search, candidate, validation, at_gate, rule=rule)
    return validation


async def conclude(
    search: Search,
    candidate: Candidate,
    validation: EvalResults,
    at_gate: EvalResults = NOTHING,
    *,
    rule: Rule = objection,
    beside: EvalResults = NOTHING,
) -> None:
    """What becomes of a candidate that has answered the validation cases; see `validate`.

    search: whose best prompt it is compared with.
    candidate: told of before.
    validation: its answers to all validation cases.
    at_gate: its answers to training cases, learnt where it is kept.
    rule: decides.
    beside: its answers to training cases that decide like validation, where that is small.
    """
    run, iteration, content = search.run, search.iteration, candidate.content
    cases = search.splits.validation
    if missing := unanswered.refusal(run.plan.task, content, cases, validation):
        search.rejected(candidate.tried("not judged", missing), candidate.patterns)
        await run.tell(ChangeRejected(iteration=iteration, stage=Stage.VALIDATION, reason=missing))
        return
    await run.tell(
        evaluation_event(run.plan.task, content, validation, Split.VALIDATION, iteration)
    )
    search.measured[content.version_hash] = EvaluatedPrompt(content, validation)
    fixed, broke = compare(search.validation, validation)
    reached, best = ranks(search, content, validation, beside=beside, at_gate=at_gate)
    if reason := rule(search, reached, best, validation):
        search.rejected(candidate.tried("rejected on validation", reason), candidate.patterns)
        await run.tell(
            ChangeRejected(
                iteration=iteration,
                stage=Stage.VALIDATION,
                reason=reason,
                version_hash=content.version_hash,
                fixed=fixed,
                broke=broke,
            )
        )
        return
    if await _is_vetoed(search, candidate, fixed, broke):
        return
    gain = round(reached.aimed - best.aimed, 9)
    search.kept(candidate.tried("kept", f"validation {gain:+.4f}"), content, validation=validation)
    search.learn(at_gate)
    search.progress.evaluated(search.rank.aimed)
    await run.tell(
        ChangeKept(
            iteration=iteration,
            version_hash=content.version_hash,
            gain=gain,
            fixed=fixed,
            broke=broke,
        )
    )


async def _is_vetoed(
    search: Search, candidate: Candidate, fixed: list[UUID], broke: list[UUID]
) -> bool:
    """Whether a person, who is asked where the run is to wait for one, lets the change not in. What
    nobody has decided is no failure: nothing is remembered against it. Raises Stopped."""
    run, terms, iteration = search.run, search.run.plan.approval, search.iteration
    if terms is None:
        return False
    version_hash = candidate.content.version_hash
    decided = await run.approval(
        ApprovalAwaited(
            iteration=iteration,
            version_hash=version_hash,
            **terms.model_dump(),
            fixed=fixed,
            broke=broke,
        )
    )
    if decided.decision is Decision.APPROVED:
        return False
    why = decided.reason or NOT_APPROVED
    search.vetoed(candidate.tried("vetoed", why), candidate.patterns)
    await run.tell(
        ChangeRejected(
            iteration=iteration,
            stage=Stage.APPROVAL,
            reason=why,
            version_hash=None if decided.by is None else version_hash,
            fixed=fixed,
            broke=broke,
        )
    )
    return True


async def refresh(search: Search, patterns: Sequence[ErrorPattern], iteration: int) -> None:
    """Asks a new best prompt those training cases that it may have turned, and tells what it still
    gets wrong. Raises Stopped."""
    cases = search.to_refresh(patterns)
    search.learn(await search.evaluate(search.best, cases, split=Split.TRAIN, iteration=iteration))
    await search.run.tell(patterns_event(search.best, search.patterns(), iteration))


def proposal_event(search: Search, candidate: Candidate) -> PromptProposed:
    """Of one candidate it comes before its gate; of several each comes with its end, in the order
    they were asked for, the best last."""
    return PromptProposed(
        iteration=search.iteration,
        change=candidate.change,
        content=candidate.content,
        version_hash=candidate.content.version_hash,
        parent_hash=search.best.version_hash,
        aims=memory.aims(candidate.patterns),
    )
