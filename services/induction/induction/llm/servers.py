"""What answers under a model's name, as a probe has found it out. Pure."""

from nlu_shared.schemas.base import Schema

from induction.providers import OFFLINE


class Dialect(Schema):
    """What of a request a server takes; what it does not take is not sent."""

    takes_schema: bool = True
    takes_temperature: bool = False
    length_field: str = "max_completion_tokens"


class Server(Schema):
    """One server, for one model.

    identity: what its answers are filed under; two servers' answers are never mixed.
    provider: the provider's name.
    model: as the provider calls it.
    adapter: the version of the form in which it is asked.
    billed: whether its calls cost money.
    concurrency: calls at once; None: as many as there are.
    reported: what it calls the model that answers; None: it does not say, or was not asked.
    dialect: what it takes.
    has_usage: whether it tells tokens; else each call is booked as the most it can cost.
    window: tokens of prompt and answer, where known.
    is_usable: whether its answer to the probe was what was asked for.
    """

    identity: str
    provider: str
    model: str
    adapter: str
    billed: bool = True
    concurrency: int | None = None
    reported: str | None = None
    dialect: Dialect = Dialect()
    has_usage: bool = True
    window: int | None = None
    is_usable: bool = True

    @property
    def name(self) -> str:
        """For people: who answers."""
        if self.identity == OFFLINE:
            return "the offline model"
        name = f"{self.model} of {self.identity}"
        if self.reported in (None, self.model):
            return name
        return f"{name}, which reports {self.reported}"
