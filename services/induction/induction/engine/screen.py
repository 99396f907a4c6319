"""What a candidate must pass before a single call is spent on it: leaks, size, the task's needs.

The leak guard looks at what the candidate says and its parent did not. It must not repeat a span
of 8 words or 50 characters from a validation or test case, nor from a case that may not be
quoted, and no such case as a whole, however short, as an example.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.groups import words
from induction.tasks.base import Case, Task

SPAN_WORDS = 8
SPAN_CHARACTERS = 50
INSTRUCTION_TOKENS = 3_000
EXAMPLE_TOKENS = 12_000
"""Room for about 500 short examples."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """The cases by what a prompt may repeat of them."""

    quotable: tuple[Case, ...]
    unquotable: tuple[Case, ...]
    held_out: tuple[Case, ...]


def guarded(train: Iterable[Case], held_out: Iterable[Case]) -> Guarded:
    """`held_out` are validation and test cases; of the training cases, consent decides."""
    train = tuple(train)
    taught = {case.id for case in train}
    return Guarded(
        quotable=tuple(case for case in train if case.may_quote),
        unquotable=tuple(case for case in train if not case.may_quote),
        held_out=tuple(case for case in held_out if case.id not in taught),
    )


def objections(
    task: Task,
    parent: PromptContent,
    candidate: PromptContent,
    *,
    baseline: PromptContent,
    cases: Guarded,
) -> list[str]:
    """Every reason against the candidate that its parent did not give; empty when it may go on."""
    found = [one for one in task.problems(candidate) if one not in task.problems(parent)]
    leaks = leaked(parent, candidate, baseline=baseline, cases=cases)
    if leaks:
        found.append(f"repeats {len(leaks)} case(s) that it must not know or may not quote")
    told, answered = _sizes(candidate)
    told_before, answered_before = _sizes(parent)
    if told > max(INSTRUCTION_TOKENS, told_before):
        found.append(f"instructions of {told} tokens, at most {INSTRUCTION_TOKENS} are allowed")
    if answered > max(EXAMPLE_TOKENS, answered_before):
        found.append(f"examples of {answered} tokens, at most {EXAMPLE_TOKENS} are allowed")
    return found


def leaked(
    parent: PromptContent, candidate: PromptContent, *, baseline: PromptContent, cases: Guarded
) -> list[Case]:
    """The guarded cases of which the candidate repeats a span that its parent did not.

    What stands in a quotable training case is no leak; of validation and test cases, nor is what
    the baseline said.
    """
    new = _said(candidate) - _said(parent)
    for case in cases.quotable:
        new -= _case_spans(case.text)
    new_to_baseline = new - _said(baseline)
    return [
        *(case for case in cases.unquotable if new & _case_spans(case.text)),
        *(case for case in cases.held_out if new_to_baseline & _case_spans(case.text)),
    ]


def _said(prompt: PromptContent) -> set[str]:
    spans = {span for block in prompt.instructions for span in _spans(block.text)}
    for example in prompt.examples:
        spans |= _case_spans(example.text) | _spans(str(example.output))
    return spans


def _case_spans(text: str) -> set[str]:
    """The spans of a text, and the text as a whole, marked so that it meets only another whole."""
    return _spans(text) | {f"={' '.join(words(text)) or text.strip()}"}


def _spans(text: str) -> set[str]:
    found = words(text)
    line = " ".join(found)
    return _windows(found, SPAN_WORDS, " ") | _windows(line, SPAN_CHARACTERS, "")


def _windows(units: Sequence[str], size: int, joint: str) -> set[str]:
    return {joint.join(units[at : at + size]) for at in range(len(units) - size + 1)}


def _sizes(prompt: PromptContent) -> tuple[int, int]:
    """Tokens of the instructions and of the examples."""
    told = PromptContent(instructions=prompt.instructions).tokens
    return told, prompt.tokens - told
