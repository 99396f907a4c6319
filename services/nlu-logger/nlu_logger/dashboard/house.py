"""The house whose pages these are: its links, and who may open what in it."""

from pathlib import Path
from typing import Annotated

from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.pages.entrance import PREFIX, Entrance
from nlu_shared.kit.pages.house import House, Link
from starlette.responses import Response

OVERVIEW, REVIEW, SEARCH = PREFIX, f"{PREFIX}/review", f"{PREFIX}/predictions"
TRUTHS, OPERATIONS = f"{PREFIX}/truths", f"{PREFIX}/operations"
HOUSE = House(
    "nlu-logger",
    Path(__file__).parent,
    (
        Link(OVERVIEW, "Overview", "insights:read"),
        Link(REVIEW, "Review", "reviews:read"),
        Link(SEARCH, "Predictions", "predictions:read"),
        Link(TRUTHS, "Ground truth", "ground-truth:read"),
        Link(OPERATIONS, "Operations", ADMIN),
    ),
)
entrance = Entrance(HOUSE)
needs = entrance.needs
Reader = Annotated[Login, needs("insights:read")]
Reviewer = Annotated[Login, needs("reviews:read")]
Searcher = Annotated[Login, needs("predictions:read")]
TruthReader = Annotated[Login, needs("ground-truth:read")]
administers = needs(ADMIN)
Administrator = Annotated[Login, administers]


def led(to: str) -> Response:
    """A form was taken: the browser goes on to a page."""
    return Response(status_code=303, headers={"Location": to})
