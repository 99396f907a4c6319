"""One change from its proposal to its end: proposed, screened, gated, evaluated, kept or not.

Where the world allows no more in between, the candidate is dropped and nothing is said about it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    ErrorPattern,
    EvaluationProgress,
    HintTaken,
    PartName,
    PromptProposed,
    Stage,
    StoredEvent,
)

from induction.engine import (
    accept,
    change,
    propose,
    recall,
    saying,
    screen,
    telling,
    unanswered,
)
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, compare
from induction.engine.propose import Brief, Tried
from induction.engine.search import Search
from induction.engine.trial import Candidate, Tested, Trial
from induction.engine.world import Asked
from induction.tasks.base import ModelAnswer

Step = StoredEvent | EvaluationProgress
OUTDONE = "; another change of this step gains more"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is nothing to ask a task model about."""

    stage: Stage
    reason: str
    patterns: tuple[ErrorPattern, ...]
    tried: Tried | None = None


async def attempt(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """The next change, or the next few side by side, and what becomes of them."""
    iteration = search.iteration
    await desk.read()
    for hint in desk.take_hints():
        yield HintTaken(iteration=iteration, hint=hint)
    if opening := _opening(search):
        proposed: list[Candidate | Refused] | None = [opening]
    else:
        proposed = await _proposed(search, desk)
    candidates = []
    for one in proposed or []:
        refused = one if isinstance(one, Refused) else _screened(search, one)
        if isinstance(one, Candidate) and refused is None:
            candidates.append(one)
        elif refused is not None:
            search.refused(refused.tried, refused.patterns)
            yield ChangeRejected(iteration=iteration, stage=refused.stage, reason=refused.reason)
    async for step in _tried(search, desk, candidates):
        yield step


async def _tried(
    search: Search, desk: Desk, candidates: Sequence[Candidate]
) -> AsyncIterator[Step]:
    """One candidate is told before its gate; of several each is told with its end, in the order
    they were asked for, the best last."""
    if not candidates:
        return
    first, *others = candidates
    if not others:
        yield _told(search, first)
    if not first.patterns:
        async for step in _validated(search, desk, first, CaseBook({})):
            yield step
        return
    trial = Trial(search, candidates)
    async for progress in trial.gated(desk):
        yield progress
    best = trial.best
    for one in trial.tested or []:
        if one is not best:
            if others:
                yield _told(search, one.candidate)
            yield _stopped_at_gate(search, one)
    if best is not None:
        if others:
            yield _told(search, best.candidate)
        async for step in _validated(search, desk, best.candidate, best.answers):
            yield step


def _told(search: Search, candidate: Candidate) -> PromptProposed:
    return PromptProposed(
        iteration=search.iteration,
        change=candidate.change,
        content=candidate.content,
        version_hash=candidate.content.version_hash,
        parent_hash=search.best.version_hash,
        aims=recall.aims(candidate.patterns),
    )


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


def _opening(search: Search) -> Candidate | None:
    """The change a search begins with, where there is one (see `showing`)."""
    drawn = search.opening()
    if drawn is None:
        return None
    shown = {case.id: case for case in search.parts.train}
    content = change.apply(
        search.best, drawn, shown=shown, most_examples=len(drawn.edits), task=search.plan.task
    )
    return Candidate(drawn, content)


async def _proposed(search: Search, desk: Desk) -> list[Candidate | Refused] | None:
    """What each brief's author proposes, in the order of the briefs, or None without an answer.
    All are asked at once; an invalid answer is sent back with the objection to it."""
    briefs = search.briefs(desk.hints, left=desk.left)
    found: dict[int, Candidate] = {}
    invalid: dict[int, str] = {}
    for turn in range(1 + propose.RETRIES):
        open_ones = [number for number in range(len(briefs)) if number not in found]
        answers = await desk.ask(
            [
                Asked(
                    propose.request(search.plan, briefs[number], invalid.get(number)),
                    number * (1 + propose.RETRIES) + turn,
                    "proposer",
                )
                for number in open_ones
            ]
        )
        if answers is None:
            return None
        for number, answer in zip(open_ones, answers, strict=True):
            try:
                found[number] = _candidate(search, briefs[number], answer)
            except change.InvalidChange as problem:
                invalid[number] = str(problem)
        if len(found) == len(briefs):
            break
    return [
        found.get(number) or Refused(Stage.PROPOSE, invalid[number], brief.patterns)
        for number, brief in enumerate(briefs)
    ]


def _candidate(search: Search, brief: Brief, answer: ModelAnswer) -> Candidate:
    """Raises InvalidChange."""
    idea = propose.read(answer, search.plan.task)
    content = change.apply(
        brief.prompt,
        idea,
        shown=brief.shown,
        most_examples=brief.most_examples,
        task=search.plan.task,
    )
    return Candidate(idea, content, brief.patterns)


def _screened(search: Search, candidate: Candidate) -> Refused | None:
    if not (objections := _objections(search, candidate)):
        return None
    reason = "; ".join(objections)
    tried = candidate.tried("rejected unseen", reason)
    return Refused(Stage.SCREEN, reason, candidate.patterns, tried)


def _objections(search: Search, candidate: Candidate) -> list[str]:
    content = candidate.content
    if known := search.memory.objection(candidate.change, search.best):
        return [known]
    if content.version_hash in search.seen:
        return ["this very prompt was tried before"]
    search.seen.add(content.version_hash)
    objections = screen.objections(
        search.plan.task,
        search.best,
        content,
        baseline=search.plan.baseline,
        cases=search.guarded,
        beside=saying.changed(candidate.change),
        earlier=search.told,
    )
    if not objections:
        search.told += saying.changed(candidate.change)
    return objections


async def _validated(
    search: Search, desk: Desk, candidate: Candidate, at_gate: CaseBook
) -> AsyncIterator[Step]:
    """The iteration proper: the candidate on validation, paired with the best."""
    plan, iteration, content = search.plan, search.iteration, candidate.content
    exam = search.exam(content, search.parts.validation, part=PartName.VALIDATION)
    async for progress in exam.sit(desk):
        yield progress
    if exam.book is None:
        return
    if unheard := unanswered.objection(search.parts.validation, exam.book):
        search.rejected(candidate.tried("not judged", unheard), candidate.patterns)
        yield ChangeRejected(iteration=iteration, stage=Stage.VALIDATION, reason=unheard)
        return
    lost = len(exam.lost)
    yield telling.evaluated(plan, content, exam.book, PartName.VALIDATION, iteration, lost=lost)
    fixed, broke = compare(search.validation, exam.book)
    known, answered = unanswered.shared(search.validation, exam.book)
    best = accept.standing(plan, search.best, validation=known, train=search.train)
    reached = accept.standing(
        plan, content, validation=answered, train=search.train.updated(at_gate)
    )
    reason = accept.objection(
        plan, reached, best, baseline=search.baseline_validation, validation=exam.book
    )
    if reason is not None:
        search.rejected(candidate.tried("rejected on validation", reason), candidate.patterns)
        yield ChangeRejected(
            iteration=iteration,
            stage=Stage.VALIDATION,
            reason=reason,
            version_hash=content.version_hash,
            fixed=fixed,
            broke=broke,
        )
        return
    gain = round(reached.aimed - best.aimed, 9)
    tried = candidate.tried("kept", f"validation {gain:+.4f}")
    search.kept(tried, content, validation=exam.book, at_gate=at_gate)
    yield ChangeKept(
        iteration=iteration,
        version_hash=content.version_hash,
        gain=gain,
        fixed=fixed,
        broke=broke,
    )
    async for step in _refreshed(search, desk, candidate.patterns, iteration):
        yield step


async def _refreshed(
    search: Search, desk: Desk, patterns: Sequence[ErrorPattern], iteration: int
) -> AsyncIterator[Step]:
    """The training cases that the new best prompt may have turned, asked again."""
    cases = search.to_refresh(patterns)
    exam = search.exam(search.best, cases, part=PartName.TRAIN, iteration=iteration)
    async for step in exam.sit(desk):
        yield step
    if exam.book is not None:
        search.learn(exam.book)
        yield telling.patterns(search.patterns(), iteration)
