"""What a candidate must pass before a single call is spent on it: leaks, size, the task's needs.

The leak guard (see `leaks`) looks at what is stored of the candidate and its parent did not say. It
must not repeat 7 words or 30 letters in a row, nor most of a passage in pieces or any order (see
`traces`), nor a person's name (see `names`), from a validation or test case, nor from a case that
may not be quoted, and no such case as a whole, however short, as an example.

Texts of cases can be written by anybody, also by somebody who hopes to be read as the operator. So
a case gets into a prompt in one way only: quoted by its id as an example, with the answer that was
approved for it. Instructions, and examples a proposer made up, must not repeat 5 words in a row of
any training case, quotable or not, nor a whole sentence of 3 words or more; no made-up example may
stand whole inside a case. What is shorter, or said in the proposer's own words, no comparison of
texts can tell from an honest rule: that is left to the gate and to validation.

A baseline is never refused: it comes from outside. The test cases that it quotes judge nothing.
"""

from collections.abc import Iterable, Sequence

from nlu_shared.rendering import bank_tokens, example_tokens, part_tokens, tokens
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.folding import words
from induction.engine.data.room import UNBOUNDED, Room
from induction.engine.leak_guard import prompt_texts, retelling
from induction.engine.leak_guard.leaks import Guarded, leaked
from induction.engine.leak_guard.traces import Index
from induction.task_kinds.base import Case, Task

INSTRUCTION_TOKENS = 3_000
EXAMPLE_TOKENS = 12_000
"""Room for about 400 short examples, in one request."""
BANK_TOKENS = 60_000
"""Of all that requests choose from: about 2,000 short examples."""
LIMITS = (
    ("instructions", INSTRUCTION_TOKENS),
    ("examples", EXAMPLE_TOKENS),
    ("bank", BANK_TOKENS),
)


def objections(
    task: Task,
    parent: PromptContent,
    candidate: PromptContent,
    *,
    baseline: PromptContent,
    cases: Guarded,
    beside: Sequence[str] = (),
    earlier: Sequence[str] = (),
    room: Room = UNBOUNDED,
) -> list[str]:
    """Reasons against the candidate that its parent did not give; none when it may go on.

    No reason repeats what the candidate says: reasons are stored.

    task: says what a prompt needs.
    parent: the prompt that was changed.
    candidate: the prompt the change makes.
    baseline: see `leaks.leaked`.
    cases: see `leaks.leaked`.
    beside: see `leaks.leaked`.
    earlier: see `leaks.leaked`.
    room: for the whole prompt.
    """
    reasons = [
        f"{name} of {size} tokens, at most {limit} are allowed"
        for (name, limit), size, before in zip(
            LIMITS, _sizes(task, candidate), _sizes(task, parent), strict=True
        )
        if size > max(limit, before)
    ]
    reasons += room.objections(task, parent, candidate)
    if reasons:  # reading it all would take as long as it is
        return reasons
    reasons += [one for one in task.problems(candidate) if one not in task.problems(parent)]
    leaks = leaked(
        parent, candidate, baseline=baseline, cases=cases, beside=beside, earlier=earlier
    )
    if leaks:
        reasons.append(f"repeats {len(leaks)} case(s) that it must not know or may not quote")
    if copied := retold(parent, candidate, cases):
        reasons.append(f"says the words of {len(copied)} case(s) without quoting them as examples")
    return reasons


def oversized(task: Task, prompt: PromptContent) -> list[str]:
    """What of a prompt from outside is over the limits. It is not refused: from there on changes
    may only keep or lower what is too much."""
    return [
        f"the baseline's {name} take {size} tokens, more than {limit}: no change may add to them"
        for (name, limit), size in zip(LIMITS, _sizes(task, prompt), strict=True)
        if size > limit
    ]


def retold(parent: PromptContent, candidate: PromptContent, cases: Guarded) -> list[Case]:
    """The training cases whose words the candidate newly says as if they were its own."""
    before, after = prompt_texts.own_texts(parent), prompt_texts.own_texts(candidate)
    known = {
        span
        for text in (*prompt_texts.own_words(cases.task), *before)
        for span in retelling.runs(text)
    }
    new = {span for text in set(after) - set(before) for span in retelling.runs(text)} - known
    made_up = [
        f" {' '.join(words(one.text))} "
        for one in candidate.all_examples
        if one.case_id is None and one.transcript not in before
    ]
    repeated = {at for span in new for at in cases.sayings.get(span, ())}
    repeated |= {at for text in made_up for at, line in enumerate(cases.lines) if text in line}
    return [cases.train[at] for at in sorted(repeated)]


def quoted_by(
    baseline: PromptContent, train: Iterable[Case], held_out: Iterable[Case]
) -> list[Case]:
    """The cases set aside whose words the baseline says: whoever wrote it has seen them. Words
    that training cases say too prove nothing."""
    held_out = tuple(held_out)
    index = Index.of([case.transcript for case in held_out])
    spans = index.seen([*prompt_texts.texts(baseline), baseline.instruction_text]).spans
    wholes = {prompt_texts.whole(example.text) for example in baseline.all_examples}
    for case in train if spans or wholes else ():
        spans -= index.seen([case.text, case.transcript]).spans
        wholes.discard(prompt_texts.whole(case.text))
    quoted = {span[0] for span in spans}
    return [
        case
        for number, case in enumerate(held_out)
        if number in quoted or prompt_texts.whole(case.text) in wholes
    ]


def _sizes(task: Task, prompt: PromptContent) -> tuple[int, int, int]:
    """Tokens of the instructions, of the examples of a request and of the bank, about."""
    answers = task.answers
    chosen = 0 if prompt.retrieval is None else part_tokens(prompt.retrieval, answers)
    shown = example_tokens(prompt.examples, answers) + chosen
    return tokens(prompt.instruction_text), shown, bank_tokens(prompt, answers)
