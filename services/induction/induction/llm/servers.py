"""What answers under a model's name, as a probe has found it out. Pure."""

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from nlu_shared.schemas.base import Schema

from induction.providers import OFFLINE


class Dialect(Schema):
    """What of a request a server takes; what it does not take is not sent.

    takes_schema: a JSON Schema of the answer.
    takes_temperature: a temperature, which then is 0: equal requests mostly get equal answers.
    length_field: what it calls the most tokens of an answer. The older name goes first: who knows
        only the newer one refuses it, but who knows only the older one may take the newer and have
        no limit (Ollama, its issue 7125).
    effort: how hard a model is to think, where an operator says it.
    """

    takes_schema: bool = True
    takes_temperature: bool = False
    length_field: str = "max_tokens"
    effort: str | None = None

    def without(self, fields: Collection[str]) -> "Dialect":
        """The same with these fields as they are for a server that refuses them."""
        return self.model_copy(update={name: INSTEAD[name] for name in fields})


NEWER_LENGTH = "max_completion_tokens"
INSTEAD: Mapping[str, bool | str | None] = {
    "length_field": NEWER_LENGTH,
    "takes_temperature": False,
    "effort": None,
    "takes_schema": False,
}


def dialects(full: Dialect) -> Iterator[Dialect]:
    """From the whole of it to the least: each part left out alone before two are. OpenAI's newer
    models refuse two of them, and the first two at that."""
    parts = [name for name, other in INSTEAD.items() if getattr(full, name) != other]
    for count in range(len(parts) + 1):
        for left_out in combinations(parts, count):
            yield full.without(left_out)


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

    def is_at(self, identity: str) -> bool:
        """Whether that is where it was found, whatever it has reported since."""
        return self.identity == identity or self.identity.startswith(f"{identity}: ")

    @property
    def name(self) -> str:
        """For people: who answers."""
        if self.identity == OFFLINE:
            return "the offline model"
        name = f"{self.model} of {self.identity}"
        if self.reported in (None, self.model):
            return name
        return f"{name}, which reports {self.reported}"
