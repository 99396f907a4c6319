"""Where an export's files go: below a folder or in object storage, visible whole or not at all.

An export is prepared in a folder of its own and then published. Names come from a schedule's slug
and its time, never from a request's path.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

MANIFEST = "manifest.json"


class Destination(Protocol):
    """`published` and `publish` answer the manifest that readers see."""

    @property
    def scratch(self) -> Path:
        """The folder in which exports are prepared."""

    def address(self, name: str) -> str: ...

    async def published(self, name: str) -> bytes | None: ...

    async def publish(self, prepared: Path, name: str) -> bytes: ...


def run_name(schedule: str, scheduled_at: datetime) -> str:
    """An export's folder, for names that sort by time."""
    return f"{schedule}/{scheduled_at.astimezone(UTC):%Y-%m-%dT%H-%MZ}"


@dataclass(frozen=True, slots=True)
class Folder:
    """An export appears by one rename of its folder, so `root` must be one file system.

    It is readable by the worker's user alone.
    """

    root: Path

    @property
    def scratch(self) -> Path:
        return self.root

    def address(self, name: str) -> str:
        return str(self.root / name)

    async def published(self, name: str) -> bytes | None:
        path = self.root / name / MANIFEST
        return path.read_bytes() if path.exists() else None

    async def publish(self, prepared: Path, name: str) -> bytes:
        """Raises OSError; an export that another worker published first stays as it is."""
        return await asyncio.to_thread(_move, prepared, self.root / name)


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Objects appear whole; the manifest is put last: an export without one is not there yet.

    `obstore` is the module of that name, loaded when object storage is asked for.
    """

    url: str
    store: Any
    obstore: Any
    scratch: Path = Path(tempfile.gettempdir())

    def address(self, name: str) -> str:
        return f"{self.url.rstrip('/')}/{name}"

    async def published(self, name: str) -> bytes | None:
        try:
            content = await self.obstore.get_async(self.store, f"{name}/{MANIFEST}")
        except FileNotFoundError:
            return None
        return bytes(await content.bytes_async())

    async def publish(self, prepared: Path, name: str) -> bytes:
        """Raises the store's own errors."""
        files = await asyncio.to_thread(_files_of, prepared)
        manifest = files.pop(MANIFEST)
        for file, path in files.items():
            await self.obstore.put_async(self.store, f"{name}/{file}", path)
        content = await asyncio.to_thread(manifest.read_bytes)
        await self.obstore.put_async(self.store, f"{name}/{MANIFEST}", content)
        return content


def open_store(url: str) -> ObjectStore:
    """Credentials come from the environment, as the storage's own tools read them.

    Raises ModuleNotFoundError without the extra `object-storage`.
    """
    obstore = import_module("obstore")
    return ObjectStore(url, import_module("obstore.store").from_url(url), obstore)


def destinations(folder: Path | None, store: str | None) -> dict[str, Callable[[], Destination]]:
    """The targets that are configured, opened when used."""
    targets: dict[str, Callable[[], Destination]] = {}
    if folder is not None:
        targets["folder"] = lambda: Folder(folder.resolve())
    if store is not None:
        targets["store"] = lambda: open_store(store)
    return targets


def _move(prepared: Path, goal: Path) -> bytes:
    for path in [*prepared.iterdir(), prepared]:
        _sync(path)
    goal.parent.mkdir(parents=True, exist_ok=True)
    try:
        prepared.rename(goal)
    except OSError:
        if not (goal / MANIFEST).exists():
            raise
    _sync(goal.parent)
    return (goal / MANIFEST).read_bytes()


def _files_of(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir()}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
