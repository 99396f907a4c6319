"""Which prompt serves: asked of induction, kept on disk, bundled with the backend, in this order.

Induction is asked at most every `REFRESH_SECONDS`, beside a call and not before it. Where it does
not answer, what is known goes on serving: that is counted and logged, and stops nobody.
"""

import asyncio
import hashlib
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
from pydantic import ValidationError

from nlu_shared.certificates import trusted
from nlu_shared.client.errors import ClientError
from nlu_shared.client.loops import Clients
from nlu_shared.client.prompted import module, served
from nlu_shared.client.prompted.served import ServedPrompt, Whence
from nlu_shared.environment import given
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.registry import ActivePrompt

log = logging.getLogger(__name__)
TIMEOUT = httpx2.Timeout(2, connect=1)
"""Seconds. A first call waits that long at most for an induction that is away."""
REFRESH_SECONDS = 60.0
CACHE, BUNDLED = "NLU_PROMPT_CACHE", "NLU_PROMPTS"
"""A folder, and the path of an exported `prompts.py`, as the environment names them."""


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
        base = url or given("INDUCTION_URL") or "http://127.0.0.1:8002"
        chosen = ServingAlias(alias)
        query = "" if chosen is ServingAlias.PRODUCTION else f"?alias={chosen.value}"
        self._url = f"{base.rstrip('/')}/v1/prompts/{task}/active{query}"
        self._key = key or given("INDUCTION_KEY") or ""
        self._file = _folder(cache) / f"{task}-{_short(self._url)}.json"
        self._bundled = Path(bundled or given(BUNDLED) or "prompts.py")
        self._clock = clock
        self._clients = Clients(lambda: httpx2.AsyncClient(timeout=TIMEOUT, verify=trusted()))
        self._held: ServedPrompt | None = None
        self._etag = ""
        self._next = 0.0

    async def current(self) -> ServedPrompt:
        """What serves now. Only a first call waits for induction. Raises NoPrompt."""
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

    async def _ask(self) -> None:
        self._next = self._clock() + REFRESH_SECONDS
        try:
            answer = await self._clients.get().get(self._url, headers=self._headers())
            if answer.status_code == httpx2.codes.NOT_MODIFIED:
                return
            answer.raise_for_status()
            active = ActivePrompt.model_validate_json(answer.content)
            self._held = served.served_of(active, Whence.LIVE)
            self._etag = answer.headers.get("etag", "")
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RuntimeError) as error:
            # An answer's body that cannot be read is a ValueError.
            self.fallbacks += 1
            log.warning(
                "prompt not fetched task=%s fallbacks=%d error=%s",
                self._task,
                self.fallbacks,
                _named(error),
            )
            return
        await asyncio.to_thread(self._keep, _Kept(etag=self._etag, active=active))

    def _headers(self) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return bearer | ({"If-None-Match": self._etag} if self._etag else {})

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
    if chosen := cache or given(CACHE):
        return Path(chosen)
    home = given("XDG_CACHE_HOME")
    return (Path(home) if home else Path("~/.cache").expanduser()) / "nlu-prompts"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _named(error: Exception) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__
