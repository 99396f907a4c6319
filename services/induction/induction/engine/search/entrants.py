"""A prompt in the race, with what it has answered so far, and where it stands among the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from induction.engine.evaluation import unanswered
from induction.engine.evaluation.results import CaseResult, EvalResults
from induction.engine.plan import Plan
from induction.engine.proposal.meta_prompt import Candidate
from induction.engine.proposal.rungs import Rung
from induction.engine.search import acceptance
from induction.engine.search.acceptance import Rank
from induction.engine.search.measured import EvaluatedPrompt
from induction.engine.search.state import Search
from induction.engine.search.validation import objection, ranks
from induction.task_kinds.base import Case


@dataclass(slots=True)
class Entrant:
    """A rung that nothing spoke against.

    rung: what it shows.
    candidate: the change it is, and the prompt.
    validation: what it has answered of the validation cases, in the order they were asked.
    train: of the training cases, each without the examples of its own fold.
    compared: the training cases that all were asked which validation cannot tell apart.
    """

    rung: Rung
    candidate: Candidate
    validation: EvalResults = field(default_factory=lambda: EvalResults({}))
    train: EvalResults = field(default_factory=lambda: EvalResults({}))
    compared: Sequence[Case] = ()

    def learn(self, answered: EvalResults) -> None:
        """More of the validation cases."""
        self.validation = EvalResults(
            {**self.validation.by_case, **answered.by_case},
            self.validation.lost | answered.lost,
            self.validation.too_long | answered.too_long,
        )

    def is_measured(self, search: Search) -> bool:
        """Whether it has answered all of validation, or nearly."""
        cases = search.splits.validation
        seen = len(self.validation.by_case) + len(self.validation.lost)
        return seen == len(cases) and unanswered.objection(cases, self.validation) is None

    def measured(self, search: Search) -> EvaluatedPrompt:
        """What is known of it, in case order."""
        results = self.validation.of(search.splits.validation)
        validation = replace(self.validation, by_case=results.by_case)
        return EvaluatedPrompt(self.candidate.content, validation, self.train)

    @property
    def beside(self) -> EvalResults:
        """Its answers to the training cases that it was compared on."""
        return self.train.of(self.compared)

    @property
    def known(self) -> EvalResults:
        """On validation, and on the training cases where it was compared on them."""
        return self.validation | self.beside

    def rank(self, search: Search) -> tuple[bool, bool, Rank]:
        """One that breaks a guard ranks below all that break none, and one that was not compared on
        training cases below those it could not be told from."""
        plan, content = search.run.plan, self.candidate.content
        broken = acceptance.broken_guards(plan, search.baseline_validation, self.validation)
        ranked = acceptance.rank(plan, content, validation=self.known, train=search.train)
        return not broken, bool(self.compared), ranked

    def objection(self, search: Search) -> str | None:
        """Why the best prompt, which is the baseline, would stand against it alone."""
        content, beside = self.candidate.content, self.beside
        reached, best = ranks(search, content, self.validation, beside=beside)
        return objection(search, reached, best, self.validation, beside=len(self.compared))

    def points(self, plan: Plan) -> float:
        """What its answers count together."""
        return sum(points_of(plan, result) for result in self.validation.by_case.values())

    def unheard(self, plan: Plan) -> str | None:
        """Why nothing can be concluded from what it was asked, or None."""
        seen = [*self.validation.by_case, *self.validation.lost]
        return unanswered.refusal(plan.task, self.candidate.content, seen, self.validation)

    def behind(self, plan: Plan) -> str:
        """Why it went no further."""
        if reason := self.unheard(plan):
            return reason
        cases = len(self.validation.by_case)
        scored = f"scores {self.points(plan):g} on {cases} validation cases"
        return f"{scored}, and other choices as much or more"


def points_of(plan: Plan, result: CaseResult) -> float:
    """What a case counts in the race: for the focus where there is one, else as it is scored."""
    if plan.focused is None:
        return result.score
    return float(not any(plan.focused.concerns(mistake) for mistake in result.mistakes))
