"""gepa by its adapter: one component, the whole prompt as JSON, and our proposal function as
`propose_new_texts`. Its own settings but for the size of the reflective minibatch; no cache."""

from collections.abc import Mapping, Sequence
from typing import Any

import gepa
from gepa.core.adapter import EvaluationBatch
from induction.engine.evaluation.evaluate import CaseResult, EvalResults
from induction.task_kinds.base import Case
from nlu_shared.schemas.prompts import PromptContent

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import MeteredModel
from benchmarks.optimisers.proposing import Proposals, divided

PROMPT = "prompt"
Candidate = dict[str, str]
Records = Mapping[str, Sequence[Mapping[str, Any]]]


class _Adapter:
    def __init__(self, given: Round, model: MeteredModel) -> None:
        self._model = model
        self._proposals = Proposals(given, model)

    def evaluate(
        self, batch: list[Case], candidate: Candidate, capture_traces: bool = False
    ) -> EvaluationBatch[CaseResult, CaseResult]:
        entries = list(self._model.evaluate(_read(candidate), batch).by_case.values())
        scores = [entry.score for entry in entries]
        return EvaluationBatch(entries, scores, entries if capture_traces else None)

    def make_reflective_dataset(
        self,
        _: Candidate,
        evaluated: EvaluationBatch[CaseResult, CaseResult],
        components: list[str],
    ) -> Records:
        return {name: [{"entry": one} for one in evaluated.outputs] for name in components}

    def propose_new_texts(
        self, candidate: Candidate, records: Records, components: list[str]
    ) -> Candidate:
        results = EvalResults({one["entry"].case.id: one["entry"] for one in records[PROMPT]})
        made = self._proposals.next(_read(candidate), results)
        return dict.fromkeys(components, made.model_dump_json())


class _Silent:
    def log(self, _: str) -> None: ...


def improved(given: Round, model: MeteredModel, *, minibatch: int) -> PromptContent:
    train, validation = divided(given)
    result = gepa.optimize(
        seed_candidate={PROMPT: given.task.baseline().model_dump_json()},
        trainset=list(train),
        valset=list(validation),
        adapter=_Adapter(given, model),
        reflection_minibatch_size=minibatch,
        max_metric_calls=model.left,
        cache_evaluation=False,
        logger=_Silent(),
        seed=given.seed,
        raise_on_exception=True,
    )
    return _read(result.best_candidate)


def _read(candidate: Candidate) -> PromptContent:
    return PromptContent.model_validate_json(candidate[PROMPT])
