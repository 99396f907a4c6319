"""gepa by its adapter: one component, the whole prompt as JSON, and our proposal function as
`propose_new_texts`. Its own settings but for the size of the reflective minibatch; no cache."""

from collections.abc import Mapping, Sequence
from typing import Any

import gepa
from gepa.core.adapter import EvaluationBatch
from induction.engine.evaluation.results import CaseResult, EvalResults
from induction.task_kinds.base import Case
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.metered import Models
from benchmarks.optimisers.proposing import Proposals

PROMPT = "prompt"
Candidate = dict[str, str]
Records = Mapping[str, Sequence[Mapping[str, Any]]]


class _Adapter:
    def __init__(self, problem: Problem, models: Models) -> None:
        self._models = models
        self._proposals = Proposals(problem, models)

    def evaluate(
        self, batch: list[Case], candidate: Candidate, capture_traces: bool = False
    ) -> EvaluationBatch[CaseResult, CaseResult]:
        results = list(self._models.evaluate(_read(candidate), batch).by_case.values())
        scores = [result.score for result in results]
        return EvaluationBatch(results, scores, results if capture_traces else None)

    def make_reflective_dataset(
        self,
        _: Candidate,
        evaluated: EvaluationBatch[CaseResult, CaseResult],
        components: list[str],
    ) -> Records:
        return {name: [{"result": one} for one in evaluated.outputs] for name in components}

    def propose_new_texts(
        self, candidate: Candidate, records: Records, components: list[str]
    ) -> Candidate:
        results = EvalResults({one["result"].case.id: one["result"] for one in records[PROMPT]})
        changed = self._proposals.next(_read(candidate), results)
        return dict.fromkeys(components, changed.model_dump_json())


class _Silent:
    def log(self, _: str) -> None: ...


def improved(problem: Problem, models: Models, *, minibatch: int) -> PromptContent:
    result = gepa.optimize(
        seed_candidate={PROMPT: problem.baseline.model_dump_json()},
        trainset=list(problem.train),
        valset=list(problem.validation),
        adapter=_Adapter(problem, models),
        reflection_minibatch_size=minibatch,
        max_metric_calls=models.left,
        cache_evaluation=False,
        logger=_Silent(),
        seed=problem.seed,
        raise_on_exception=True,
    )
    return _read(result.best_candidate)


def _read(candidate: Candidate) -> PromptContent:
    return PromptContent.model_validate_json(candidate[PROMPT])
