"""The peer of durable capture: the same service down to the last layer, storing nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from cyclopts import App
from nlu_logger.app import ROUTERS
from nlu_logger.predictions.ingest import Written
from nlu_logger.resources import Resources, open_resources
from nlu_logger.settings import Settings
from nlu_shared.kit.http.web import create_app
from nlu_shared.kit.process.processes import serve

app = App()


class StoresNothing:
    """Stands where the group commit stands and answers at once."""

    async def submit(self, entry: object) -> Written:
        return Written.CREATED

    async def submit_all(self, entries: Sequence[object]) -> list[Written]:
        return [Written.CREATED] * len(entries)


@app.default
def main(*, port: int) -> None:
    settings = Settings()

    @asynccontextmanager
    async def without_storage() -> AsyncIterator[Resources]:
        nothing: Any = StoresNothing()
        async with open_resources(settings) as resources:
            yield replace(resources, ingest=nothing)

    bare = create_app(
        title="bare",
        version="0",
        open_resources=without_storage,
        routers=ROUTERS,
        settings=settings,
    )
    serve(bare, host="127.0.0.1", port=port)


if __name__ == "__main__":
    app()
