"""Every format there is, the more particular before the more general: a newcomer's goes in here.

A format is a `Format` in a file of its own: it knows its rows by `knows` and says by `examples`
what a row holds; one that is neither a table nor JSON by `knows_lines` and `of_lines`. Pure.
"""

from collections.abc import Iterable

from nlu_shared.files.formats import (
    atis,
    clinc,
    doccano,
    label_studio,
    langfuse,
    openai_evals,
    plain,
    rasa,
    snips,
)
from nlu_shared.files.formats.base import Format, Shape

FORMATS: tuple[Format, ...] = (
    plain.DISCUSSIONS,
    rasa.JSON,
    label_studio.TASKS,
    label_studio.MIN,
    langfuse.FORMAT,
    openai_evals.FORMAT,
    snips.JSON,
    clinc.FORMAT,
    doccano.FORMAT,
    rasa.YAML,
    rasa.MARKDOWN,
    snips.YAML,
    atis.FORMAT,
    plain.TABLE,
    plain.JSON,
)
BY_NAME = {one.name: one for one in FORMATS}
NAMES = tuple(BY_NAME)
PLAIN = {Shape.TABLE: plain.TABLE, Shape.JSON: plain.JSON}


def nearest(names: Iterable[str], shape: Shape) -> Format:
    """Of the formats of this shape the one that has most of these names."""
    there = {" ".join(name.casefold().split()) for name in names}

    def shared(one: Format) -> int:
        return len({mark.casefold() for mark in one.marks} & there)

    best = max((one for one in FORMATS if shape in one.shapes), key=shared)
    return best if shared(best) else PLAIN[shape]
