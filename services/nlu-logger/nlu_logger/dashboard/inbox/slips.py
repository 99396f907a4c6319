"""What somebody who fills in an extraction has hardly meant. Pure."""

from nlu_shared.rendering import dates
from nlu_shared.schemas.extraction import DateCertainty, Event, Extraction

from nlu_logger.dashboard.inbox.extraction import NoExtraction

DATES = {"dateTime": "date", "endDateTime": "until"}


def check(corrected: Extraction, proposed: Extraction | None) -> None:
    """Raises NoExtraction for an event about nobody, and for a date that nobody can read and that
    is not said to be unknown. What the model proposed and somebody left is not theirs to mend."""
    before = set() if proposed is None else {_without_id(one) for one in proposed.events}
    for number, one in enumerate(corrected.events, start=1):
        if _without_id(one) not in before:
            _check(one, number)


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


def _without_id(event: Event) -> Event:
    """A form gives an id to what has none."""
    return event.model_copy(update={"id": None})
