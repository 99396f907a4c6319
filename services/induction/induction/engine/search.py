"""What a search knows between two steps: the best prompt, its case books, what was tried."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from nlu_shared.schemas.events import ErrorPattern
from nlu_shared.schemas.prompts import Change, PromptContent

from induction.engine import abreast, accept, showing
from induction.engine.accept import Standing
from induction.engine.chance import shuffled
from induction.engine.diagnose import (
    Key,
    concerning,
    key_of,
    patterns_of,
    worth_trying,
)
from induction.engine.evaluate import CaseBook, Exam
from induction.engine.gate import touched
from induction.engine.leaks import Guarded, guarded
from induction.engine.plan import Plan
from induction.engine.propose import Brief, Tried, shown_cases
from induction.engine.recall import Memory
from induction.engine.split import Parts
from induction.engine.stop import Progress, reason_to_stop
from induction.engine.unseen import Folds, folds_of
from induction.tasks.base import Case

REFRESHED = 256
"""Training cases asked again after a kept change, at most."""


@dataclass(slots=True)
class Search:
    """`train` holds the last known answer to every training case; `fresh` are those that the best
    prompt itself gave. After a kept change the wrong cases and those of the labels it touched
    are asked again, REFRESHED at most, and others when a gate needs them: most stay right, and
    asking all of them after each kept change would cost as much as the rest of the search.
    `attempt` counts the changes asked for, `told` is what those that passed the screen said."""

    plan: Plan
    parts: Parts
    guarded: Guarded
    memory: Memory
    best: PromptContent
    baseline_train: CaseBook
    baseline_validation: CaseBook
    validation: CaseBook
    train: CaseBook
    fresh: set[UUID]
    progress: Progress
    tried: list[Tried] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    failures: Counter[Key] = field(default_factory=Counter)
    attempt: int = 0
    folds: Folds = field(default_factory=dict)
    opened: bool = False

    @classmethod
    def of(cls, plan: Plan, parts: Parts, *, train: CaseBook, validation: CaseBook) -> "Search":
        began = accept.standing(plan, plan.baseline, validation=validation, train=train)
        known = guarded(plan.task, plan.baseline, parts.train, (*parts.validation, *parts.test))
        return cls(
            plan=plan,
            parts=parts,
            guarded=known,
            memory=Memory.of(plan, known),
            best=plan.baseline,
            baseline_train=train,
            baseline_validation=validation,
            validation=validation,
            train=train,
            fresh=set(train.entries),
            progress=Progress(best=began.aimed),
            seen={plan.baseline.version_hash},
            folds=folds_of(parts.train, seed=plan.seed),
            opened=not plan.opening,
        )

    @property
    def iteration(self) -> int:
        """The number of the iteration that is under way, from 1."""
        return self.progress.iterations + 1

    @property
    def standing(self) -> Standing:
        return accept.standing(self.plan, self.best, validation=self.validation, train=self.train)

    def patterns(self) -> list[ErrorPattern]:
        """The mistakes of the best prompt itself; only without any, those of its forebears."""
        entries = self.train.entries.items()
        own = CaseBook({id: entry for id, entry in entries if id in self.fresh})
        return patterns_of(own) or patterns_of(self.train)

    def over(self) -> str | None:
        mistakes = sum(not entry.right for entry in self.train.entries.values())
        return reason_to_stop(
            self.progress, max_iterations=self.plan.max_iterations, mistakes=mistakes
        )

    def briefs(self, hints: Sequence[str], *, left: int | None) -> list[Brief]:
        """What the next proposals are made from, of which each is an attempt. `left` are the calls
        the search may still make, None where nobody counts."""
        plan = self.plan
        size = abreast.width(plan.proposals, left, validation=len(self.parts.validation))
        ordered = worth_trying(self.patterns(), self.failures, self._near)
        return [self._brief(patterns, hints) for patterns in abreast.dealt(ordered, size)]

    def _brief(self, patterns: tuple[ErrorPattern, ...], hints: Sequence[str]) -> Brief:
        self.attempt += 1
        return Brief(
            prompt=self.best,
            score=self.validation.scored(self.plan.task),
            book=self.train,
            patterns=patterns,
            shown=shown_cases(self.train, patterns, seed=self.plan.seed, attempt=self.attempt),
            remembered=self.memory.told(patterns),
            tried=tuple(self.tried),
            hints=tuple(hints),
        )

    def opening(self) -> Change | None:
        """The change to begin with, once; it counts as an attempt."""
        if self.opened:
            return None
        self.opened = True
        self.attempt += 1
        return showing.opening(self.plan.task, self.best, self.parts.train, seed=self.plan.seed)

    def exam(
        self,
        content: PromptContent,
        cases: Iterable[Case],
        *,
        part: str,
        iteration: int | None = None,
    ) -> Exam:
        """The cases put to a prompt; those that teach without the examples of their own fold."""
        return Exam(
            self.plan,
            content,
            cases,
            part=part,
            iteration=self.iteration if iteration is None else iteration,
            folds=self.folds,
        )

    def stale(self, cases: Sequence[Case]) -> list[Case]:
        """Those of the cases whose last known answer came from an earlier prompt."""
        return [case for case in cases if case.id not in self.fresh]

    def learn(self, answers: CaseBook) -> None:
        """Answers the best prompt gave to training cases."""
        self.train = self.train.updated(answers)
        self.fresh |= set(answers.entries)

    def refused(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        """A change that never reached validation; None where there was not even a change."""
        self.progress.refused()
        self._failed(tried, patterns)

    def rejected(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        self.progress.evaluated(self.progress.best)
        self._failed(tried, patterns)

    def kept(
        self,
        tried: Tried | None,
        content: PromptContent,
        *,
        validation: CaseBook,
        at_gate: CaseBook,
    ) -> None:
        self._take(content, validation)
        self.learn(at_gate)
        self.progress.evaluated(self.standing.aimed)
        if tried:
            self.tried.append(tried)

    def shortened(self, content: PromptContent, validation: CaseBook) -> None:
        """A shorter prompt takes the best one's place."""
        self._take(content, validation)
        self.progress.evaluated(self.standing.aimed)

    def _take(self, content: PromptContent, validation: CaseBook) -> None:
        self.best, self.validation = content, validation
        self.fresh = set()
        if self.parts.validation_is_train:
            self.learn(validation)

    def to_refresh(self, patterns: Sequence[ErrorPattern]) -> list[Case]:
        """The training cases that a kept change aimed at `patterns` may have turned, in case
        order, or where they are too many a draw of them."""
        near = touched(self.plan.task, self.train, patterns)
        entries = self.train.entries.items()
        cases = self.stale([e.case for id, e in entries if not e.right or id in near])
        drawn = shuffled(
            cases,
            name=lambda case: case.id,
            seed=self.plan.seed,
            purpose=f"refresh {self.attempt}",
        )
        chosen = {case.id for case in drawn[:REFRESHED]}
        return [case for case in cases if case.id in chosen]

    def _near(self, pattern: ErrorPattern) -> int:
        """How many of the pattern's mistakes lower the component in focus."""
        focused = self.plan.focused
        return 0 if focused is None else concerning(focused, pattern, self.train)

    def _failed(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        self.failures.update(key_of(pattern) for pattern in patterns)
        if tried:
            self.tried.append(tried)
