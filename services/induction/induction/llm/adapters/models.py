"""Every model by its name: which adapter asks it, in what dialect, how many calls at once.

One place of a process holds all connections; a run gets its own view of it (`Answering`), with the
servers it has found behind its models' names. How many calls a provider bears at the moment is
shared with other processes (`paces`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Protocol

from nlu_shared.schemas.endpoints import Dialect

from induction.llm.accounting.flights import Slots
from induction.llm.adapters.attempts import Again, Rest, always
from induction.llm.adapters.batching import ProviderBatch, Result
from induction.llm.adapters.pace import patience_asked
from induction.llm.adapters.paces import PacedSlots, Paces, SharedPace
from induction.llm.errors import ParkRun, StopRun
from induction.llm.retry import Failure
from induction.llm.servers import Capacity, Server
from induction.providers import Providers, address
from induction.task_kinds.base import BY_MODEL, ModelAnswer, ModelRequest

CONCURRENCY = 16
"""Calls at once that the large providers bear."""
ELSEWHERE_SECONDS = 30.0
"""For which a run rests whose worker would ask another server."""


async def _freely(rest: Rest, _: bool) -> bool:
    await rest()
    return True


class Adapter(Protocol):
    """Asks one provider."""

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Again = ...,
        dialect: Dialect = ...,
    ) -> ModelAnswer: ...

    async def capacity(self, model: str) -> Capacity:
        """What the server tells of itself beside its answers; it never raises."""

    async def close(self) -> None: ...

    @property
    def batches(self) -> "BatchApi | None":
        """Where it takes many calls at once; None: it does not."""


class BatchApi(Protocol):
    """Message Batches of one provider. What fails is told, and nothing is repeated."""

    async def create(
        self, requests: Iterable[tuple[str, ModelRequest]], dialect: Dialect
    ) -> ProviderBatch | Failure: ...

    async def retrieve(self, id: str) -> ProviderBatch | Failure: ...

    async def cancel(self, id: str) -> ProviderBatch | Failure: ...

    async def delete(self, id: str) -> Failure | None: ...

    async def listed(self, after: str | None) -> tuple[list[ProviderBatch], bool] | Failure: ...

    async def results(self, id: str) -> dict[str, Result] | Failure: ...


class Models:
    """`open_adapter` makes the adapter of a provider when its first model is asked; `concurrency`
    is how many calls are on their way to one that does not say how many it bears. Without `paces`
    none is sent later for the answer to another."""

    def __init__(
        self,
        providers: Providers,
        open_adapter: Callable[[str], tuple[Adapter, str, Dialect]],
        *,
        concurrency: int = CONCURRENCY,
        paces: Paces | None = None,
    ) -> None:
        self.providers = providers
        self._concurrency = concurrency
        self._paces = paces
        self._open = open_adapter
        self._adapters: dict[str, tuple[Adapter, str, Dialect]] = {}
        self._slots: dict[tuple[str, int], Slots] = {}
        self._paced: dict[tuple[str, str, int], PacedSlots] = {}
        self._closing = AsyncExitStack()

    async def close(self) -> None:
        if self._paces is not None:
            await self._paces.close()
        await self._closing.aclose()

    def require(self, names: Iterable[str]) -> None:
        """Opens these providers' adapters now. Raises ServiceError where one is not installed."""
        for name in names:
            self._adapter(name)

    def server(self, model: str) -> Server:
        """What is known of the server of a model before it is asked anything."""
        name, bare = self.providers.of(model)
        provider = self.providers.by_name[name]
        _, version, dialect = self._adapter(name)
        return Server(
            identity=self.providers.identity(model),
            provider=name,
            model=bare,
            adapter=version if provider.effort is None else f"{version} {provider.effort}",
            billed=self.providers.is_billed(model),
            concurrency=provider.concurrency,
            dialect=dialect.model_copy(update={"effort": provider.effort}),
            window=provider.context_window,
            has_address=provider.has_address,
            timeout_seconds=provider.timeout_seconds,
            headers=provider.header_names,
        )

    async def complete(
        self,
        request: ModelRequest,
        server: Server,
        *,
        sample: int = 0,
        again: Again = always,
    ) -> ModelAnswer:
        """The answer, or a typed failure. Raises ParkRun and StopRun."""
        adapter, _, _ = self._adapter(server.provider)
        return await adapter.complete(
            replace(request, model=server.model),
            sample=sample,
            again=again,
            dialect=server.dialect,
        )

    async def capacity(self, server: Server) -> Capacity:
        """What the server tells of itself beside its answers."""
        adapter, _, _ = self._adapter(server.provider)
        return await adapter.capacity(server.model)

    def batches(self, server: Server) -> BatchApi | None:
        """Where its provider takes many calls at once; None: it does not. Raises StopRun."""
        adapter, _, _ = self._adapter(server.provider)
        return adapter.batches

    def slots(self, server: Server) -> Slots:
        """One for each call that may be on its way to that server, over all runs of this process,
        and fewer while the server asks for less. A call waits for one before it is sent, so that
        its time limit does not run meanwhile."""
        size = server.concurrency or self._concurrency
        slots = self._slots.setdefault((server.provider, size), Slots(size))
        pace = self.pace(server)
        if pace is None:
            return slots
        named = server.provider, server.model, size
        return self._paced.setdefault(named, PacedSlots(slots, pace))

    def pace(self, server: Server) -> SharedPace | None:
        """Of all calls to that model of that provider, whoever makes them."""
        url = self.providers.by_name[server.provider].base_url
        place = server.provider if url is None else address(url)
        return None if self._paces is None else self._paces.of(f"{place}/{server.model}")

    def _adapter(self, name: str) -> tuple[Adapter, str, Dialect]:
        if name not in self.providers.by_name:
            raise StopRun(f"there is no provider {name} any more")
        if name not in self._adapters:
            self._adapters[name] = self._open(name)
            self._closing.push_async_callback(self._adapters[name][0].close)
        return self._adapters[name]


class Answering:
    """The models of one run. `servers` is filled as they are found, and then stays; `trouble` is
    what the last attempt met, where that was no answer."""

    def __init__(self, models: Models, servers: Mapping[str, Server]) -> None:
        self._models = models
        self.servers = dict(servers)
        self.trouble: str | None = None

    def server(self, model: str) -> Server:
        if model not in self.servers:
            self.servers[model] = self._models.server(model)
        return self.servers[model]

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[Rest, bool], Awaitable[bool]] = _freely,
    ) -> ModelAnswer:
        """As `Models.complete`; `again` is given the rest before a further attempt, and whether the
        one before may have been billed unread. Raises StopRun where another model answers than the
        one that the run began with: their answers would be mixed. Raises ParkRun as `_reached`
        does."""
        server = self._reached(request.model)
        pace = self._models.pace(server)

        async def attempted(failure: Failure, rest: Rest) -> bool:
            self.trouble = f"{server.name}: {failure}"
            asked_for = patience_asked(failure)
            if pace is not None and asked_for is not None:
                pace.refused(asked_for)
            return await again(rest, failure.ambiguous)

        answer = await self._models.complete(request, server, sample=sample, again=attempted)
        self.trouble = None
        if pace is not None and answer.outcome in BY_MODEL:
            pace.answered()
        if None not in (server.reported, answer.reported) and answer.reported != server.reported:
            raise StopRun(
                f"another model answers at {server.identity} than when the run began:"
                f" {answer.reported}, not {server.reported}",
                ambiguous=answer.ambiguous + 1,
            )
        return answer

    def slots(self, model: str) -> Slots:
        """As `Models.slots`."""
        return self._models.slots(self.server(model))

    def batches(self, model: str) -> BatchApi | None:
        """As `Models.batches`. Raises ParkRun as `_reached` does."""
        return self._models.batches(self._reached(model))

    def _reached(self, model: str) -> Server:
        """The server of the run. Raises ParkRun where this process would ask another one under the
        model's name: a process that has its address may take the run meanwhile."""
        server, own = self.server(model), self._models.server(model)
        if not server.is_at(own.identity):
            raise ParkRun(
                ELSEWHERE_SECONDS,
                f"the run began with {server.name}, and its worker would ask {own.name}: their"
                " answers are never mixed",
            )
        return server

    async def capacity(self, model: str) -> Capacity:
        """As `Models.capacity`."""
        return await self._models.capacity(self.server(model))
