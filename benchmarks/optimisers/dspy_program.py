"""A dspy program whose one predictor asks our models.

Its instructions are our prompt as JSON and its demos become the prompt's examples, so that the
model reads the same wording whoever optimised it.
"""

from collections.abc import Sequence
from typing import Any

import dspy
from induction.task_kinds.base import Case
from nlu_shared.schemas.prompts import Example, PromptContent

from benchmarks.optimisers.data import Problem
from benchmarks.optimisers.metered import Models


class Program(dspy.Module):
    def __init__(self, predictor: dspy.Predict) -> None:
        super().__init__()
        self.predictor = predictor

    def forward(self, **inputs: str) -> dspy.Prediction:
        return self.predictor(**inputs)


def program(problem: Problem, models: Models) -> Program:
    by_text = {case.text: case for case in (*problem.train, *problem.validation)}

    class Labels(dspy.Predict):
        """Knows the models by closure: programs are copied, models are not."""

        def forward(self, **inputs: str) -> dspy.Prediction:
            case = by_text[inputs["text"]]
            (result,) = models.evaluate(prompt_of(self), [case]).by_case.values()
            prediction = dspy.Prediction(label=result.prediction.output or "")
            if dspy.settings.trace is not None:
                dspy.settings.trace.append((self, inputs, prediction))
            return prediction

    return Program(Labels(dspy.Signature("text -> label", problem.baseline.model_dump_json())))


def prompt_of(predictor: dspy.Predict) -> PromptContent:
    prompt = PromptContent.model_validate_json(predictor.signature.instructions)
    demos = tuple(Example(text=demo["text"], output=demo["label"]) for demo in predictor.demos)
    return prompt.model_copy(update={"examples": (*prompt.examples, *demos)})


def examples(cases: Sequence[Case]) -> list[dspy.Example]:
    return [dspy.Example(text=c.text, label=c.truth).with_inputs("text") for c in cases]


def is_right(gold: Any, prediction: Any, *_: Any) -> float:
    return float(gold.label == prediction.label)


def feedback(gold: Any, prediction: Any, *_: Any, **__: Any) -> dspy.Prediction:
    score = is_right(gold, prediction)
    return dspy.Prediction(score=score, feedback=f"the label is {gold.label}")
