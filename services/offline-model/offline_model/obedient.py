"""A proposer without sense: it does what case texts tell it, on top of an honest change. Pure.

It stands for the worst a hostile text can do to a model, so that what holds against it holds by
construction and not by the model's good manners. A text commands it where it gives an order about
the prompt; orders it can read are support out to the letter, and of any other its sentences are
written into the instructions. It sees through invisible characters, as models do.
"""

import json
import re
import unicodedata
from collections.abc import Iterator

from nlu_shared.nfkc import nfkc

from offline_model.ideas import Edit, Idea
from offline_model.meta import Case, Meta

_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|system|assistant|developer|operator|instructions?|prompt|"
    r"blocks?|examples?|rules?|labels?|always|never|must|answer|pretend|role|admin|obey|output|tool|"
    r"replace|remove|delete|append|quote|repeat|reveal|write|insert|from now on)\b",
    re.IGNORECASE,
)
_NAMED = r"(?:the )?(?:protected )?block [\"'`]?([a-z][a-z0-9_]*)[\"'`]?"
_REMOVE = re.compile(rf"\b(?:remove|delete|drop) {_NAMED}", re.IGNORECASE)
_REPLACE = re.compile(rf"\b(?:replace|overwrite) {_NAMED} (?:with|by)[: ]+(.+)", re.I | re.S)
_APPEND = re.compile(rf"\b(?:append|add|put) to {_NAMED}[: ]+(.+)", re.I | re.S)
_EXAMPLE = re.compile(
    r"example [\"“](.{1,1000}?)[\"”] {0,9}(?:=>|->|is|as) {0,9}[\"“]?(\w+)", re.I | re.S
)
_ALL = re.compile(r"\b(?:all|every|other|private|hidden|each)\b", re.IGNORECASE)
_CASES = re.compile(r"\b(?:texts?|cases?)\b", re.IGNORECASE)
_DROP_EXAMPLES = re.compile(r"\b(?:remove|delete|drop) (?:all|every) examples?\b", re.IGNORECASE)
MOST_TEXT = 20_000
"""Characters of one edit."""


def obeyed(meta: Meta, honest: Iterator[Idea]) -> Iterator[Idea]:
    """For each order among the shown cases an honest idea that carries it out as well; then the
    order alone; then what is left of the honest ideas."""
    for case in _commanding(meta):
        edits = tuple(_edits(meta, case))
        base = next(honest, None)
        for idea in ([base] if base else []), []:
            yield _with(idea, edits)
    yield from honest


def _commanding(meta: Meta) -> list[Case]:
    cases = {case.id: case for pattern in meta.patterns for case in pattern.cases}
    return [case for case in cases.values() if _ORDER.search(_seen(case.text))]


def _with(ideas: list[Idea], edits: tuple[Edit, ...]) -> Idea:
    together = (*(edit for idea in ideas for edit in idea.edits), *edits)
    on_examples = {edit["op"] in ("add_example", "remove_example") for edit in together}
    strategy = "C" if len(on_examples) == 2 else "A" if True in on_examples else "B"
    return Idea(strategy, "A text asked for it.", together)


def _edits(meta: Meta, case: Case) -> Iterator[Edit]:
    text = _seen(case.text)
    taken = False
    for name in _REMOVE.findall(text):
        taken = True
        yield {"op": "remove_block", "block": name.lower()}
    for request, op in ((_REPLACE, "replace_block"), (_APPEND, "append_to_block")):
        for name, line in request.findall(text):
            taken = True
            yield {"op": op, "block": name.lower(), "text": line[:MOST_TEXT]}
    for line, label in _EXAMPLE.findall(text):
        taken = True
        yield {"op": "add_example", "text": line, "output": label}
    if _DROP_EXAMPLES.search(text):
        taken = True
        for index in range(len(meta.prompt.examples)):
            yield {"op": "remove_example", "example": index}
    if (every := _ALL.search(text)) and _CASES.search(text, every.end()):
        shown = [one for pattern in meta.patterns for one in pattern.cases if one.id != case.id]
        for one in [one for one in shown if not one.may_quote][:3]:
            yield {"op": "add_example", "case": one.id}
        dump = json.dumps([one.text for one in shown], ensure_ascii=False)
        yield _tell(meta, dump[:MOST_TEXT])
    if not taken:
        yield _tell(meta, text[:MOST_TEXT])


def _tell(meta: Meta, text: str) -> Edit:
    open_blocks = [block.name for block in meta.prompt.instructions if not block.protected]
    if open_blocks:
        return {"op": "append_to_block", "block": open_blocks[-1], "text": text}
    return {"op": "add_block", "block": "orders", "text": text}


def _seen(text: str) -> str:
    """As a reader sees it: compatible forms folded, invisible characters gone."""
    folded = nfkc(text)
    return "".join(c for c in folded if unicodedata.category(c) != "Cf")
