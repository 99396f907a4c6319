"""Which prompt serves: asked of induction, kept on disk, bundled with the backend, in this order.

Induction is asked at most every `REFRESH_SECONDS`, beside a call and not before it. Of a unit, who
may have a part in an experiment, it is asked before a call, so that no unit runs what is older.
Where it does not answer, what is known goes on serving: that is counted and logged, and stops
nobody.
"""

import asyncio
import hashlib
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx2
from pydantic import ValidationError

from nlu_shared.certificates import trusted
from nlu_shared.client.errors import ClientError
from nlu_shared.client.loops import Clients
from nlu_shared.client.prompted import module, served
from nlu_shared.client.prompted.served import ServedPrompt, Whence
from nlu_shared.client.prompted.units import Units, answer_of
from nlu_shared.environment import variable
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.registry import ActivePrompt

log = logging.getLogger(__name__)
TIMEOUT = httpx2.Timeout(2, connect=1)
"""Seconds. A first call waits that long at most for an induction that is away."""
REFRESH_SECONDS = 60.0
SILENT_SECONDS = 10.0
"""While induction does not answer, one call in so many seconds waits to see whether it is back."""
CACHE, BUNDLED = "NLU_PROMPT_CACHE", "NLU_PROMPTS"
"""A folder, and the path of an exported `prompts.py`, as the environment names them."""


class _Live(NamedTuple):
    """An answer of induction, and how it is run."""

    active: ActivePrompt
    prompt: ServedPrompt


class NoPrompt(ClientError):
    """No prompt is to be had: induction has none or is away, and nothing is kept or bundled."""


class _Kept(Schema):
    """A file of the cache."""

    etag: str
    active: ActivePrompt


class PromptSource:
    """`fallbacks` counts how often induction was asked in vain while something else served; `alias`
    is production, or staging. Raises ValueError for another."""

    def __init__(
        self,
        task: str,
        *,
        url: str | None = None,
        key: str | None = None,
        cache: Path | str | None = None,
        bundled: Path | str | None = None,
        alias: ServingAlias | str = ServingAlias.PRODUCTION,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fallbacks = 0
        self._task = task
        base = url or variable("INDUCTION_URL") or "http://127.0.0.1:8002"
        chosen = ServingAlias(alias)
        self._has_units = chosen is ServingAlias.PRODUCTION
        query = "" if self._has_units else f"?alias={chosen.value}"
        self._url = f"{base.rstrip('/')}/v1/prompts/{task}/active{query}"
        self._key = key or variable("INDUCTION_KEY") or ""
        self._file = _folder(cache) / f"{task}-{_short(self._url)}.json"
        self._bundled = Path(bundled or variable(BUNDLED) or "prompts.py")
        self._clock = clock
        self._clients = Clients(lambda: httpx2.AsyncClient(timeout=TIMEOUT, verify=trusted()))
        self._held: ServedPrompt | None = None
        self._etag = ""
        self._next = 0.0
        self._units = Units(seconds=REFRESH_SECONDS)
        self._silent_until: float | None = None

    async def current(self, unit: str | None = None) -> ServedPrompt:
        """What serves now, to this unit: a unit waits for induction once in REFRESH_SECONDS, others
        on a first call only. Under staging nothing is drawn. Raises NoPrompt."""
        if unit is not None and self._has_units:
            return await self._of_unit(unit)
        if self._held is None:
            await self._ask()
            self._held = self._held or self._from_cache() or self._from_module()
        if self._held is None:
            self._next = 0.0
            raise NoPrompt(f"no prompt of {self._task} is served, kept or bundled")
        return self._held

    async def refresh(self) -> None:
        """Asks induction, where it is time to. Never raises."""
        if self._clock() >= self._next:
            await self._ask()

    async def close(self) -> None:
        await self._clients.close()

    async def _of_unit(self, unit: str) -> ServedPrompt:
        """While induction is silent, what the unit had last, else what all have."""
        now = self._clock()
        if (prompt := self._units.fresh(unit, now)) is not None:
            return prompt
        if self._may_look(now):
            await self._ask_for(unit)
        return self._units.last(unit) or await self.current()

    def _may_look(self, now: float) -> bool:
        if self._silent_until is None:
            return True
        if now < self._silent_until:
            return False
        self._silent_until = now + SILENT_SECONDS
        return True

    async def _ask_for(self, unit: str) -> None:
        recent = self._units.recent()
        if (heard := await self._heard(",".join(recent), {"unit": unit})) is None:
            self._silent_until = self._clock() + SILENT_SECONDS
            return
        self._silent_until = None
        etag, live = heard
        answer = recent.get(etag) if live is None else answer_of(live.active, etag, live.prompt)
        if answer is not None:
            self._units.hear(unit, answer, self._clock())

    async def _ask(self) -> None:
        self._next = self._clock() + REFRESH_SECONDS
        if (heard := await self._heard(self._etag)) is None:
            return
        etag, live = heard
        if live is not None:
            self._held, self._etag = live.prompt, etag
            await asyncio.to_thread(self._keep, _Kept(etag=etag, active=live.active))

    async def _heard(
        self, held: str, params: dict[str, str] | None = None
    ) -> tuple[str, _Live | None] | None:
        """An ETag and what it is of, unless that is `held`. None, counted and logged, where there
        is no answer that can be used."""
        try:
            answer = await self._clients.get().get(
                self._url, params=params, headers=self._headers(held)
            )
            # A proxy that compresses weakens it.
            etag = answer.headers.get("etag", "").removeprefix("W/")
            if answer.status_code == httpx2.codes.NOT_MODIFIED:
                return etag, None
            answer.raise_for_status()
            active = ActivePrompt.model_validate_json(answer.content)
            return etag, _Live(active, served.served_of(active, Whence.LIVE))
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RuntimeError) as error:
            # An answer's body that cannot be read is a ValueError.
            self.fallbacks += 1
            log.warning(
                "prompt not fetched task=%s fallbacks=%d error=%s",
                self._task,
                self.fallbacks,
                _named(error),
            )
            return None

    def _headers(self, held: str) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return bearer | ({"If-None-Match": held} if held else {})

    def _keep(self, kept: _Kept) -> None:
        """Whole or not at all; a disk that takes nothing is no reason to stop."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self._file.parent, delete=False
            ) as written:
                written.write(kept.model_dump_json())
            Path(written.name).replace(self._file)
        except OSError as error:
            log.warning("prompt not kept task=%s error=%s", self._task, type(error).__name__)

    def _from_cache(self) -> ServedPrompt | None:
        try:
            kept = _Kept.model_validate_json(self._file.read_bytes())
            held = served.served_of(kept.active, Whence.CACHE)
        except (OSError, ValueError, ValidationError):
            return None
        self._etag = kept.etag
        return held

    def _from_module(self) -> ServedPrompt | None:
        try:
            held = module.served_of(self._bundled.read_text(encoding="utf-8"))
        except OSError:
            return None
        except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
            log.error("bundled prompt not readable error=%s", type(error).__name__)
            return None
        if held.task != self._task:
            log.error("bundled prompt is of another task task=%s", self._task)
            return None
        return held


def _folder(cache: Path | str | None) -> Path:
    if chosen := cache or variable(CACHE):
        return Path(chosen)
    home = variable("XDG_CACHE_HOME")
    return (Path(home) if home else Path("~/.cache").expanduser()) / "nlu-prompts"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _named(error: Exception) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__
