"""What is known of a prompt that has answered all validation cases."""

from dataclasses import dataclass, field

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.evaluation.results import EvalResults


@dataclass(frozen=True, slots=True)
class EvaluatedPrompt:
    """A prompt with its results on all of validation, and on what it was asked of the training
    cases, each without the examples of its own fold."""

    content: PromptContent
    validation: EvalResults
    train: EvalResults = field(default_factory=lambda: EvalResults({}))
