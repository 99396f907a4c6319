"""What a prompt could gain, as a person reads it. Pure."""

from nlu_shared.schemas.headroom import ClassifierScore, Headroom, VariantScore
from rich.text import Text

from induction.watching.lines import Line, bar, plain, quiet

NAME = 21
"""Columns for a way of asking."""


def measured(headroom: Headroom) -> list[Line]:
    """Each way of asking on a line of its own, then what follows."""
    lines = [
        _scored("as it is", headroom.score, f"F1 on {headroom.cases} cases"),
        *map(_variant, headroom.variants),
        *_classifier(headroom.classifier),
    ]
    if headroom.changed_again is not None:
        lines.append(
            quiet(
                f"asked again, {headroom.changed_again:.0%} of {headroom.repeated} answers changed"
            )
        )
    if headroom.conflicts:
        lines.append(quiet(f"{headroom.conflicts} cases have a near-duplicate labelled otherwise"))
    return [*lines, plain(headroom.summary)]


def priced(headroom: Headroom | None) -> list[Line]:
    """What an improve run would cost."""
    if headroom is None or headroom.improve_usd is None:
        return []
    calls = headroom.usual.task_calls + headroom.usual.proposals
    return [
        quiet(
            f"an improve run takes about {calls} calls,"
            f" {headroom.improve_usd:.4f} dollars at list price"
        )
    ]


def _variant(one: VariantScore) -> Line:
    effect = f"{one.gain:+.3f} a case; fixed {one.fixed}, broke {one.broke}; {one.tokens} tokens"
    return _scored(one.variant, one.score, effect)


def _classifier(one: ClassifierScore | None) -> list[Line]:
    if one is None:
        return []
    if one.score is None:
        return [quiet(f"no plain classifier beside it: {one.missing}")]
    same = "" if one.same_score is None else f"; {one.same_score:.3f} on the same cases"
    return [_scored("a plain classifier", one.score, f"F1 on {one.cases} cases{same}")]


def _scored(name: str, score: float, words: str) -> Line:
    return plain(Text.assemble(f"{name:<{NAME}}", bar(score), f" {words}"))
