"""What a label set makes of a truth, and of a change to itself. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.labels import LabelSet, LabelSpec, LabelWarning, folded, like

MOST_OFFERED = 200
"""Labels in the body of a refusal."""
MOST_FAULTS = 20


class UnknownLabel(Invalid):
    code = "unknown_label"
    title = "This is no label of the task"


class LabelTwice(Invalid):
    code = "label_twice"
    title = "A name or an alias stands twice in the set"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A label as it is stored; `labels` is the set with it, where it is added to one."""

    label: str
    warning: LabelWarning | None = None
    labels: tuple[LabelSpec, ...] | None = None


def admit(
    label: str,
    known: LabelSet,
    *,
    allow_new: bool,
    choices: Collection[str] | None = None,
) -> Admitted:
    """Raises UnknownLabel for what a defined set lacks or has retired.

    An open set takes any label. With `choices` (what a person was offered) it takes those and its
    own only, once it has some: what somebody typed is new on purpose, or a slip.
    """
    named = known.spellings.get(label)
    if named in known.names:
        return Admitted(named, None if known.version else _warning(named, known.names))
    is_open = known.version == 0 and (choices is None or label in choices or not known.names)
    if not is_open and not allow_new:
        offered = () if known.version else choices or ()
        raise _unknown(label, known, offered, is_retired=named is not None)
    if known.version == 0:
        return Admitted(label, _warning(label, known.names))
    if named is not None:
        return Admitted(named, None, _with(known.labels, named, retired=False))
    added = (*known.labels, LabelSpec(name=label))
    return Admitted(label, _warning(label, known.names), added)


def warnings(names: Sequence[str]) -> tuple[LabelWarning, ...]:
    """Each label that is nearly another one, but the first of its kind."""
    alike: dict[str, list[str]] = defaultdict(list)
    likes = []
    for name in names:
        if others := alike[folded(name)]:
            likes.append(LabelWarning(label=name, like=tuple(sorted(others))))
        others.append(name)
    return tuple(likes)


def twice(labels: Sequence[LabelSpec]) -> list[dict[str, Any]]:
    """Place and kind of every name and alias that stands in the set already."""
    names = [(("labels", n, "name"), one.name) for n, one in enumerate(labels)]
    aliases = [
        (("labels", n, "aliases", m), alias)
        for n, one in enumerate(labels)
        for m, alias in enumerate(one.aliases)
    ]
    seen: set[str] = set()
    faults = []
    for place, spelling in (*names, *aliases):
        if spelling in seen:
            faults.append({"loc": ["body", *map(str, place)], "type": LabelTwice.code})
        seen.add(spelling)
    return faults[:MOST_FAULTS]


def renamed(labels: Sequence[LabelSpec], old: str, new: str) -> tuple[LabelSpec, ...]:
    """The set where `old` is called `new`, or is merged into it; late answers of the old spelling
    are read as it. An `old` that only proposals carry is a label of the set before it is renamed.
    """
    if old not in {one.name for one in labels}:
        labels = (*labels, LabelSpec(name=old))
    merged = [one for one in labels if one.name in (old, new)]
    kept = next((one for one in merged if one.name == new), merged[0])
    spellings = [spelling for one in merged for spelling in (one.name, *one.aliases)]
    made = LabelSpec(
        name=new,
        description=kept.description or next(filter(None, (one.description for one in merged)), ""),
        aliases=tuple(dict.fromkeys(one for one in spellings if one != new)),
        retired=kept.retired,
    )
    return tuple(made if one is kept else one for one in labels if one is kept or one not in merged)


def _with(labels: Iterable[LabelSpec], name: str, **changed: Any) -> tuple[LabelSpec, ...]:
    return tuple(one.model_copy(update=changed) if one.name == name else one for one in labels)


def _warning(label: str, names: Collection[str]) -> LabelWarning | None:
    others = like(label, names)
    return LabelWarning(label=label, like=tuple(others)) if others else None


def _unknown(
    label: str, known: LabelSet, choices: Collection[str], *, is_retired: bool
) -> UnknownLabel:
    names = list(dict.fromkeys((*known.names, *choices)))
    near = like(label, [*names, *known.spellings])
    why = (
        "This label is retired; `allow_new` brings it back."
        if is_retired
        else "It differs from a label of the task in case, blanks, hyphens or underscores only:"
        " take that one, or make this an alias of it. `allow_new` adds it beside that."
        if near
        else "It is none of the task's `labels`; `allow_new` adds it to them on purpose."
    )
    return UnknownLabel(why, labels=list(dict.fromkeys((*near, *names)))[:MOST_OFFERED])
