"""How many tokens a request takes, about: one estimate for limits, forecasts and ranks. Pure.

Every model counts otherwise, and its tokenizer is not here. The estimate follows how byte-pair
tokenizers part a text before they join anything (the pattern of GPT-2: Radford et al., Language
Models are Unsupervised Multitask Learners, 2019): a word with the blank before it, figures, signs,
line ends. In English and the JSON round it that comes within a fifth of SmolLM2's own count; other
languages in Latin letters take more. What is written in another script is mostly taken apart into
its bytes, so bytes count there.

What a provider says an answer took is the truth; a run corrects the estimate by it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from nlu_shared.rendering import retrieval
from nlu_shared.rendering.prompt import AnswerSpace, examples_text, system_parts
from nlu_shared.rendering.request import ModelRequest, as_bytes
from nlu_shared.schemas.prompts import Block, Example, PromptContent, Retrieval

_LATIN = r"A-Za-z\u00aa-\u024f"
_PIECE = re.compile(
    rf"(?P<word>[{_LATIN}]+)|(?P<figures>[0-9]+)|(?P<signs>[!-/:-@\[-`{{-~]+)"
    rf"|(?P<lines>\s*\n\s*)|(?P<other>[^\s\x00-\x7f{_LATIN}]+)"
)
"""Blanks between words belong to the next word. No alternative begins where another could."""
LETTERS, FIGURES, SIGNS, BYTES = 7, 1, 2, 2
"""Of one token: letters of a Latin word, figures, signs, and bytes of anything else."""
_PER_TOKEN = {"word": LETTERS, "figures": FIGURES, "signs": SIGNS}
KEPT = 64
"""Texts whose count is remembered: the instructions and examples of a prompt are counted often."""


@lru_cache(maxsize=KEPT)
def tokens(text: str) -> int:
    """Of one text, about."""
    total = 0
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if kind == "lines":
            total += 1
        elif kind == "other":
            total += -(-len(piece[0].encode("utf-8", "surrogatepass")) // BYTES)
        else:
            total += -(-(piece.end() - piece.start()) // _PER_TOKEN[kind or "word"])
    return total


def prompt_tokens(prompt: PromptContent, answers: AnswerSpace) -> int:
    """Of all of a request but the text it asks about: the system text with headings and frames, and
    the answer's schema. Of examples that are chosen for each text, as many as there can be."""
    chosen = 0 if prompt.retrieval is None else part_tokens(prompt.retrieval, answers)
    return fixed_tokens(system_parts(prompt, answers), answers.schema) + chosen


def fixed_tokens(system: tuple[str, ...], schema: Mapping[str, Any]) -> int:
    """Of what stays the same from text to text in a prompt that is rendered."""
    return sum(map(tokens, system)) + tokens(as_bytes(schema).decode())


def request_tokens(request: ModelRequest) -> int:
    """Of a whole request, the text that it asks about too."""
    return fixed_tokens(request.system, request.schema) + tokens(request.user)


def example_tokens(examples: Sequence[Example], answers: AnswerSpace) -> int:
    """Of the part of the system text that shows the examples, its heading too."""
    return tokens(examples_text(examples, answers)) if examples else 0


def part_tokens(part: Block | Example | Retrieval, answers: AnswerSpace) -> int:
    """What a block, an example or a bank adds to each request, the line ends too; a bank what it
    adds at most."""
    if isinstance(part, Retrieval):
        bank = retrieval.lines_of(part, answers.example_line)
        return tokens(retrieval.heading(part.selector)) + retrieval.most(bank, _line_tokens)
    return 1 + tokens(part.text if isinstance(part, Block) else answers.example_line(part))


def bank_tokens(prompt: PromptContent, answers: AnswerSpace) -> int:
    """Of all examples that requests choose from, of which none shows all."""
    return sum(part_tokens(example, answers) for example in prompt.bank)


def _line_tokens(line: str) -> int:
    return 1 + tokens(line)
