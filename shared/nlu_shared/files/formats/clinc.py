"""CLINC150: an object of splits, each a list of pairs of a text and its intent; the texts that are
out of scope have splits of their own and the intent `oos`.

Documented at https://github.com/clinc/oos-eval. Our own splits are made anew: which split a text
was in is not kept. Pure.
"""

from collections.abc import Iterator

from nlu_shared.files.formats.base import Columns, Format, Shape, a_list, flaw, item
from nlu_shared.files.rows import Line, Row

SPLITS = frozenset({"train", "val", "test", "oos_train", "oos_val", "oos_test"})


def _examples(line: Line, _columns: Columns) -> Iterator[Line]:
    number = 0
    for pairs in line.row.values() if isinstance(line.row, dict) else ():
        for pair in a_list(pairs):
            number += 1
            if isinstance(pair, list) and len(pair) == 2:
                yield item(number, *pair)
            else:
                yield flaw(number, "A pair of a text and its intent is expected.", pair)


def _knows(row: Row) -> bool:
    lists = [one for one in row.values() if isinstance(one, list)]
    pairs = [one[0] for one in lists if one]
    return (
        len(lists) == len(row)
        and bool(pairs)
        and all(isinstance(one, list) and len(one) == 2 for one in pairs)
    )


FORMAT = Format(
    name="clinc",
    title="CLINC150's JSON",
    shapes=frozenset({Shape.JSON}),
    marks=SPLITS,
    knows=_knows,
    examples=_examples,
)
