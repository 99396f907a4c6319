"""Our proposal function as the peers' hooks call it: a prompt and how it answered some cases in,
another prompt out. It is the engine's own meta-prompt, with the engine's own limits and retries.

Told what it proposed for the same prompt before, it does not propose the same again.
"""

from collections import defaultdict
from collections.abc import Sequence

from induction.engine.data.chance import shuffled
from induction.engine.evaluation.evaluate import EvalResults
from induction.engine.plan import Plan
from induction.engine.proposal import edits, meta_prompt
from induction.engine.proposal.error_patterns import patterns_of, worked_on
from induction.engine.proposal.meta_prompt import Brief, Tried, shown_cases
from induction.task_kinds.base import Case
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import MODEL, MeteredModel


class Proposals:
    def __init__(self, given: Round, model: MeteredModel) -> None:
        self._model, self._number = model, 0
        self._plan = Plan(
            task=given.task, cases=given.labelled, dataset_hash="benchmark", splits={},
            baseline=given.task.baseline(), task_model=MODEL, proposer_model=MODEL,
        )  # fmt: skip
        self._tried: dict[str, list[Tried]] = defaultdict(list)

    def next(self, prompt: PromptContent, results: EvalResults) -> PromptContent:
        """The prompt changed for its mistakes in `results`, or as it is where none came."""
        self._number += 1
        patterns = worked_on(patterns_of(results))
        tried = self._tried[prompt.version_hash]
        brief = Brief(
            prompt=prompt,
            score=results.scored(self._plan.task),
            results=results,
            patterns=patterns,
            shown=shown_cases(results, patterns, seed=0, attempt=self._number),
            remembered=(),
            tried=tuple(tried),
            hints=(),
        )
        invalid: str | None = None
        for sample in range(1 + meta_prompt.RETRIES):
            answer = self._model.propose(meta_prompt.request(self._plan, brief, invalid), sample)
            try:
                idea = meta_prompt.read(answer, self._plan.task)
                made = edits.apply(
                    prompt, idea, shown=brief.shown, most_examples=brief.most_examples,
                    task=self._plan.task,
                )  # fmt: skip
            except edits.InvalidChange as problem:
                invalid = str(problem)
                continue
            tried.append(Tried(idea, "proposed", "proposed before"))
            return made
        return prompt


def divided(given: Round) -> tuple[Sequence[Case], Sequence[Case]]:
    """80 % of the labelled cases to learn from and 20 % to choose by, the same for every peer,
    in proportion to the intents and in a drawn order."""
    by_truth: dict[str, list[Case]] = defaultdict(list)
    for case in given.labelled:
        by_truth[str(case.truth)].append(case)
    ordered = [case for truth in sorted(by_truth) for case in by_truth[truth]]
    mixed = shuffled(ordered[::5], name=_id, seed=given.seed, purpose="validation")
    rest = [case for number, case in enumerate(ordered) if number % 5]
    return shuffled(rest, name=_id, seed=given.seed, purpose="training"), mixed


def _id(case: Case) -> object:
    return case.id
