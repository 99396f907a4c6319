"""From a prompt to the request that is measured and run, and from an answer to a prediction. Pure.

What a request says is decided by the prompt's content and the answers that are possible: whoever
has both has the request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nlu_shared.rendering import extraction, intent, retrieval
from nlu_shared.rendering.answers import ModelAnswer, ModelPrediction
from nlu_shared.rendering.request import ModelRequest, framed
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import Example, PromptContent, TaskKind
from nlu_shared.schemas.rendered import RenderedPrompt, RenderedRetrieval

EXAMPLES_HEADING = "Examples, one JSON object per line:"


@dataclass(frozen=True, slots=True)
class AnswerSpace:
    """What an answer can be: the kind of the task and, for an intent, its labels in their order and
    the other spellings that are read as one of them."""

    kind: TaskKind
    labels: tuple[str, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def other_spellings(self) -> dict[str, str]:
        """Those that are no label's own name."""
        return {one: label for one, label in self.spellings.items() if one not in self.labels}

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of an answer."""
        return extraction.SCHEMA if self._is_extraction else intent.schema(self.labels)

    @property
    def max_tokens(self) -> int:
        """Of an answer."""
        return extraction.MAX_TOKENS if self._is_extraction else intent.MAX_TOKENS

    def shape(self, prompt: PromptContent) -> str | None:
        """How to answer, in a sentence, for models that are held to no schema; None where the
        prompt has it already."""
        instructions = prompt.instruction_text
        shape = extraction.SHAPE if self._is_extraction else intent.shape(self.labels, instructions)
        return None if shape in instructions else shape

    @property
    def example_line(self) -> Callable[[Example], str]:
        """Writes an example as one line."""
        return extraction.example_line if self._is_extraction else intent.example_line

    @property
    def _is_extraction(self) -> bool:
        return self.kind is TaskKind.EXTRACTION


def render(
    prompt: PromptContent,
    text: str,
    context: Context | None = None,
    *,
    answers: AnswerSpace,
    model: str,
) -> ModelRequest:
    """The request that puts a prompt to a text, whole. `request.body_of` makes of it what a model's
    server is sent."""
    chosen = _chosen(_bank(prompt, answers), text, context)
    return ModelRequest(
        model=model,
        system=(*system_parts(prompt, answers), *chosen),
        user=framed(text, context),
        schema=answers.schema,
        max_tokens=answers.max_tokens,
        varying=len(chosen),
    )


def render_parts(
    rendered: RenderedPrompt, text: str, context: Context | None = None, *, model: str
) -> ModelRequest:
    """The same from a prompt that comes rendered."""
    chosen = _chosen(rendered.retrieval, text, context)
    return ModelRequest(
        model=model,
        system=(*rendered.system, *chosen),
        user=framed(text, context),
        schema=rendered.response_schema,
        max_tokens=rendered.max_tokens,
        varying=len(chosen),
    )


def rendered(prompt: PromptContent, answers: AnswerSpace) -> RenderedPrompt:
    """All of a request that stays the same from case to case, and its hash."""
    return RenderedPrompt.of(
        system_parts(prompt, answers),
        dict(answers.schema),
        answers.max_tokens,
        _bank(prompt, answers),
    )


def read(answer: ModelAnswer, answers: AnswerSpace) -> ModelPrediction:
    """What an answer says about a case, by the rule of `leniency`; what is none of the answers that
    can be is a fault."""
    if answers.kind is TaskKind.EXTRACTION:
        return extraction.read(answer)
    return intent.read(answer, answers.labels, answers.spellings)


def system_parts(prompt: PromptContent, answers: AnswerSpace) -> tuple[str, ...]:
    """What stays the same: the instructions, the examples where there are any, and the shape of an
    answer where the instructions do not say it in these very words."""
    examples = (examples_text(prompt.examples, answers),) if prompt.examples else ()
    shape = answers.shape(prompt)
    return (prompt.instruction_text, *examples, *((shape,) if shape else ()))


def examples_text(examples: Sequence[Example], answers: AnswerSpace) -> str:
    return "\n".join([EXAMPLES_HEADING, *map(answers.example_line, examples)])


def _bank(prompt: PromptContent, answers: AnswerSpace) -> RenderedRetrieval | None:
    if prompt.retrieval is None:
        return None
    return retrieval.lines_of(prompt.retrieval, answers.example_line)


def _chosen(bank: RenderedRetrieval | None, text: str, context: Context | None) -> tuple[str, ...]:
    """The part of the system text that is the text's own, last, so that a provider's cache holds
    all before it."""
    part = "" if bank is None else retrieval.part(bank, text, context)
    return (part,) if part else ()
