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
from nlu_shared.schemas.prompts import Change, PromptContent

from induction.engine import accept, change, gate, propose, screen, telling
from induction.engine.desk import Desk
from induction.engine.evaluate import CaseBook, Exam, compare
from induction.engine.plan import Plan
from induction.engine.propose import Brief, Tried
from induction.engine.search import Search
from induction.engine.world import Asked
from induction.tasks.base import Case

Step = StoredEvent | EvaluationProgress


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change, the prompt it makes, and the patterns it is aimed at: none for the opening."""

    change: Change
    content: PromptContent
    patterns: tuple[ErrorPattern, ...] = ()

    def tried(self, outcome: str, reason: str) -> Tried | None:
        """What later proposals are told; a change that no proposer made tells them nothing."""
        return Tried(self.change, outcome, reason) if self.patterns else None


async def attempt(search: Search, desk: Desk) -> AsyncIterator[Step]:
    """The next change, and what becomes of it."""
    iteration = search.iteration
    search.attempt += 1
    await desk.read()
    for hint in desk.take_hints():
        yield HintTaken(iteration=iteration, hint=hint)
    brief = search.brief(desk.hints)
    proposed = _opening(search) or await _proposed(search.plan, brief, desk)
    if proposed is None:
        return
    if isinstance(proposed, change.InvalidChange):
        search.refused(None, brief.patterns)
        yield ChangeRejected(iteration=iteration, stage=Stage.PROPOSE, reason=str(proposed))
        return
    if objections := _objections(search, proposed.content):
        reason = "; ".join(objections)
        search.refused(proposed.tried("rejected unseen", reason), proposed.patterns)
        yield ChangeRejected(iteration=iteration, stage=Stage.SCREEN, reason=reason)
        return
    yield PromptProposed(
        iteration=iteration,
        change=proposed.change,
        content=proposed.content,
        version_hash=proposed.content.version_hash,
        parent_hash=search.best.version_hash,
    )
    if not proposed.patterns:
        async for step in _validated(search, desk, proposed, CaseBook({})):
            yield step
        return
    trial = _Trial(search, proposed)
    async for step in trial.gated(desk):
        yield step
    if trial.passed is not None:
        async for step in _validated(search, desk, proposed, trial.passed):
            yield step


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


async def _proposed(
    plan: Plan, brief: Brief, desk: Desk
) -> Candidate | change.InvalidChange | None:
    """A candidate, the last objection to its author's answers, or None without an answer."""
    invalid: change.InvalidChange | None = None
    for sample in range(1 + propose.RETRIES):
        request = propose.request(plan, brief, str(invalid) if invalid else None)
        answers = await desk.ask([Asked(request, sample, "proposer")])
        if answers is None:
            return None
        try:
            idea = propose.read(answers[0], plan.task)
            content = change.apply(
                brief.prompt,
                idea,
                shown=brief.shown,
                most_examples=brief.most_examples,
                task=plan.task,
            )
            return Candidate(idea, content, brief.patterns)
        except change.InvalidChange as problem:
            invalid = problem
    return invalid


def _objections(search: Search, content: PromptContent) -> list[str]:
    if content.version_hash in search.seen:
        return ["this very prompt was tried before"]
    search.seen.add(content.version_hash)
    return screen.objections(
        search.plan.task,
        search.best,
        content,
        baseline=search.plan.baseline,
        cases=search.guarded,
    )


class _Trial:
    """A candidate at the gate. `passed` holds its answers there if it may go on."""

    def __init__(self, search: Search, candidate: Candidate) -> None:
        self._search, self._candidate = search, candidate
        self.passed: CaseBook | None = None

    async def gated(self, desk: Desk) -> AsyncIterator[Step]:
        search, candidate, plan = self._search, self._candidate, self._search.plan
        asked = gate.sample(
            plan.task,
            search.train,
            candidate.patterns,
            seed=plan.seed,
            attempt=search.attempt,
        )
        answers, judgement = CaseBook({}), gate.UNTRIED
        for cases in asked.turns(search.train):
            known, trial = self._exams(cases)
            for exam in (known, trial):
                async for step in exam.sit(desk):
                    yield step
            if known.book is None or trial.book is None:
                return
            search.learn(known.book)
            answers = CaseBook({**answers.entries, **trial.book.entries})
            judgement = gate.judge(asked, search.train, answers, plan.aim)
            if not judgement.passes:
                break
        if judgement.passes:
            self.passed = answers
            return
        search.refused(
            candidate.tried("rejected at the gate", judgement.reason), candidate.patterns
        )
        yield ChangeRejected(
            iteration=search.iteration,
            stage=Stage.GATE,
            reason=judgement.reason,
            fixed=judgement.fixed,
            broke=judgement.broke,
        )

    def _exams(self, cases: Sequence[Case]) -> tuple[Exam, Exam]:
        """What the best prompt says where that is not known, and what the candidate says."""
        search, content = self._search, self._candidate.content
        known, trial = (
            Exam(
                search.plan,
                asked,
                of,
                part=Stage.GATE,
                iteration=search.iteration,
                folds=search.folds,
            )
            for asked, of in ((search.best, search.stale(cases)), (content, cases))
        )
        return known, trial


async def _validated(
    search: Search, desk: Desk, candidate: Candidate, at_gate: CaseBook
) -> AsyncIterator[Step]:
    """The iteration proper: the candidate on validation, paired with the best."""
    plan, iteration, content = search.plan, search.iteration, candidate.content
    exam = Exam(
        plan, content, search.parts.validation, part=PartName.VALIDATION, iteration=iteration
    )
    async for progress in exam.sit(desk):
        yield progress
    if exam.book is None:
        return
    yield telling.evaluated(plan, content, exam.book, PartName.VALIDATION, iteration)
    fixed, broke = compare(search.validation, exam.book)
    best = search.standing
    reached = accept.standing(
        plan, content, validation=exam.book, train=search.train.updated(at_gate)
    )
    reason = accept.objection(
        plan, reached, best, baseline=search.baseline_validation, validation=exam.book
    )
    if reason is not None:
        search.rejected(candidate.tried("rejected on validation", reason), candidate.patterns)
        yield ChangeRejected(
            iteration=iteration, stage=Stage.VALIDATION, reason=reason, fixed=fixed, broke=broke
        )
        return
    gain = round(reached.aim - best.aim, 9)
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
    exam = Exam(
        search.plan,
        search.best,
        cases,
        part=PartName.TRAIN,
        iteration=iteration,
        folds=search.folds,
    )
    async for step in exam.sit(desk):
        yield step
    if exam.book is not None:
        search.learn(exam.book)
        yield telling.patterns(search.patterns(), iteration)
