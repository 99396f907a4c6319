"""What somebody who fills in an extraction has hardly meant. Pure."""

from typing import TypeVar

from nlu_shared.rendering import dates
from nlu_shared.schemas.extraction import DateCertainty, Event, Extraction, PairBond

from nlu_logger.dashboard.inbox.extraction import NoExtraction

Item = TypeVar("Item", Event, PairBond)
DATES = {"dateTime": "date", "endDateTime": "until"}


def check(corrected: Extraction, proposed: Extraction | None) -> None:
    """Raises NoExtraction for an event about nobody, for a date that nobody can read and that is
    not said to be unknown, and for a pair bond that is not of two people. What the model proposed
    and somebody left is not theirs to mend."""
    proposed = proposed or Extraction()
    events = {_without_id(one) for one in proposed.events}
    for number, one in enumerate(corrected.events, start=1):
        if _without_id(one) not in events:
            _check(one, number)
    bonds = {_without_id(one) for one in proposed.pair_bonds}
    for number, bond in enumerate(corrected.pair_bonds, start=1):
        if _without_id(bond) not in bonds:
            _check_bond(bond, number)


def _check(event: Event, number: int) -> None:
    if event.person is event.spouse is event.child is None:
        raise NoExtraction(f"In event {number}: nobody is chosen whose it is.")
    if event.dateCertainty is DateCertainty.UNKNOWN:
        return
    for name, title in DATES.items():
        written = getattr(event, name)
        if written and dates.read(written) is None:
            raise NoExtraction(
                f"In event {number}: {title} cannot be read. Expected: a year at least, such as"
                " 1985, March 1985 or 1985-03-12. Where none is known, leave it empty, or choose"
                " that the date is unknown."
            )


def _check_bond(bond: PairBond, number: int) -> None:
    """Of a bond known from before, what changes may be all that is said."""
    ends = (bond.person_a, bond.person_b)
    is_known = bond.id is not None and bond.id > 0
    if None in ends and not (is_known and ends == (None, None)):
        raise NoExtraction(f"In pair bond {number}: it is of two people. Choose both.")
    if None not in ends and bond.person_a == bond.person_b:
        raise NoExtraction(
            f"In pair bond {number}: nobody is in a bond with themself. Choose two people."
        )


def _without_id(item: Item) -> Item:
    """A form gives an id to what has none."""
    return item.model_copy(update={"id": None})
