"""`python -m offline_model`: the offline model on a port, without the rest."""

from cyclopts import App
from nlu_shared.kit.process.processes import serve

from offline_model.app import create_app

app = App(name="offline-model", help="A small in-context learner behind the Messages API.")


@app.default
def main(*, host: str = "127.0.0.1", port: int = 8003, fd: int | None = None) -> None:
    """Serve it until interrupted; settings come from `OFFLINE_MODEL_*`.

    Parameters
    ----------
    fd
        The number of an inherited listening socket, instead of host and port.
    """
    serve(create_app(), host=host, port=port, fd=fd)


if __name__ == "__main__":
    app()
