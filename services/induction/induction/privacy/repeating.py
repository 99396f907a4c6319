"""Whether a text repeats a case that is to be forgotten, and what stands in its place then. Pure.

A text repeats a case where the leak guard would say so (see `engine.leak_guard.traces`), where it
holds the case's text as a whole, or where it says a name that only this case holds. Of what is
stored about a run, a text that does is replaced whole by its hash: who has the text can check the
history, and nobody gets the text from it.
"""

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256

from pydantic import JsonValue

from induction.engine.data.folding import words
from induction.engine.leak_guard.decoding import decoded
from induction.engine.leak_guard.names import Names
from induction.engine.leak_guard.retelling import SENTENCE_WORDS
from induction.engine.leak_guard.traces import Index

FREE_TEXTS = {"rationale", "text", "hint", "hints", "notes", "reason", "says", "summary"}
TRUTHS = {"truth", "predicted"}
"""Labels, or what an extraction should say: with a word before them no label equals a case."""
ANSWERS = {"output", "known", "before"}
Repeats = Callable[[str], bool]


def repeats_any(case_texts: Iterable[str], names: Iterable[str]) -> Repeats:
    """`case_texts` are the texts of the case, `names` the folded names that no other case holds."""
    texts = [text for text in case_texts if text.strip()]
    index, known = Index.of(texts), Names(frozenset(names), frozenset())
    lines = {f" {' '.join(words(text))} " for text in texts}

    def is_whole(text: str) -> bool:
        line = f" {' '.join(words(text))} "
        long = (one for one in lines if len(one.split()) >= SENTENCE_WORDS)
        return (line in lines and line.strip() != "") or any(one in line for one in long)

    @cache
    def repeats(text: str) -> bool:
        if text in texts:
            return True
        readings = [text, *decoded(text)]
        seen = index.seen(readings)
        return bool(
            seen.spans
            or index.traced(seen.pairs, seen.pairs, set())
            or any(is_whole(one) or known.marks(one) for one in readings)
        )

    return repeats


def blanked(value: JsonValue, repeats: Repeats, case_id: str) -> JsonValue:
    """A JSON value, an event's for example, with its free texts blanked where they repeat the case.
    An example that quotes the case loses its answer and its context too."""
    if isinstance(value, list):
        return [blanked(one, repeats, case_id) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("case_id") == case_id and isinstance(value.get("text"), str):
        quoted = {name: one for name, one in value.items() if name != "context"}
        return quoted | {"text": marked(str(value["text"])), "output": None}
    return {name: _field(name, one, repeats, case_id) for name, one in value.items()}


def _field(name: str, value: JsonValue, repeats: Repeats, case_id: str) -> JsonValue:
    if name in FREE_TEXTS:
        return _texts(value, repeats)
    if name in TRUTHS and isinstance(value, str):
        return marked(value) if repeats(f"a {value}") else value
    if name in ANSWERS and not isinstance(value, str):  # a label is nobody's words
        return _texts(value, repeats)
    return blanked(value, repeats, case_id)


def _texts(value: JsonValue, repeats: Repeats) -> JsonValue:
    if isinstance(value, dict):
        return {name: _texts(one, repeats) for name, one in value.items()}
    if isinstance(value, list):
        return [_texts(one, repeats) for one in value]
    return marked(value) if isinstance(value, str) and repeats(value) else value


def marked(text: str) -> str:
    """What stands for a forgotten text; a text that was forgotten before stays as it is."""
    if text.startswith("[forgotten sha256:"):
        return text
    return f"[forgotten sha256:{sha256(text.encode()).hexdigest()}]"
