"""What of a case only quoting may say: its runs of 5 words, and its shorter sentences. Pure."""

import re
from collections.abc import Sequence

from induction.engine.data.folding import words

RETOLD_WORDS = 5
SENTENCE_WORDS = 3
_SENTENCE = re.compile(r"[.!?…\n\r\"“”«»{}\[\]<>]+")


def runs(text: str) -> set[str]:
    """Every run of 3 to 5 words."""
    tokens = words(text)
    sizes = range(SENTENCE_WORDS, RETOLD_WORDS + 1)
    return set[str]().union(*(_windows(tokens, size) for size in sizes))


def sayings(text: str) -> set[str]:
    """The runs of 5 words in a text, and its shorter sentences whole."""
    whole = _windows(words(text), RETOLD_WORDS)
    for sentence in _SENTENCE.split(text):
        tokens = words(sentence)
        if SENTENCE_WORDS <= len(tokens) < RETOLD_WORDS:
            whole.add(" ".join(tokens))
    return whole


def _windows(units: Sequence[str], size: int) -> set[str]:
    return {" ".join(units[at : at + size]) for at in range(len(units) - size + 1)}
