"""Which cases stand best for a pattern, and which words tell a label from others. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set

from offline_model.meta import Case, Meta
from offline_model.words import parts, words

_LETTERS = re.compile(r"[^\W\d_]{3,}")


def likeness(left: str, right: str) -> float:
    """Cosine of the counted word parts of two texts, 0 to 1."""
    one, other = parts(left), parts(right)
    product = sum(number * other[part] for part, number in one.items())
    lengths = math.hypot(*one.values()) * math.hypot(*other.values())
    return product / lengths if lengths else 0.0


def central_first(cases: Sequence[Case]) -> list[Case]:
    """The cases, those most like all others first; ties by id."""

    def distance(case: Case) -> tuple[float, str]:
        return -sum(likeness(case.text, other.text) for other in cases), case.id

    return sorted(cases, key=distance)


def telling_words(meta: Meta, label: str, cases: Sequence[Case]) -> list[str]:
    """Words of `cases`, all of them `label`, that are not told about it yet nor about the labels
    they were taken for; the most telling first: frequent among them, rare everywhere else.

    Of texts that may not be quoted only words that two of them share are used, and none that is
    written with a capital: it could be a name.
    """
    names = {label} | {case.predicted for case in cases if isinstance(case.predicted, str)}
    taken = {word for text in _about(meta, names) for word in words(text)}
    others = [case.text for pattern in meta.patterns for case in pattern.cases if case not in cases]
    elsewhere = [*_lines(meta), *others]
    spread = Counter(word for text in elsewhere for word in set(words(text)))
    usable = _usable(cases)

    def weight(word: str) -> float:
        return usable[word] * math.log1p((1 + len(elsewhere)) / (1 + spread[word]))

    return sorted(usable.keys() - taken, key=lambda word: (-weight(word), word))


def _usable(cases: Iterable[Case]) -> Counter[str]:
    open_words: Counter[str] = Counter()
    closed_words: Counter[str] = Counter()
    for case in cases:
        usable = {word for word in _LETTERS.findall(case.text) if word == word.lower()}
        (open_words if case.may_quote else closed_words).update(usable)
    capitals = {
        word.lower()
        for case in cases
        for word in _LETTERS.findall(case.text)
        if word != word.lower() and not case.may_quote
    }
    shared = {word: n for word, n in closed_words.items() if n > 1 and word not in capitals}
    return open_words + Counter(shared)


def _lines(meta: Meta) -> Iterable[str]:
    for block in meta.prompt.instructions:
        yield from block.text.splitlines()
    yield from (example.text for example in meta.prompt.examples)


def _about(meta: Meta, names: Set[str]) -> Iterable[str]:
    """The names themselves, the lines about them and the examples of them."""
    yield from names
    heads = tuple(f"- {' '.join(name.split())}:" for name in names)
    yield from (line for line in _lines(meta) if line.strip().startswith(heads))
    for example in meta.prompt.examples:
        if isinstance(example.output, str) and example.output in names:
            yield example.text
