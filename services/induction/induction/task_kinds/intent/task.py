"""What is particular to choosing one label for a text: scores, mistakes, strata.

How a prompt is put into words for a model is `nlu_shared.rendering`'s.
"""

from collections.abc import Sequence
from typing import Any

from nlu_shared.measure import f1
from nlu_shared.rendering import AnswerSpace, read
from nlu_shared.schemas.labels import LabelSpec, NoLabel, read_label, spellings
from nlu_shared.schemas.prompts import Example, PromptContent, TaskKind
from nlu_shared.schemas.tasks import Unanswerable
from pydantic import JsonValue

from induction.task_kinds.base import (
    Case,
    Component,
    Mistake,
    ModelAnswer,
    ModelPrediction,
    NoTruth,
    Score,
)
from induction.task_kinds.intent import wording

CONFUSED = "confused_labels"
NO_ANSWER = "no_answer"
DIGITS = 9
"""Scores are rounded, so that the last bit of a sum cannot tell two machines apart."""


class IntentTask:
    """Chooses one of the labels that are not retired. The objective is macro-F1 over the labels of
    the ground truth."""

    kind = TaskKind.INTENT
    scorer = "macro_f1/2"
    components_in_words = "a label of the task that is not retired"
    stratum_in_words = "label"

    def __init__(self, labels: Sequence[LabelSpec]) -> None:
        self.labels = tuple(label for label in labels if not label.retired)
        self.names = self.component_names = tuple(label.name for label in self.labels)
        self._spellings = spellings(labels)
        self.answers = AnswerSpace(self.kind, self.names, self._spellings)

    def baseline(self) -> PromptContent:
        return wording.plain_prompt(self.labels)

    def problems(self, prompt: PromptContent) -> list[str]:
        """Labels no longer named in the instructions; examples whose answer is no label. An alias
        is its label here too: a prompt from before a rename is no worse for it."""
        spellings = wording.named_in(prompt, [*self._spellings])
        named = {self._spellings[spelling] for spelling in spellings}
        missing = [f"label {name!r} is not named" for name in self.names if name not in named]
        strange = [
            f"example {index} answers with no label of this task"
            for index, example in enumerate(prompt.all_examples)
            if self._spellings.get(str(example.output)) not in self.names
        ]
        return missing + strange

    def parse(self, answer: ModelAnswer) -> ModelPrediction:
        """A label of this task with its confidence, absent where there is none, by the rule of
        `nlu_shared.rendering.leniency`."""
        return read(answer, self.answers)

    def example(self, case: Case) -> Example:
        return Example(text=case.text, output=case.truth, case_id=case.id, context=case.context)

    def is_valid_output(self, output: JsonValue) -> bool:
        return isinstance(output, str) and output in self.names

    def read(self, truth: JsonValue) -> JsonValue:
        """By the one reading of all doors, then by the set."""
        try:
            label = read_label(truth)
        except NoLabel:
            label = None
        if label is None:
            raise NoTruth(Unanswerable.NO_LABEL)
        named = self._spellings.get(label)
        if named is None:
            raise NoTruth(Unanswerable.UNKNOWN_LABEL, label)
        if named not in self.names:
            raise NoTruth(Unanswerable.RETIRED_LABEL, named)
        return named

    def case_score(self, truth: JsonValue, prediction: ModelPrediction) -> float:
        return float(prediction.output == truth)

    def score(self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]) -> Score:
        """Macro-F1, with each label's F1 as `f1:<label>`, and accuracy."""
        total = f1.summed(*self._words(truths, predictions), self.counted(truths))
        occurring = set(map(str, truths))
        components = {
            f"f1:{name}": round(float(value), DIGITS)
            for name, value in zip(self.counted(truths), f1.f1(total), strict=True)
            if name in occurring
        }
        right = int(total[:, f1.TP].sum())
        components["accuracy"] = round(right / len(truths), DIGITS) if truths else 0.0
        return Score(round(float(self.objective(total)), DIGITS), components, len(truths))

    def per_conversation(
        self, cases: Sequence[Case], predictions: Sequence[ModelPrediction]
    ) -> None:
        """Labels of a conversation add up to nothing."""

    def counts(
        self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]
    ) -> f1.Counts:
        return f1.by_case(*self._words(truths, predictions), self.counted(truths))

    def counted(self, truths: Sequence[JsonValue]) -> list[str]:
        """A truth that is no label of the task (any more) counts too: as a miss."""
        return [*self.names, *sorted({str(truth) for truth in truths} - set(self.names))]

    def _words(
        self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]
    ) -> tuple[list[str], list[str | None]]:
        labels = [None if one.output is None else str(one.output) for one in predictions]
        return [str(truth) for truth in truths], labels

    def objective(self, counts: f1.Counts | f1.Floats) -> f1.Floats:
        return f1.macro_f1(counts)

    def component(self, name: str) -> Component | None:
        """A label's F1."""
        if name not in self.names:
            return None
        place = self.names.index(name)
        return Component(
            name,
            f1=lambda counts: f1.f1(counts[..., place, :]),
            concerns=lambda mistake: name in (mistake.truth, mistake.predicted),
        )

    def mistakes(self, truth: JsonValue, prediction: ModelPrediction) -> list[Mistake]:
        if prediction.fault is not None:
            return [Mistake(NO_ANSWER, str(truth), None)]
        if prediction.output == truth:
            return []
        return [Mistake(CONFUSED, str(truth), str(prediction.output))]

    def nearly(self, truth: JsonValue, prediction: ModelPrediction) -> None:
        """A label is the label or it is not."""

    def holds(self, truth: JsonValue) -> frozenset[str]:
        return frozenset({str(truth)})

    def people(self, truth: JsonValue) -> frozenset[str]:
        """A label names nobody."""
        return frozenset()

    def stratum(self, truth: JsonValue) -> str:
        return str(truth)

    def describe(self) -> dict[str, Any]:
        labels = [label.model_dump(include={"name", "description"}) for label in self.labels]
        return {"kind": str(self.kind), "labels": labels}
