"""Two ways to reach the offline model: in this process, or on a port."""

import httpx2
import uvicorn

from offline_model.app import create_app
from offline_model.settings import OfflineSettings

IN_PROCESS_URL = "http://offline.invalid"


def in_process(settings: OfflineSettings | None = None) -> httpx2.AsyncClient:
    """An HTTP client whose every request is answered by a fresh app of its own."""
    transport = httpx2.ASGITransport(app=create_app(settings))
    return httpx2.AsyncClient(transport=transport, base_url=IN_PROCESS_URL)


def serve(host: str, port: int) -> None:
    """Listen until interrupted; settings come from `OFFLINE_MODEL_*`."""
    uvicorn.run(create_app(), host=host, port=port, access_log=False, timeout_graceful_shutdown=5)
