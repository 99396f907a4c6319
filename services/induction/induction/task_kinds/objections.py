"""What a task says against a prompt, for people: many of a kind are one. Pure."""

import re
from collections import defaultdict
from collections.abc import Sequence

FEW = 3
"""So many of a kind are told one by one, and named where there are more."""
_OF_A_KIND = re.compile(r"(?P<what>\w+) (?P<which>\d+|'[^']*') (?P<is_so>.*)")
_PLURALS = (("answers ", "answer "), ("is ", "are "))


def summed(problems: Sequence[str]) -> list[str]:
    """As "example 4 answers with no label of this task", of more than FEW alike "27 examples answer
    with no label of this task: 0, 1, 2 and 24 more"."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in problems:
        like = _OF_A_KIND.fullmatch(one)
        kinds[(like["what"], like["is_so"]) if like else (one, "")].append(
            like["which"] if like else ""
        )
    lines = []
    for (what, is_so), those in kinds.items():
        if not is_so:
            lines.append(what)
        elif len(those) <= FEW:
            lines += [f"{what} {one} {is_so}" for one in those]
        else:
            named = f"{', '.join(those[:FEW])} and {len(those) - FEW} more"
            lines.append(f"{len(those)} {what}s {_plural(is_so)}: {named}")
    return lines


def _plural(is_so: str) -> str:
    for one, many in _PLURALS:
        if is_so.startswith(one):
            return many + is_so.removeprefix(one)
    return is_so
