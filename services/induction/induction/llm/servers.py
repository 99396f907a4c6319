"""What answers under a model's name, as a probe has found it out. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.endpoints import (
    NEWER_LENGTH,
    TIMEOUT_SECONDS,
    ApiForm,
    Dialect,
    HeaderName,
    ModelEndpoint,
)

from induction.providers import OFFLINE

CHAT = "chat/"
"""With which the version of an adapter of the chat-completions form begins."""
INSTEAD: Mapping[str, bool | str | None] = {
    "length_field": NEWER_LENGTH,
    "takes_temperature": False,
    "effort": None,
    "takes_schema": False,
}
"""Of a dialect, each part as it is for a server that refuses it."""


def dialects(full: Dialect) -> Iterator[Dialect]:
    """From the whole of it to the least: each part left out alone before two are. OpenAI's newer
    models refuse two of them, and the first two at that."""
    parts = [name for name, other in INSTEAD.items() if getattr(full, name) != other]
    for count in range(len(parts) + 1):
        for left_out in combinations(parts, count):
            yield full.model_copy(update={name: INSTEAD[name] for name in left_out})


def nobody_left(servers: Iterable["Server"]) -> str | None:
    """Why none of these can be asked; None: one can, or there is none."""
    faults = [one.fault for one in servers]
    return "; ".join(filter(None, faults)) if all(faults) and faults else None


class Capacity(Schema):
    """What a server tells of itself beside its answers; None where it does not.

    window: tokens of prompt and answer.
    slots: calls that it works on at once; others wait in it, and their time runs.
    """

    window: int | None = None
    slots: int | None = None


class Server(Schema):
    """One server, for one model.

    identity: what its answers are filed under; two servers' answers are never mixed.
    provider: the provider's name.
    model: as the provider calls it.
    adapter: the version of the form in which it is asked, and what of it is left out.
    billed: whether its calls cost money.
    concurrency: calls at once; None: as many as the large providers bear.
    reported: what it calls the model that answers; None: it does not say, or was not asked.
    dialect: what it takes.
    heeds_schema: whether its answers follow a schema beyond what the prompt says; None: not known.
    has_usage: whether it tells tokens; else each call is booked as the most it can cost.
    window: tokens of prompt and answer, where known.
    fault: why it cannot be asked; None: it can.
    has_address: whether its provider was given an address of its own.
    timeout_seconds: for one answer.
    headers: names of those that its provider is sent with every request.
    """

    identity: str
    provider: str
    model: str
    adapter: str
    billed: bool = True
    concurrency: int | None = None
    reported: str | None = None
    dialect: Dialect = Dialect()
    heeds_schema: bool | None = None
    has_usage: bool = True
    window: int | None = None
    fault: str | None = None
    has_address: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    headers: tuple[HeaderName, ...] = ()

    def is_at(self, identity: str) -> bool:
        """Whether that is where it was found, whatever it has reported since."""
        return self.identity == identity or self.identity.startswith(f"{identity}: ")

    @property
    def endpoint(self) -> ModelEndpoint:
        """How it is asked, for whoever runs what was measured on it."""
        is_chat = self.adapter.startswith(CHAT)
        dialect = self.dialect
        if not is_chat:  # whose length has one name, and is not in question
            dialect = dialect.model_copy(update={"length_field": Dialect().length_field})
        return ModelEndpoint(
            provider=self.provider,
            api=ApiForm.CHAT_COMPLETIONS if is_chat else ApiForm.MESSAGES,
            model=self.model,
            dialect=dialect,
            has_address=not self.is_at(self.provider) or self.has_address,
            timeout_seconds=self.timeout_seconds,
            headers=self.headers,
        )

    @property
    def name(self) -> str:
        """For people: who answers."""
        if self.identity == OFFLINE:
            return "the offline model"
        name = f"{self.model} of {self.identity}"
        if self.reported in (None, self.model):
            return name
        return f"{name}, which reports {self.reported}"
