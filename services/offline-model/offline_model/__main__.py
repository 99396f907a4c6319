"""`python -m offline_model`: the offline model on a port, without the rest."""

import uvicorn
from cyclopts import App

from offline_model.app import create_app

app = App(name="offline-model", help="A small in-context learner behind the Messages API.")


@app.default
def main(*, host: str = "127.0.0.1", port: int = 8003) -> None:
    """Serve it until interrupted; settings come from `OFFLINE_MODEL_*`."""
    uvicorn.run(create_app(), host=host, port=port, access_log=False, timeout_graceful_shutdown=5)


if __name__ == "__main__":
    app()
