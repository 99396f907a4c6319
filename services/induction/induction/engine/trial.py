"""Candidates at the gate: all of a step on the same cases, and the best of them may go on."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.events import ErrorPattern, EvaluationProgress, Stage
from nlu_shared.schemas.prompts import Change, PromptContent

from induction.engine import gate
from induction.engine.desk import Desk
from induction.engine.diagnose import key_of
from induction.engine.evaluate import CaseBook, Exam
from induction.engine.gate import Judgement
from induction.engine.propose import Tried
from induction.engine.search import Search
from induction.tasks.base import Case


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change, the prompt it makes, and the patterns it is aimed at: none for the opening."""

    change: Change
    content: PromptContent
    patterns: tuple[ErrorPattern, ...] = ()

    def tried(self, outcome: str, reason: str) -> Tried | None:
        """What later proposals are told; a change that no proposer made tells them nothing."""
        return Tried(self.change, outcome, reason) if self.patterns else None


@dataclass(slots=True)
class Tested:
    """A candidate with its answers at the gate and what they say."""

    candidate: Candidate
    answers: CaseBook
    judgement: Judgement


class Trial:
    """`tested` are the candidates in the order they were asked for, None where the world allowed
    no more. Right cases are asked only of those that fix enough of the wrong ones."""

    def __init__(self, search: Search, candidates: Sequence[Candidate]) -> None:
        self._search = search
        self._candidates = candidates
        self.tested: list[Tested] | None = None

    @property
    def best(self) -> Tested | None:
        """The one that gains most of those that passed, the first of equals."""
        passed = [one for one in self.tested or [] if one.judgement.passes]
        return max(passed, key=lambda one: one.judgement.estimate, default=None)

    async def gated(self, desk: Desk) -> AsyncIterator[EvaluationProgress]:
        search, plan = self._search, self._search.plan
        asked = gate.sample(
            plan.task, search.train, self._patterns(), seed=plan.seed, attempt=search.attempt
        )
        tested = [Tested(one, CaseBook({}), gate.UNTRIED) for one in self._candidates]
        for cases in asked.turns(search.train):
            running = [one for one in tested if one.judgement.passes]
            if not running:
                break
            known = self._exam(search.best, search.stale(cases))
            async for step in known.sit(desk):
                yield step
            if known.book is None:
                return
            search.learn(known.book)
            cases = [case for case in cases if case.id not in known.lost]
            for one in running:
                exam = self._exam(one.candidate.content, cases)
                async for step in exam.sit(desk):
                    yield step
                if exam.book is None:
                    return
                one.answers |= exam.book
                one.judgement = gate.judge(asked, search.train, one.answers, plan.focused)
        self.tested = tested

    def _patterns(self) -> list[ErrorPattern]:
        every = [pattern for one in self._candidates for pattern in one.patterns]
        return list({key_of(pattern): pattern for pattern in every}.values())

    def _exam(self, content: PromptContent, cases: Sequence[Case]) -> Exam:
        return self._search.exam(content, cases, part=Stage.GATE)
