"""`python -m examples.retraining`: the whole cycle; `train` and `serve` are its parts."""

import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvicorn
from cyclopts import App
from nlu_shared.client import ClientError
from nlu_shared.environment import variable
from nlu_shared.schemas.exports import LabelledText, Pair

from deploy.demo.data import BadData, read
from deploy.local import placement, supervisor
from deploy.local.ownership import owned
from deploy.local.problems import LocalProblem
from deploy.local.secrets import make_temporary
from deploy.local.settings import LocalSettings
from deploy.local.stack import running_stack
from examples.retraining import backend, onnx_file
from examples.retraining.compare import Comparison
from examples.retraining.cycle import (
    SEED,
    Cycle,
    CycleFailed,
    Reviewed,
    Served,
    Step,
    Trained,
    turn,
)
from examples.retraining.train import train as learn

DATA = Path(__file__).parents[1] / "data" / "scheduling.csv"
app = App(name="examples.retraining", help="From logged predictions to a better model.")


@app.default
def cycle(data: Path = DATA, *, text: str = "text", label: str = "label") -> int:
    """All four weeks, on the nlu-logger of NLU_LOGGER_URL and NLU_LOGGER_KEY, or on one that is
    started for it and thrown away."""
    return supervisor.until_stopped(_cycle(data, text, label), code=130)


@app.command
def train(*, pairs: Path, rows: Path, output: Path, seed: int = SEED) -> None:
    """From the files of `nlu-logger pairs` and `nlu-logger export` to an ONNX file."""
    onnx_file.write(
        learn(
            [Pair.model_validate_json(line) for line in pairs.open(encoding="utf-8")],
            [LabelledText.model_validate_json(line) for line in rows.open(encoding="utf-8")],
            seed=seed,
        ),
        output,
    )
    print(f"{output}: model {onnx_file.read(output).version}")


@app.command
def serve(model: Path, *, port: int = 8003, task: str = "intent") -> None:
    """The backend on a model file, logging to NLU_LOGGER_URL with NLU_LOGGER_KEY."""
    uvicorn.run(backend.build(model, task=task), port=port, access_log=False)


async def _cycle(data: Path, text: str, label: str) -> int:
    rows = read(data, text=text, label=label).rows
    async with _logger() as (url, key):
        with tempfile.TemporaryDirectory(prefix="nlu-retraining-") as folder:
            async for step in turn(Cycle(rows, url, key, Path(folder))):
                print(line(step), flush=True)
    return 0


@asynccontextmanager
async def _logger() -> AsyncIterator[tuple[str, str]]:
    """Where nlu-logger is, and a key to it."""
    if url := variable("NLU_LOGGER_URL"):
        yield url, variable("NLU_LOGGER_KEY") or ""
        return
    async with AsyncExitStack() as undo:
        folder = make_temporary("nlu-retraining-")
        undo.callback(placement.remove, folder)
        undo.enter_context(owned(folder))
        print("starting PostgreSQL, Redis and the services", flush=True)
        stack = await undo.enter_async_context(running_stack(LocalSettings.read(), folder, print))
        yield stack.addresses.nlu_logger, stack.admin_key


def line(step: Step) -> str:
    """What a person reads of it."""
    match step:
        case Trained():
            return f"trained    model {step.version} on {step.rows} rows, {step.pairs} pairs"
        case Served():
            return (
                f"served     {step.messages} messages by model {step.version},"
                f" {step.right} of them right"
            )
        case Reviewed():
            return f"reviewed   {step.filled_in} rows filled in, imported and approved"
        case Comparison():
            gain = step.gain
            return (
                f"compared   {step.before:.3f} → {step.after:.3f} right on {step.cases} approved"
                f" texts that neither model was trained on: gain {gain.gain:+.3f}"
                f" [{gain.low:+.3f}, {gain.high:+.3f}], p = {step.p_value:.2g}"
            )


def main() -> None:
    try:
        sys.exit(app(result_action="return_value"))
    except (BadData, ClientError, CycleFailed, LocalProblem, OSError, ValueError) as problem:
        sys.exit(f"retraining: {problem}")


if __name__ == "__main__":
    main()
