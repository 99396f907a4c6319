"""By which of its columns a list is ordered. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """By the column of this name; None: by the id."""

    name: str | None
    is_descending: bool


NEWEST = Order(None, is_descending=True)
