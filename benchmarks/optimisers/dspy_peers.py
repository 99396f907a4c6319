"""dspy's optimisers on a program whose one predictor asks the metered model.

Its instructions are our prompt as JSON and its demos become the prompt's examples, so that the
model reads the same wording whoever optimised it. GEPA calls our proposal function; the other two
have no hook for one and search demonstrations only.
"""

import contextlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy
from dspy.teleprompt import GEPA, BootstrapFewShotWithRandomSearch, MIPROv2
from induction.engine.evaluation.evaluate import EvalResults, judge
from induction.task_kinds.base import Case, Prediction
from nlu_shared.schemas.prompts import Example, PromptContent

from benchmarks.optimisers.data import Round
from benchmarks.optimisers.metered import MODEL, MeteredModel
from benchmarks.optimisers.proposing import Proposals, divided

CANDIDATES = 1_000
"""More than any budget pays for; the model ends the search."""
Optimiser = Callable[[Round, MeteredModel, "Program"], "Program"]


class Program(dspy.Module):
    def __init__(self, predictor: dspy.Predict) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, **inputs: str) -> dspy.Prediction:
        return self.predictor(**inputs)


def improved(given: Round, model: MeteredModel, optimise: Optimiser) -> PromptContent:
    logging.disable(logging.WARNING)
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        return _prompt(optimise(given, model, _program(given, model)).predictor)


def random_search(demos: int) -> Optimiser:
    """One candidate at a time, so that the last one whose every call was paid for counts."""

    def optimise(given: Round, model: MeteredModel, student: Program) -> Program:
        train, validation = map(_examples, divided(given))
        best, reached = student, -1.0
        for number in range(-3, CANDIDATES):
            search = BootstrapFewShotWithRandomSearch(
                metric=_right, max_labeled_demos=demos, num_candidate_programs=CANDIDATES,
                num_threads=1,
            )  # fmt: skip
            program = search.compile(student, trainset=train, valset=validation, restrict={number})
            score = program.candidate_programs[0]["score"]
            if model.silent:
                break
            if score > reached:
                best, reached = program, score
        return best

    return optimise


def mipro(demos: int) -> Optimiser:
    def optimise(given: Round, model: MeteredModel, student: Program) -> Program:
        train, validation = map(_examples, divided(given))
        trials = 2 * model.left // len(validation)  # Those drawn again come from its cache.
        search = _DemosOnly(
            metric=_right, prompt_model=object(), task_model=object(), auto=None, seed=given.seed,
            num_candidates=max(4, trials // 2), max_labeled_demos=demos, num_threads=1,
        )  # fmt: skip
        return search.compile(
            student, trainset=train, valset=validation, num_trials=trials, minibatch=False
        )

    return optimise


def reflective(minibatch: int) -> Optimiser:
    def optimise(given: Round, model: MeteredModel, student: Program) -> Program:
        train, validation = map(_examples, divided(given))
        by_text, proposals = {case.text: case for case in given.labelled}, Proposals(given, model)

        def propose(
            candidate: dict[str, str],
            reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
            components_to_update: list[str],
        ) -> dict[str, str]:
            (name,) = components_to_update
            entries = {}
            for record in reflective_dataset[name]:
                case = by_text[record["Inputs"]["text"]]
                prediction = Prediction(output=record["Generated Outputs"]["label"])
                entries[case.id] = judge(given.task, case, prediction)
            prompt = PromptContent.model_validate_json(candidate[name])
            return {name: proposals.next(prompt, EvalResults(entries)).model_dump_json()}

        search = GEPA(
            metric=_feedback, instruction_proposer=propose, reflection_minibatch_size=minibatch,
            max_metric_calls=4 * model.left, seed=given.seed, num_threads=1,
            gepa_kwargs={"stop_callbacks": [lambda _: model.left <= 0]},
        )  # fmt: skip
        return search.compile(student, trainset=train, valset=validation)

    return optimise


class _DemosOnly(MIPROv2):
    def _propose_instructions(self, program: Any, *_: Any, **__: Any) -> dict[int, list[str]]:
        return {0: [program.predictor.signature.instructions]}


def _program(given: Round, model: MeteredModel) -> Program:
    class Labels(dspy.Predict):
        """Knows the model by closure: programs are copied, the model is not."""

        def forward(self, **inputs: str) -> dspy.Prediction:
            request = given.task.request(_prompt(self), inputs["text"], model=MODEL)
            answered = given.task.parse(model.ask(request))
            prediction = dspy.Prediction(label=answered.output or "")
            if dspy.settings.trace is not None:
                dspy.settings.trace.append((self, inputs, prediction))
            return prediction

    instructions = given.task.baseline().model_dump_json()
    return Program(Labels(dspy.Signature("text -> label", instructions)))


def _prompt(predictor: dspy.Predict) -> PromptContent:
    prompt = PromptContent.model_validate_json(predictor.signature.instructions)
    demos = tuple(Example(text=demo["text"], output=demo["label"]) for demo in predictor.demos)
    return prompt.model_copy(update={"examples": (*prompt.examples, *demos)})


def _examples(cases: Sequence[Case]) -> list[dspy.Example]:
    return [dspy.Example(text=c.text, label=c.truth).with_inputs("text") for c in cases]


def _right(gold: Any, predicted: Any, *_: Any) -> float:
    return float(gold.label == predicted.label)


def _feedback(gold: Any, predicted: Any, *_: Any, **__: Any) -> dspy.Prediction:
    return dspy.Prediction(score=_right(gold, predicted), feedback=f"the label is {gold.label}")
