"""Chance that is the same everywhere: an order drawn from hashes, not from a generator's state.

Adding an item never reorders the others, and no Python version changes the draw.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def shuffled(
    items: Iterable[Item], *, name: Callable[[Item], object], seed: int, purpose: str
) -> list[Item]:
    """`items` in a random order that depends on seed, purpose and each item's own name only.

    items: in any order.
    name: what an item is known by; two of one name stand in the order given.
    seed: of the run.
    purpose: keeps two draws of one seed apart.
    """

    def lot(item: Item) -> bytes:
        return hashlib.sha256(f"{seed}\n{purpose}\n{name(item)}".encode()).digest()

    return sorted(items, key=lot)
