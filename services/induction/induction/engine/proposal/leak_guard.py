"""What a candidate must pass before a single call is spent on it: leaks, size, the task's needs.

The leak guard looks at what the candidate says and its parent did not. It must not repeat a span
of 8 words or 50 characters, nor a person's name (see `names`), from a validation or test case, nor
from a case that may not be quoted, and no such case as a whole, however short, as an example.

Texts of cases can be written by anybody, also by somebody who hopes to be read as the operator. So
a case gets into a prompt in one way only: quoted by its id as an example, with the answer that was
approved for it. Instructions, and examples a proposer made up, must not repeat 5 words in a row of
any training case, quotable or not, nor a whole sentence of 3 words or more; no made-up example may
stand whole inside a case. What is shorter, or said in the proposer's own words, no comparison of
texts can tell from an honest rule: that is left to the gate and to validation.

A baseline is never refused: it comes from outside. The test cases that it quotes judge nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.groups import words
from induction.engine.proposal.names import Names, names
from induction.tasks.base import Case, Task

SPAN_WORDS = 8
SPAN_CHARACTERS = 50
RETOLD_WORDS = 5
SENTENCE_WORDS = 3
INSTRUCTION_TOKENS = 3_000
EXAMPLE_TOKENS = 12_000
"""Room for about 500 short examples."""
_SENTENCE = re.compile(r"[.!?…\n\r\"“”«»{}\[\]<>]+")


@dataclass(frozen=True, slots=True)
class Guarded:
    """The cases by what a prompt may repeat of them."""

    task: Task
    names: Names
    quotable: tuple[Case, ...]
    unquotable: tuple[Case, ...]
    held_out: tuple[Case, ...]

    @property
    def train(self) -> tuple[Case, ...]:
        return self.quotable + self.unquotable

    def spans(self, case: Case) -> set[str]:
        return _case_spans(case.text) | self.names.marks_of(self.task, case)

    def spans_before(self, case: Case) -> set[str]:
        """Of what stands before the case."""
        if case.context is None:
            return set()
        texts = [turn.text for turn in case.context.before]
        found = {span for text in texts for span in _spans(text) | self.names.marks(text)}
        return found | self.names.marks_of_known(self.task, case)


def guarded(
    task: Task, baseline: PromptContent, train: Iterable[Case], held_out: Iterable[Case]
) -> Guarded:
    """`held_out` are validation and test cases; of the training cases, consent decides."""
    train, held_out = tuple(train), tuple(held_out)
    taught = {case.id for case in train}
    return Guarded(
        task=task,
        names=names(task, [*_own_words(task), *_texts(baseline)], (*train, *held_out)),
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
    if copied := retold(parent, candidate, cases):
        found.append(f"says the words of {len(copied)} case(s) without quoting them as examples")
    told, answered = _sizes(candidate)
    told_before, answered_before = _sizes(parent)
    if told > max(INSTRUCTION_TOKENS, told_before):
        found.append(f"instructions of {told} tokens, at most {INSTRUCTION_TOKENS} are allowed")
    if answered > max(EXAMPLE_TOKENS, answered_before):
        found.append(f"examples of {answered} tokens, at most {EXAMPLE_TOKENS} are allowed")
    return found


def oversized(prompt: PromptContent) -> list[str]:
    """What of a prompt from outside is over the limits. It is not refused: from there on changes
    may only keep or lower what is too much."""
    limits = (("instructions", INSTRUCTION_TOKENS), ("examples", EXAMPLE_TOKENS))
    return [
        f"the baseline's {name} take {size} tokens, more than {limit}: no change may add to them"
        for (name, limit), size in zip(limits, _sizes(prompt), strict=True)
        if size > limit
    ]


def leaked(
    parent: PromptContent, candidate: PromptContent, *, baseline: PromptContent, cases: Guarded
) -> list[Case]:
    """The guarded cases of which the candidate repeats a span or a name that its parent did not.

    What stands in a quotable training case is no leak; of validation and test cases, nor is what
    the baseline said. What stands before a case may be another case: it excuses only what stands
    before others.
    """
    new = _said(candidate, cases.names) - _said(parent, cases.names)
    for case in cases.quotable:
        new -= cases.spans(case)
    new_to_baseline = new - _said(baseline, cases.names)
    before = set[str]().union(*map(cases.spans_before, cases.quotable))

    def repeats(new: set[str], case: Case) -> bool:
        return bool(new & cases.spans(case) or (new - before) & cases.spans_before(case))

    return [
        *(case for case in cases.unquotable if repeats(new, case)),
        *(case for case in cases.held_out if repeats(new_to_baseline, case)),
    ]


def retold(parent: PromptContent, candidate: PromptContent, cases: Guarded) -> list[Case]:
    """The training cases whose words the candidate newly says as if they were its own."""
    before = _unquoted(parent)
    known = {span for text in (*_own_words(cases.task), *before) for span in _runs(text)}
    new = {span for text in _unquoted(candidate) - before for span in _runs(text)} - known
    made_up = [
        f" {' '.join(words(one.text))} "
        for one in candidate.examples
        if one.case_id is None and one.text not in before
    ]
    return [
        case
        for case in cases.train
        if new & _sayings(case.said)
        or any(text in f" {' '.join(words(case.said))} " for text in made_up)
    ]


def quoted_by(
    baseline: PromptContent, train: Iterable[Case], held_out: Iterable[Case]
) -> list[Case]:
    """The cases set aside whose words the baseline says: whoever wrote it has seen them. Words
    that training cases say too prove nothing."""
    said = {span for text in _texts(baseline) for span in _spans(text)}
    said |= {span for example in baseline.examples for span in _case_spans(example.text)}
    for case in train:
        said -= _case_spans(case.text) | _spans(case.said)
    return [case for case in held_out if said & (_case_spans(case.text) | _spans(case.said))]


def _unquoted(prompt: PromptContent) -> set[str]:
    made_up = (example.text for example in prompt.examples if example.case_id is None)
    return {*(block.text for block in prompt.instructions), *made_up}


def _texts(prompt: PromptContent) -> list[str]:
    return [block.text for block in prompt.instructions] + [one.said for one in prompt.examples]


def _own_words(task: Task) -> list[str]:
    return [*_texts(task.baseline()), *_strings(task.describe())]


def _strings(value: object) -> list[str]:
    """Every text inside a JSON value."""
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in _strings(one)]
    return [value] if isinstance(value, str) else []


def _runs(text: str) -> set[str]:
    """Every run of 3 to 5 words."""
    found = words(text)
    sizes = range(SENTENCE_WORDS, RETOLD_WORDS + 1)
    return set[str]().union(*(_windows(found, size, " ") for size in sizes))


def _sayings(text: str) -> set[str]:
    """The runs of 5 words in a text, and its shorter sentences whole."""
    whole = _windows(words(text), RETOLD_WORDS, " ")
    for sentence in _SENTENCE.split(text):
        found = words(sentence)
        if SENTENCE_WORDS <= len(found) < RETOLD_WORDS:
            whole.add(" ".join(found))
    return whole


def _said(prompt: PromptContent, known: Names) -> set[str]:
    answers = [one for example in prompt.examples for one in (example.output, example.known)]
    outputs = [text for answer in answers for text in _strings(answer)]
    spans = {span for text in (*_texts(prompt), *outputs) for span in _spans(text)}
    for text in _texts(prompt):
        spans |= known.marks(text)
    for text in outputs:
        spans |= known.marks(f"a {text}")
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
