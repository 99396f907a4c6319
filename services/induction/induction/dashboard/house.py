"""The house whose pages these are: its links, and who may open what in it."""

from pathlib import Path
from typing import Annotated, Literal

from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.pages.entrance import PREFIX, Entrance
from nlu_shared.kit.pages.house import House, Link

from induction.dashboard import moments, words
from induction.experiments.policy import strength
from induction.sentences import costing, outcome_in_words, readable, ways_of

RUNS, OPERATIONS = f"{PREFIX}/runs", f"{PREFIX}/operations"
SPEND, KEYS = f"{PREFIX}/spend", f"{PREFIX}/keys"
HOUSE = House(
    "induction",
    Path(__file__).parent,
    (
        Link(PREFIX, "Tasks", "runs:read"),
        Link(RUNS, "Runs", "runs:read"),
        Link(OPERATIONS, "Operations", ADMIN),
    ),
    filters={
        "stretches": words.stretches_of,
        "short": words.short,
        "made": words.made,
        "origin": words.origin,
        "money": words.money,
        "lasting": words.lasting,
        "in_words": words.in_words,
        "readable": readable,
        "costing": costing,
        "ways": ways_of,
        "became": outcome_in_words,
        "kinds_of_cases": words.kinds_of_cases,
        "strength": strength,
        "by_own_clock": moments.by_own_clock,
    },
)
entrance = Entrance(HOUSE)
YesNo = Literal["", "yes", "no"]
"""What a filter may ask for; empty: both."""
YES = {"yes": True, "no": False}
Reader = Annotated[Login, entrance.needs("runs:read", "prompts:read", "tasks:read")]
PromptReader = Annotated[Login, entrance.needs("prompts:read", "tasks:read")]
RunReader = Annotated[Login, entrance.needs("runs:read")]
Administrator = Annotated[Login, entrance.needs(ADMIN)]
reads_prompts = entrance.needs("prompts:read")
reads_runs, steers = entrance.needs("runs:read"), entrance.needs("runs:write")
registers, decides = entrance.needs("prompts:write"), entrance.needs("prompts:approve")
administers = entrance.needs(ADMIN)
