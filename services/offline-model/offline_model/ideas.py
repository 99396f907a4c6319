"""Changes worth a try for the mistakes shown, the most promising first. Pure.

Examples come first, many at once, then telling words, then both together; the same for each pattern
alone and for other cases; in the end single cases, examples to take away, and rarer words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from offline_model.meta import Case, Meta, Pattern
from offline_model.telling import central_first, likeness, telling_words

WORDS_PER_RULE = 6
"""Short enough that a rule repeats no span of a case."""
MISLEADING = 0.3
"""Likeness from which an example may be what led a text astray."""
Edit = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Idea:
    strategy: str
    rationale: str
    edits: tuple[Edit, ...]


def ideas(meta: Meta) -> Iterator[Idea]:
    """Finitely many, in a fixed order; none quotes a case that may not be quoted."""
    shown = [_Shown(meta, pattern) for pattern in _focused(meta)]
    groups = [shown, *([one] for one in shown)] if len(shown) > 1 else [shown]
    for nth in range(2):
        for group in groups:
            yield from _combined(meta, group, nth)
    for one in shown:
        for case in one.quotable:
            yield from _idea(meta, [one], [_quote(case)], [])
        yield from _removals(meta, one)
        for nth in range(2, one.most_rules):
            yield from _idea(meta, [one], [], one.rules(nth))
    for label in meta.task.labels:
        line = f"- {_one_line(label.name)}: {_one_line(label.description or label.name)}"
        yield from _idea(meta, [], [], [line])


class _Shown:
    """A pattern with its cases in the order of use, and the words of each label it missed."""

    def __init__(self, meta: Meta, pattern: Pattern) -> None:
        texts = {example.text for example in meta.prompt.examples}
        self.pattern = pattern
        self.quotable = central_first(
            [case for case in pattern.cases if case.may_quote and case.text not in texts]
        )
        missed: dict[str, list[Case]] = {}
        for case in pattern.cases:
            if isinstance(case.truth, str):
                missed.setdefault(case.truth, []).append(case)
        self._words = {label: telling_words(meta, label, of) for label, of in missed.items()}

    def helping(self, nth: int) -> Sequence[Case]:
        """Half of the cases: the others are left to show whether the change carries over."""
        half = -(-len(self.quotable) // 2)
        return self.quotable[nth * half : (nth + 1) * half]

    def rules(self, nth: int) -> list[str]:
        """One line for each label missed, with the next few of its words."""
        window = slice(nth * WORDS_PER_RULE, (nth + 1) * WORDS_PER_RULE)
        lines = {label: ", ".join(words[window]) for label, words in self._words.items()}
        return [f"- {_one_line(label)}: {words}" for label, words in lines.items() if words]

    @property
    def most_rules(self) -> int:
        return max((-(-len(words) // WORDS_PER_RULE) for words in self._words.values()), default=0)


def _removals(meta: Meta, one: _Shown) -> Iterator[Idea]:
    for index, example in enumerate(meta.prompt.examples):
        misled = [
            case
            for case in one.pattern.cases
            if case.predicted == example.output != case.truth
            and likeness(example.text, case.text) >= MISLEADING
        ]
        if misled:
            why = f"Example {index} resembles {len(misled)} text(s) wrongly answered like it."
            yield Idea("A", why, ({"op": "remove_example", "example": index},))


def _combined(meta: Meta, group: Sequence[_Shown], nth: int) -> Iterator[Idea]:
    turns = chain.from_iterable(zip_longest(*(one.helping(nth) for one in group)))
    distinct = {case.id: case for case in turns if case is not None}
    quotes = [_quote(case) for case in distinct.values()][: meta.limits.added_examples]
    lines = list(chain.from_iterable(one.rules(nth) for one in group))
    yield from _idea(meta, group, quotes, [])
    yield from _idea(meta, group, [], lines)
    if quotes and lines:
        yield from _idea(meta, group, quotes, lines)


def _idea(
    meta: Meta, group: Sequence[_Shown], quotes: Sequence[Edit], lines: Sequence[str]
) -> Iterator[Idea]:
    """One idea, or none where there is nothing to say or no room for it."""
    telling = _tell(meta, lines) if lines else []
    fits = len(quotes) <= meta.limits.added_examples
    if (lines and not telling) or not (quotes or telling) or not fits:
        return
    strategy = "C" if quotes and telling else "A" if quotes else "B"
    means = [f"shows {len(quotes)} such text(s) as examples"] if quotes else []
    means += [f"adds {len(lines)} line(s) of telling words"] if telling else []
    rationale = f"{_complaint(group)} This change {' and '.join(means)}."
    yield Idea(strategy, rationale[:2_000], (*quotes, *telling))


def _tell(meta: Meta, lines: Sequence[str]) -> list[Edit]:
    """Lines appended to the last block that is open to change, or a new one."""
    text = "\n".join(lines)
    blocks = meta.prompt.instructions
    size = sum(len(block.text) for block in blocks) + len(text)
    if size > meta.limits.instruction_tokens * 4:
        return []
    if unprotected := [block.name for block in blocks if not block.protected]:
        return [{"op": "append_to_block", "block": unprotected[-1], "text": text}]
    name = next(f"rules_{n}" for n in range(1, 99) if f"rules_{n}" not in {b.name for b in blocks})
    return [{"op": "add_block", "block": name, "text": text}]


def _focused(meta: Meta) -> list[Pattern]:
    """The patterns, those whose labels an operator's hint names first."""
    hinted = "\n".join(meta.hints)

    def unnamed(pattern: Pattern) -> bool:
        return not any(name and name in hinted for name in (pattern.truth, pattern.predicted))

    return sorted(meta.patterns, key=unnamed)


def _complaint(group: Sequence[_Shown]) -> str:
    if not group:
        return "No mistake shown is left to build on."
    return "; ".join(one.pattern.summary or "mistakes of one kind" for one in group) + "."


def _quote(case: Case) -> Edit:
    return {"op": "add_example", "case": case.id}


def _one_line(text: str) -> str:
    return " ".join(text.split())
