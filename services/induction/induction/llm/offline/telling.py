"""Which cases stand best for a pattern, and which words tell its two labels apart. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from induction.llm.offline.meta import Case, Meta, Pattern
from induction.llm.offline.words import parts, words

_LETTERS = re.compile(r"[^\W\d_]{3,}")


def likeness(left: str, right: str) -> float:
    """Cosine of the counted word parts of two texts, 0 to 1."""
    one, other = parts(left), parts(right)
    product = sum(number * other[part] for part, number in one.items())
    length = math.sqrt(one_length := sum(n * n for n in one.values()))
    other_length = math.sqrt(sum(n * n for n in other.values()))
    return product / (length * other_length) if one_length and other_length else 0.0


def central_first(cases: Sequence[Case]) -> list[Case]:
    """The cases, those most like all others first; ties by id."""

    def distance(case: Case) -> tuple[float, str]:
        return -sum(likeness(case.text, other.text) for other in cases), case.id

    return sorted(cases, key=distance)


def telling_words(meta: Meta, pattern: Pattern) -> list[str]:
    """Words of the mistaken texts that neither label's own lines hold, the most telling first:
    frequent among the texts, rare in the prompt.

    Of texts that may not be quoted only words that two of them share are used, and none that is
    written with a capital: it could be a name.
    """
    taken = {word for text in _about(meta, pattern) for word in words(text)}
    spread = Counter(word for text in _told(meta) for word in set(words(text)))
    lines = sum(1 for _ in _told(meta))
    usable = _usable(pattern.cases)

    def weight(word: str) -> float:
        return usable[word] * math.log1p((1 + lines) / (1 + spread[word]))

    return sorted(usable.keys() - taken, key=lambda word: (-weight(word), word))


def _usable(cases: Iterable[Case]) -> Counter[str]:
    open_words: Counter[str] = Counter()
    closed_words: Counter[str] = Counter()
    for case in cases:
        found = {word for word in _LETTERS.findall(case.text) if word == word.lower()}
        (open_words if case.may_quote else closed_words).update(found)
    capitals = {
        word.lower()
        for case in cases
        for word in _LETTERS.findall(case.text)
        if word != word.lower() and not case.may_quote
    }
    shared = {word: n for word, n in closed_words.items() if n > 1 and word not in capitals}
    return open_words + Counter(shared)


def _told(meta: Meta) -> Iterable[str]:
    for block in meta.prompt.instructions:
        yield from block.text.splitlines()
    yield from (example.text for example in meta.prompt.examples)


def _about(meta: Meta, pattern: Pattern) -> Iterable[str]:
    """Names and lines of the two labels, and the examples of the label wrongly given."""
    for name in filter(None, (pattern.truth, pattern.predicted)):
        yield name
        head = f"- {' '.join(name.split())}:"
        yield from (line for line in _told(meta) if line.strip().startswith(head))
    for example in meta.prompt.examples:
        if example.output == pattern.predicted:
            yield example.text
