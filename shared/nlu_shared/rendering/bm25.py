"""Selector bm25/1: the examples of a bank that stand nearest to a text. Pure.

BM25 over words (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond,
Foundations and Trends in Information Retrieval 3 (2009) 333-389), with k1 1.2 and b 0.75, each word
of the text counted once, and 1 added to the odds of a word so that none counts against an example.
Words are runs of letters and digits without case and marks; of scripts that part no words each
letter is one. Equally near ones go by their order in the bank.

An exported prompts.py holds this file to the letter and knows it by its hash: whoever changes a
letter of it has made another selector, with a name of its own. So it needs nothing but Python.
"""

import heapq
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HEADING = "Examples nearest to the text, the nearest last, one JSON object per line:"
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_K1, _B, _DIGITS, _TURNS = 1.2, 0.75, 9, 2
_FRAME = {"text", "before", "known"}


class _Letters(dict[int, str]):
    """What is left of each character without marks, filled as characters come."""

    def __missing__(self, code: int) -> str:
        apart = unicodedata.normalize("NFKD", chr(code))
        left = [one for one in apart if unicodedata.category(one) not in ("Mn", "Mc", "Me", "Cf")]
        self[code] = "".join(left)
        return self[code]


_LETTERS = _Letters()


def _words(text: str, before: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of a text and the last turns before it."""
    turns = [*(str(turn["text"]) for turn in before[-_TURNS:]), text]
    plain = "\n".join(turns).translate(_LETTERS).casefold()
    return _WORD.findall(_UNSPACED.sub(r" \g<0> ", plain))


class Bank:
    """`lines` are the examples as a model reads them, a JSON object each; what of one is no text
    and stands not before it is its answer. `max_characters` of all chosen lines."""

    def __init__(self, lines: Sequence[str], k: int, per_answer: int, max_characters: int) -> None:
        self._lines = tuple(lines)
        self._k, self._per_answer, self._max_characters = k, per_answer, max_characters
        rows = [json.loads(line) for line in self._lines]
        answers = [{name: row[name] for name in row if name not in _FRAME} for row in rows]
        self._answers = [json.dumps(answer, sort_keys=True) for answer in answers]
        counts = [Counter(_words(row["text"], row.get("before", ()))) for row in rows]
        mean = sum(sum(count.values()) for count in counts) / max(1, len(counts)) or 1
        present = Counter(word for count in counts for word in count)
        self._postings: dict[str, list[tuple[int, float]]] = {word: [] for word in present}
        for place, count in enumerate(counts):
            length = _K1 * (1 - _B + _B * sum(count.values()) / mean)
            for word, times in count.items():
                odds = (len(counts) - present[word] + 0.5) / (present[word] + 0.5)
                weight = math.log(1 + odds) * times * (_K1 + 1) / (times + length)
                self._postings[word].append((place, weight))

    def nearest(self, text: str, before: Sequence[Mapping[str, Any]] = ()) -> list[str]:
        """The lines for a text, the nearest last; those that share no word with it fill up."""
        scores: dict[int, float] = {}
        for word in dict.fromkeys(_words(text, before)):
            for place, weight in self._postings.get(word, ()):
                scores[place] = scores.get(place, 0.0) + weight
        chosen: list[str] = []
        shown: Counter[str] = Counter()
        left = self._max_characters
        for place in self._by_nearness(scores):
            size, answer = len(self._lines[place]), self._answers[place]
            if size <= left and shown[answer] < self._per_answer:
                chosen.append(self._lines[place])
                shown[answer] += 1
                left -= size
            if len(chosen) == self._k:
                break
        return chosen[::-1]

    def _by_nearness(self, scores: Mapping[int, float]) -> Iterator[int]:
        """As many places as are wanted, so that the rest need no order."""
        heap = [(-round(score, _DIGITS), place) for place, score in scores.items()]
        heapq.heapify(heap)
        while heap:
            yield heapq.heappop(heap)[1]
        yield from (place for place in range(len(self._lines)) if place not in scores)

    def part(self, text: str, before: Sequence[Mapping[str, Any]] = ()) -> str:
        """The last part of the system text; empty where no line is short enough."""
        lines = self.nearest(text, before)
        return "\n".join([HEADING, *lines]) if lines else ""
