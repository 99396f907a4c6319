"""Our proposal function as the peers' hooks call it: a prompt and how it answered some cases in,
another prompt out. It is the engine's own meta-prompt, with the engine's own limits and retries.

Shown what it proposed for the same prompt before, it does not propose the same again.
"""

from collections import defaultdict

from induction.engine.evaluation.results import EvalResults
from induction.engine.plan import Plan
from induction.engine.proposal import edits, meta_prompt
from induction.engine.proposal.error_patterns import patterns_of, worked_on
from induction.engine.proposal.meta_prompt import Brief, Tried, shown_cases
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.metered import MODEL, Models


class Proposals:
    def __init__(self, problem: Problem, models: Models) -> None:
        self._models, self._number = models, 0
        self._plan = Plan(
            task=problem.task, cases=(*problem.train, *problem.validation),
            dataset_hash="benchmark", splits={}, baseline=problem.baseline, task_model=MODEL,
            proposer_model=MODEL,
        )  # fmt: skip
        self._tried: dict[str, list[Tried]] = defaultdict(list)

    def next(self, prompt: PromptContent, results: EvalResults) -> PromptContent:
        """The prompt changed for its mistakes in `results`, or as it is where nothing came of
        it."""
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
            answer = self._models.propose(meta_prompt.request(self._plan, brief, invalid), sample)
            try:
                change = meta_prompt.read(answer, self._plan.task)
                changed = edits.apply(
                    prompt, change, shown=brief.shown, most_examples=brief.most_examples,
                    task=self._plan.task,
                )  # fmt: skip
            except edits.InvalidChange as problem:
                invalid = str(problem)
                continue
            tried.append(Tried(change, "proposed", "proposed before"))
            return changed
        return prompt
