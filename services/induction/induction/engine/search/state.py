"""What a search knows between two steps: the best prompt, its results, what was tried."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from nlu_shared.schemas.evaluated import ErrorPattern
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.chance import shuffled
from induction.engine.data.folds import Folds
from induction.engine.data.room import UNBOUNDED, Room
from induction.engine.data.splits import Splits
from induction.engine.evaluation.evaluate import evaluate
from induction.engine.evaluation.results import EvalResults
from induction.engine.leak_guard.leaks import Guarded
from induction.engine.proposal.error_patterns import (
    PatternKey,
    concerning,
    key_of,
    patterns_of,
    worth_trying,
)
from induction.engine.proposal.memory import Memory
from induction.engine.proposal.meta_prompt import Brief, Tried, shown_cases
from induction.engine.runtime import RunContext
from induction.engine.search import parallel
from induction.engine.search.acceptance import Rank, rank
from induction.engine.search.gate import touched
from induction.engine.search.measured import EvaluatedPrompt
from induction.engine.search.stopping import ITERATIONS_USED_UP, Progress, reason_to_stop
from induction.task_kinds.base import Case

REFRESHED = 256
"""Training cases asked again after a kept change, at most."""
REFRESHED_SHARE = 0.25
"""Of the calls that are left, what they take at most."""
ATTEMPTS_USED_UP = "attempts used up"


@dataclass(slots=True)
class Search:
    """A search under way; it grows with every step.

    After a kept change the wrong cases, those of the labels it touched and those that were never
    asked are asked, REFRESHED at most, and others when a gate needs them: most stay right, and
    asking all of them after each kept change would cost as much as the rest of the search.

    run: who answers, and who is told.
    splits: the cases.
    guarded: what a candidate must not repeat.
    memory: what failed in earlier runs.
    best: the best prompt so far.
    baseline_train: the baseline's results on training cases.
    baseline_validation: and on validation.
    validation: the best prompt's results there.
    train: the last known answer to every training case that was asked.
    fresh: the training cases that the best prompt itself answered.
    progress: what stopping goes by.
    folds: of the training cases (see `folds`).
    tried: what became of changes to the best prompt.
    seen: hashes of all prompts tried.
    texts: what the changes that passed the screen say.
    failures: how often a pattern was aimed at in vain.
    attempt: changes asked for.
    untouched: the cases of the test split, by id.
    room: how long a prompt may be.
    measured: the prompts that have answered all validation cases, by their hashes.
    compared: training cases on which cheaper prompts are compared with the best in the end.
    most_attempts: of a search inside a search; None: no limit of its own.
    """

    run: RunContext
    splits: Splits
    guarded: Guarded
    memory: Memory
    best: PromptContent
    baseline_train: EvalResults
    baseline_validation: EvalResults
    validation: EvalResults
    train: EvalResults
    fresh: set[UUID]
    progress: Progress
    folds: Folds
    untouched: frozenset[UUID]
    tried: list[Tried] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    failures: Counter[PatternKey] = field(default_factory=Counter)
    attempt: int = 0
    most_attempts: int | None = None
    room: Room = UNBOUNDED
    measured: dict[str, EvaluatedPrompt] = field(default_factory=dict)
    compared: int = 0

    @property
    def iteration(self) -> int:
        """The number of the iteration that is under way, from 1."""
        return self.progress.iterations + 1

    @property
    def rank(self) -> Rank:
        return rank(self.run.plan, self.best, validation=self.validation, train=self.train)

    @property
    def is_unchanged(self) -> bool:
        return self.best.version_hash == self.run.plan.baseline.version_hash

    @property
    def unknown(self) -> int:
        """Training cases that no prompt of the search has answered."""
        return len(self.splits.train) - len(self.train.by_case)

    def patterns(self) -> list[ErrorPattern]:
        """The mistakes of the best prompt itself; only without any, those of its forebears."""
        own = {id: result for id, result in self.train.by_case.items() if id in self.fresh}
        return patterns_of(EvalResults(own)) or patterns_of(self.train)

    def used_up(self) -> str | None:
        """Why no more candidates may be tried, whoever searches; None while they may."""
        if self.most_attempts is not None and self.attempt >= self.most_attempts:
            return ATTEMPTS_USED_UP
        if self.progress.iterations >= self.run.plan.max_iterations:
            return ITERATIONS_USED_UP
        return None

    def reason_to_stop(self) -> str | None:
        reason = reason_to_stop(
            self.progress,
            max_iterations=self.run.plan.max_iterations,
            mistakes=len(self.train.wrong),
            unknown=self.unknown,
        )
        return reason or self.used_up()

    def briefs(self) -> list[Brief]:
        """What the next proposals are made from, of which each is an attempt."""
        size = parallel.width(
            self.run.plan.proposals,
            self.run.calls_left,
            validation=len(self.splits.validation),
        )
        ordered = worth_trying(self.patterns(), self.failures, self._near)
        return [self._brief(patterns) for patterns in parallel.dealt(ordered, size)]

    def _brief(self, patterns: tuple[ErrorPattern, ...]) -> Brief:
        self.attempt += 1
        seed = self.run.plan.seed
        return Brief(
            prompt=self.best,
            score=self.validation.scored(self.run.plan.task),
            results=self.train,
            patterns=patterns,
            shown=shown_cases(self.train, patterns, seed=seed, attempt=self.attempt),
            remembered=self.memory.relevant_to(patterns),
            tried=tuple(self.tried),
            hints=self.run.hints,
        )

    async def evaluate(
        self,
        content: PromptContent,
        cases: Iterable[Case],
        *,
        split: str,
        iteration: int | None = None,
        sample: int = 0,
    ) -> EvalResults:
        """The cases put to a prompt. Raises Stopped, and ValueError for cases of the test split.

        content: the prompt.
        cases: those that teach are asked without the examples of their own fold.
        split: as events name it.
        iteration: None: the one under way.
        sample: see `evaluate`.
        """
        cases = tuple(cases)
        if not self.untouched.isdisjoint(case.id for case in cases):
            raise ValueError("no search puts cases of the test split to a prompt")
        return await evaluate(
            self.run,
            content,
            cases,
            split=split,
            iteration=self.iteration if iteration is None else iteration,
            folds=self.folds,
            sample=sample,
        )

    def stale(self, cases: Sequence[Case]) -> list[Case]:
        """Those of the cases whose last known answer came from an earlier prompt."""
        return [case for case in cases if case.id not in self.fresh]

    def learn(self, results: EvalResults) -> None:
        """Answers the best prompt gave to training cases."""
        self.train = (self.train | results).of(self.splits.train)
        self.fresh |= set(results.by_case)

    def refused(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        """A change that never reached validation; None where there was not even a change."""
        self.progress.refused()
        self._failed(tried, patterns)

    def rejected(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        self.progress.evaluated(self.progress.best)
        self._failed(tried, patterns)

    def vetoed(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        self.progress.vetoed()
        self._failed(tried, patterns)

    def kept(self, tried: Tried | None, content: PromptContent, *, validation: EvalResults) -> None:
        """A prompt takes the best one's place."""
        self.best, self.validation = content, validation
        self.fresh = set()
        if self.splits.validation_is_train:
            self.learn(validation)
        if tried:
            self.tried.append(tried)

    def settle_on(self, winner: EvaluatedPrompt) -> None:
        """A prompt that was measured before becomes the best."""
        self.best, self.validation = winner.content, winner.validation
        self.fresh = set()
        self.learn(winner.train)

    def to_refresh(self, patterns: Sequence[ErrorPattern]) -> list[Case]:
        """The training cases that a kept change aimed at `patterns` may have turned, and those of
        which nothing is known yet, in case order, or where they are too many a draw of them."""
        plan, known, left = self.run.plan, self.train.by_case, self.run.calls_left
        near = touched(plan.task, self.train, patterns)
        turned = {id for id, result in known.items() if not result.right or id in near}
        settled = (known.keys() - turned) | self.fresh
        cases = [case for case in self.splits.train if case.id not in settled]
        drawn = shuffled(
            cases,
            name=lambda case: case.id,
            seed=plan.seed,
            purpose=f"refresh {self.attempt}",
        )
        most = REFRESHED if left is None else min(REFRESHED, int(REFRESHED_SHARE * left))
        chosen = {case.id for case in drawn[:most]}
        return [case for case in cases if case.id in chosen]

    def _near(self, pattern: ErrorPattern) -> int:
        """How many of the pattern's mistakes lower the component in focus."""
        focused = self.run.plan.focused
        return 0 if focused is None else concerning(focused, pattern, self.train)

    def _failed(self, tried: Tried | None, patterns: Sequence[ErrorPattern]) -> None:
        self.failures.update(key_of(pattern) for pattern in patterns)
        if tried:
            self.tried.append(tried)
