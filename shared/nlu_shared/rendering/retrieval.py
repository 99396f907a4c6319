"""Examples chosen from a bank for one text: selectors by their names, and banks kept prepared.
Pure.

A bank is prepared once: its examples as lines, and the selector's index of them. Which bank is
meant goes by identity, since comparing two would take as long as preparing one.
"""

import inspect
import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Generic, TypeVar

from nlu_shared.rendering import bm25
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.prompts import Example, Retrieval
from nlu_shared.schemas.rendered import RenderedRetrieval
from nlu_shared.schemas.retrieval import Selector

PREPARED = 32
"""Banks kept prepared: a run asks the whole of one and what each fold leaves of it."""
MODULES = {Selector.BM25_1: bm25}
SOURCES = {Selector.BM25_1: "330a8b22b17d253fb6bf2fa9dfba70b7add46446c1223c742db852b0f855df74"}
"""SHA-256 of each selector's source: what an export embeds, and is known by when it comes back."""
Held = TypeVar("Held", Retrieval, RenderedRetrieval)


class _Same(Generic[Held]):
    """Equal to what holds the very same."""

    def __init__(self, held: Held) -> None:
        self.held: Held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.held is other.held


def lines_of(retrieval: Retrieval, line: Callable[[Example], str]) -> RenderedRetrieval:
    """A bank as its selector reads it; `line` writes an example. Equal functions give one form."""
    return _lines(_Same(retrieval), line)


def part(retrieval: RenderedRetrieval, text: str, context: Context | None) -> str:
    """What a request for this text shows of the bank."""
    before = [] if context is None else [turn.model_dump() for turn in context.before]
    return _prepared(_Same(retrieval)).part(text, before)


def heading(selector: Selector) -> str:
    """The line above the chosen examples."""
    line: str = MODULES[selector].HEADING
    return line


def most(retrieval: RenderedRetrieval, size: Callable[[str], int]) -> int:
    """What the chosen lines come to together, at most, if `size` says it of one."""
    return _most(_Same(retrieval), size)


@cache
def source(selector: Selector) -> str:
    """The selector's own text, which an export embeds."""
    return inspect.getsource(MODULES[selector])


@lru_cache(maxsize=PREPARED)
def _lines(same: _Same[Retrieval], line: Callable[[Example], str]) -> RenderedRetrieval:
    retrieval = same.held
    settings = retrieval.model_dump(exclude={"bank"})
    return RenderedRetrieval(**settings, lines=tuple(map(line, retrieval.bank)))


@lru_cache(maxsize=PREPARED)
def _most(same: _Same[RenderedRetrieval], size: Callable[[str], int]) -> int:
    """The smaller of two bounds: the k largest lines, whatever their characters; and as many of the
    characters as there may be, filled from the densest lines (the relaxed knapsack: Dantzig,
    Operations Research 5 (1957) 266-288)."""
    one = same.held
    sizes = [(size(line), len(line)) for line in one.lines]
    largest = sum(sorted((own for own, _ in sizes), reverse=True)[: one.k])
    dense, left = 0.0, one.max_characters
    for own, characters in sorted(sizes, key=lambda pair: -pair[0] / pair[1]):
        taken = min(left, characters)
        dense, left = dense + own * taken / characters, left - taken
    return min(largest, math.ceil(dense))


@lru_cache(maxsize=PREPARED)
def _prepared(same: _Same[RenderedRetrieval]) -> bm25.Bank:
    one = same.held
    bank: bm25.Bank = MODULES[one.selector].Bank(
        one.lines, one.k, one.per_answer, one.max_characters
    )
    return bank
