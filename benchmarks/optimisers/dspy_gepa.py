"""dspy's GEPA, which calls our proposal function."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dspy.teleprompt import GEPA
from induction.engine.evaluation.results import EvalResults, judge
from induction.task_kinds.base import ModelPrediction
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.dspy_program import Program, examples, feedback
from benchmarks.optimisers.metered import Models
from benchmarks.optimisers.proposing import Proposals


def reflective(problem: Problem, models: Models, student: Program, *, minibatch: int) -> Program:
    search = GEPA(
        metric=feedback, instruction_proposer=_proposer(problem, models), seed=problem.seed,
        reflection_minibatch_size=minibatch, max_metric_calls=4 * models.left, num_threads=1,
        gepa_kwargs={"stop_callbacks": [lambda _: models.left <= 0]},
    )  # fmt: skip
    return search.compile(
        student, trainset=examples(problem.train), valset=examples(problem.validation)
    )


def _proposer(problem: Problem, models: Models) -> Callable[..., dict[str, str]]:
    by_text, proposals = {case.text: case for case in problem.train}, Proposals(problem, models)

    def propose(
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        (name,) = components_to_update
        results = {}
        for record in reflective_dataset[name]:
            case = by_text[record["Inputs"]["text"]]
            answer = ModelPrediction(output=record["Generated Outputs"]["label"])
            results[case.id] = judge(problem.task, case, answer)
        prompt = PromptContent.model_validate_json(candidate[name])
        return {name: proposals.next(prompt, EvalResults(results)).model_dump_json()}

    return propose
