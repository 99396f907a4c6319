"""The leak guard: which guarded cases a candidate repeats that its parent did not. Pure.

Guarded are validation and test cases, and training cases that may not be quoted. What a candidate
says is everything that is stored of it, as its reader gets it: the instructions joined, examples,
answers, the names of its blocks, what is stored beside it, and what is encoded in any of these.
Where the measure is one of pieces (see `traces`), what earlier changes said counts as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.data.folding import words
from induction.engine.leak_guard import prompt_texts, retelling
from induction.engine.leak_guard.names import Names, names
from induction.engine.leak_guard.traces import Index, Pair, Span
from induction.task_kinds.base import Case, Task


@dataclass(frozen=True, slots=True)
class _Passage:
    """What one person said in a guarded case; `before` where it stands before the case's text."""

    case: Case
    texts: tuple[str, ...]
    marks: frozenset[str]
    whole: str | None
    before: bool
    held_out: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """What texts repeat of the guarded passages: spans, pairs, marks with wholes, and bags."""

    spans: frozenset[Span]
    pairs: frozenset[Pair]
    marks: frozenset[str]
    bags: frozenset[int]


@dataclass(frozen=True, slots=True)
class Guarded:
    """The cases by what a prompt may repeat of them, looked up in time that does not depend on
    their number (see `traces`).

    task: whose own words are free to be said.
    names: whom the cases name (see `names`).
    train: all training cases.
    quotable: those of them that allow it.
    passages: what is guarded, one for each person's turn.
    index: of the passages' texts.
    owners: the passage of each text of the index, by its number.
    free: what quotable cases say themselves.
    free_before: the same with what stands before them: it frees only what stands before others.
    by_mark: numbers of passages, by the names they hold and by themselves as a whole.
    sayings: numbers of training cases, by what only quoting may say.
    lines: each training case as its words, in the order of `train`.
    """

    task: Task
    names: Names
    train: tuple[Case, ...]
    quotable: tuple[Case, ...]
    passages: tuple[_Passage, ...]
    index: Index
    owners: tuple[int, ...]
    free: _Shown
    free_before: _Shown
    by_mark: Mapping[str, tuple[int, ...]]
    sayings: Mapping[str, tuple[int, ...]]
    lines: tuple[str, ...]
    _shown: dict[str, _Shown] = field(default_factory=dict, compare=False, repr=False)

    def shown(self, prompt: PromptContent) -> _Shown:
        """What a prompt shows of what is guarded; looked for once, since every candidate is held
        against the same few."""
        version_hash = prompt.version_hash
        if version_hash not in self._shown:
            self._shown[version_hash] = _shown(prompt, self, prompt_texts.shown_texts(prompt))
        return self._shown[version_hash]


def guarded(
    task: Task, baseline: PromptContent, train: Iterable[Case], held_out: Iterable[Case]
) -> Guarded:
    """What is guarded of the cases of a run.

    task: see `Guarded`.
    baseline: what it says is no name.
    train: of these, consent decides.
    held_out: validation and test cases; those that also teach are not guarded.
    """
    train, held_out = tuple(train), tuple(held_out)
    taught = {case.id for case in train}
    sayable = [*prompt_texts.own_words(task), *prompt_texts.texts(baseline)]
    known = names(task, sayable, (*train, *held_out))
    passages = [
        passage
        for cases, is_held_out in (
            ([case for case in train if not case.may_quote], False),
            ([case for case in held_out if case.id not in taught], True),
        )
        for case in cases
        for passage in _passages(task, known, case, is_held_out)
    ]
    owners: list[int] = []
    texts: list[str] = []
    for number, passage in enumerate(passages):
        owners += [number] * len(passage.texts)
        texts += passage.texts
    quotable = tuple(case for case in train if case.may_quote)
    index = Index.of(texts, common=(*sayable, *(case.transcript for case in quotable)))
    free, before = _free(task, known, index, quotable)
    by_mark: dict[str, list[int]] = defaultdict(list)
    for number, passage in enumerate(passages):
        for mark in (*passage.marks, *filter(None, [passage.whole])):
            by_mark[mark].append(number)
    sayings: dict[str, list[int]] = defaultdict(list)
    for number, case in enumerate(train):
        for one in retelling.sayings(case.transcript):
            sayings[one].append(number)
    return Guarded(
        task=task,
        names=known,
        train=train,
        quotable=quotable,
        passages=tuple(passages),
        index=index,
        owners=tuple(owners),
        free=free,
        free_before=before,
        by_mark={mark: tuple(held) for mark, held in by_mark.items()},
        sayings={one: tuple(held) for one, held in sayings.items()},
        lines=tuple(f" {' '.join(words(case.transcript))} " for case in train),
    )


def _passages(task: Task, known: Names, case: Case, held_out: bool) -> Iterator[_Passage]:
    marks = frozenset(known.marks_of(task, case))
    yield _Passage(case, (case.text,), marks, prompt_texts.whole(case.text), False, held_out)
    if case.context is not None:
        texts = tuple(turn.text for turn in case.context.before)
        marks = frozenset(known.marks_of_known(task, case)).union(*map(known.marks, texts))
        yield _Passage(case, texts, marks, None, True, held_out)


def _free(
    task: Task, known: Names, index: Index, quotable: Sequence[Case]
) -> tuple[_Shown, _Shown]:
    """What quotable cases say, and that with what stands before them: that may be another case,
    so it frees only what stands before others."""
    seen = index.seen((case.text for case in quotable), backwards=False)
    marks = {prompt_texts.whole(case.text) for case in quotable}
    before, before_marks = [], set()
    for case in quotable:
        marks |= known.marks_of(task, case)
        before_marks |= known.marks_of_known(task, case)
        before += [] if case.context is None else [turn.text for turn in case.context.before]
    more = index.seen(before, backwards=False)
    before_marks = before_marks.union(marks, *map(known.marks, before))
    return (
        _Shown(frozenset(seen.spans), frozenset(seen.pairs), frozenset(marks), frozenset()),
        _Shown(
            frozenset(seen.spans | more.spans),
            frozenset(seen.pairs | more.pairs),
            frozenset(before_marks),
            frozenset(),
        ),
    )


def leaked(
    parent: PromptContent,
    candidate: PromptContent,
    *,
    baseline: PromptContent,
    cases: Guarded,
    beside: Sequence[str] = (),
    earlier: Sequence[str] = (),
) -> list[Case]:
    """The guarded cases that the candidate repeats and its parent did not.

    Words that add up to a case with what is new are a leak.

    parent: what it says is no leak now.
    candidate: as it would be stored.
    baseline: of validation and test cases, what it says is no leak.
    cases: what is guarded.
    beside: what is stored with the candidate (its rationale).
    earlier: what earlier changes of the search said.
    """
    revealed = [text for one in beside for text in prompt_texts.revealed(one)]
    new = _shown(candidate, cases, [*prompt_texts.shown_texts(candidate, parent), *revealed])
    if not (new.spans or new.pairs or new.marks or new.bags):
        return []
    old, base = cases.shown(parent), cases.shown(baseline)
    spans, marks, fresh = new.spans - old.spans, new.marks - old.marks, new.pairs - old.pairs
    bags = new.bags - old.bags
    own = cases.index.seen([*prompt_texts.unquoted(candidate), *revealed, *earlier]).pairs
    repeated: set[int] = set()
    for is_before, free in ((False, cases.free), (True, cases.free_before)):
        for held_out in (False, True):
            free_spans = free.spans | base.spans if held_out else free.spans
            free_pairs = free.pairs | base.pairs if held_out else free.pairs
            free_marks = free.marks | base.marks if held_out else free.marks
            owners = {cases.owners[span[0]] for span in spans - free_spans}
            owners |= {cases.owners[at] for at in cases.index.traced(own, fresh & own, free_pairs)}
            owners |= {cases.owners[at] for at in bags - (base.bags if held_out else set())}
            owners |= {at for mark in marks - free_marks for at in cases.by_mark.get(mark, ())}
            repeated |= {
                at
                for at in owners
                if (cases.passages[at].before, cases.passages[at].held_out) == (is_before, held_out)
            }
    ids = {cases.passages[at].case.id: cases.passages[at].case for at in sorted(repeated)}
    return list(ids.values())


def _shown(prompt: PromptContent, cases: Guarded, texts: Sequence[str]) -> _Shown:
    """What the texts of a prompt show, and its examples as wholes."""
    seen = cases.index.seen(texts)
    marks = set[str]().union(*map(cases.names.marks, texts))
    marks |= {prompt_texts.whole(example.text) for example in prompt.all_examples}
    return _Shown(
        frozenset(seen.spans), frozenset(seen.pairs), frozenset(marks), frozenset(seen.bags)
    )
