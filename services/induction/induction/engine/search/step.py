"""One step of the search: changes proposed, screened, gated, evaluated, kept or not.

Where the run is stopped in between, the candidates are dropped and no event tells of them.
"""

from nlu_shared.schemas.events import ChangeRejected, HintTaken, Stage
from nlu_shared.schemas.prompts import Change, PromptContent

from induction.engine.evaluation.results import EvalResults
from induction.engine.proposal import edits
from induction.engine.proposal.difference import difference
from induction.engine.proposal.edits import InvalidChange
from induction.engine.proposal.meta_prompt import Brief, Candidate
from induction.engine.proposal.proposer import RETRIES, ProposalRequest, Proposer
from induction.engine.runtime import Stopped
from induction.engine.search.screening import Refused, screened
from induction.engine.search.state import Search
from induction.engine.search.trial import Tested, best_of, gated
from induction.engine.search.validation import NOTHING, proposal_event, refresh, validate

OUTDONE = "; another change of this step gains more"
WRITTEN_WHOLE = "Written as a whole; these are the edits that lead there from the best prompt."


async def step(search: Search, propose: Proposer) -> None:
    """The next change, or the next few side by side, and what becomes of them. Raises Stopped."""
    iteration = search.iteration
    await search.run.read_inbox()
    for hint in search.run.take_hints():
        await search.run.tell(HintTaken(iteration=iteration, hint=hint))
    proposed = await _proposed(search, propose)
    search.progress.proposals += len(proposed)
    search.progress.unusable += sum(isinstance(one, Refused) for one in proposed)
    candidates = await screened(search, proposed)
    if not candidates:
        return
    if len(candidates) == 1:
        await search.run.tell(proposal_event(search, candidates[0]))
    tested = await gated(search, candidates)
    best = best_of(tested)
    for one in tested:
        if one is not best:
            if len(candidates) > 1:
                await search.run.tell(proposal_event(search, one.candidate))
            await search.run.tell(_stopped_at_gate(search, one))
    if best is not None:
        if len(candidates) > 1:
            await search.run.tell(proposal_event(search, best.candidate))
        await _validate_and_refresh(search, best.candidate, at_gate=best.results)


async def consider(
    search: Search, prompt: PromptContent, rationale: str = WRITTEN_WHOLE
) -> EvalResults | None:
    """A prompt from anywhere, taken through the leak guard and validation: what it answers to the
    validation cases, None where it was refused unseen. If it is better it is `search.best` now.

    Examples that read as a training case which may be quoted quote it. `rationale` is stored, and
    guarded like the prompt. Raises Stopped, also where no more candidates may be tried.
    """
    if reason := search.used_up():
        raise Stopped(reason)
    search.attempt += 1
    proposed: Candidate | Refused
    try:
        change = difference(
            search.best,
            prompt,
            cases=search.splits.train,
            rationale=rationale,
            task=search.run.plan.task,
            keep=search.run.plan.kept_blocks,
            pins=search.run.plan.pins,
        )
        proposed = Candidate(*change)
    except InvalidChange as problem:
        proposed = Refused(Stage.PROPOSE, str(problem), ())
    for candidate in await screened(search, [proposed]):
        await search.run.tell(proposal_event(search, candidate))
        return await validate(search, candidate)
    return None


async def _validate_and_refresh(
    search: Search, candidate: Candidate, at_gate: EvalResults = NOTHING
) -> None:
    """Asks again the training cases that a new best prompt may have turned. Raises Stopped."""
    iteration = search.iteration
    await validate(search, candidate, at_gate)
    if search.best is candidate.content:
        await refresh(search, candidate.patterns, iteration)


async def _proposed(search: Search, propose: Proposer) -> list[Candidate | Refused]:
    """What is proposed for each brief, in the order of the briefs. All are asked at once; an
    invalid answer is sent back with the objection to it."""
    briefs = search.briefs()
    candidates: dict[int, Candidate] = {}
    invalid: dict[int, str] = {}
    for turn in range(1 + RETRIES):
        open_ones = [number for number in range(len(briefs)) if number not in candidates]
        requests = [
            ProposalRequest(briefs[number], number * (1 + RETRIES) + turn, invalid.get(number))
            for number in open_ones
        ]
        changes = await propose(search.run, requests)
        for number, change in zip(open_ones, changes, strict=True):
            try:
                candidates[number] = _candidate(search, briefs[number], change)
            except InvalidChange as problem:
                invalid[number] = str(problem)
        if len(candidates) == len(briefs):
            break
    return [
        candidates.get(number) or Refused(Stage.PROPOSE, invalid[number], brief.patterns)
        for number, brief in enumerate(briefs)
    ]


def _candidate(search: Search, brief: Brief, change: Change | InvalidChange) -> Candidate:
    """Raises InvalidChange."""
    if isinstance(change, InvalidChange):
        raise change
    content = edits.apply(
        brief.prompt,
        change,
        shown=brief.shown,
        most_examples=brief.most_examples,
        task=search.run.plan.task,
        keep=search.run.plan.kept_blocks,
        pins=search.run.plan.pins,
    )
    return Candidate(change, content, brief.patterns)


def _stopped_at_gate(search: Search, tested: Tested) -> ChangeRejected:
    """A candidate that passed and was outdone did not fail: it may be proposed again."""
    candidate, judgement = tested.candidate, tested.judgement
    version_hash = candidate.content.version_hash
    if judgement.passes:
        search.seen.discard(version_hash)
    else:
        why = candidate.tried("rejected at the gate", judgement.reason)
        search.refused(why, candidate.patterns)
    return ChangeRejected(
        iteration=search.iteration,
        stage=Stage.GATE,
        reason=judgement.reason + (OUTDONE if judgement.passes else ""),
        version_hash=None if judgement.passes else version_hash,
        fixed=judgement.fixed,
        broke=judgement.broke,
    )
