"""`python -m offline_model`: the offline model on a port, without the rest."""

from cyclopts import App

from offline_model.serve import serve

app = App(name="offline-model", help="A small in-context learner behind the Messages API.")


@app.default
def main(*, host: str = "127.0.0.1", port: int = 8003) -> None:
    """Serve it until interrupted."""
    serve(host, port)


if __name__ == "__main__":
    app()
