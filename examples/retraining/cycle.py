"""The four weeks of the cycle, through the doors a team has: its backend, the nlu-logger commands,
the API. Every step is yielded as it happens."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx2
from nlu_logger.cli import app as nlu_logger
from nlu_shared.client.api import Api, Params
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.exports import LabelledText, Pair
from nlu_shared.schemas.ground_truth import GroundTruthCase
from nlu_shared.schemas.predictions import Prediction

from deploy.demo.crowd import as_done
from deploy.demo.data import Row
from deploy.local import ports
from deploy.local.process import spawn
from examples.retraining import onnx_file
from examples.retraining.compare import Comparison, compare
from examples.retraining.train import train

SEED = 0
FIRST_LABELS = 40
"""What the team had before anything was logged."""
SURE = 0.8
"""Training takes what the model was at least so sure of, reviewers look at the rest."""
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Trained:
    version: str
    rows: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Served:
    """Messages that the backend answered and logged, all by one model."""

    version: str
    right: int
    messages: int


@dataclass(frozen=True, slots=True)
class Reviewed:
    filled_in: int


Step = Trained | Served | Reviewed | Comparison


class CycleFailed(Exception):
    """A step did not do what it is there for."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """What is known before it starts: messages with the labels a reviewer would give them, an
    nlu-logger, a folder for the files."""

    rows: Sequence[Row]
    url: str
    key: str
    folder: Path
    task: str = field(default_factory=lambda: f"retraining-{uuid4().hex[:12]}")

    @property
    def model(self) -> Path:
        return self.folder / "model.onnx"

    def parts(self) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
        """What the team had labelled, what the first month brings, what the second brings."""
        middle = (FIRST_LABELS + len(self.rows)) // 2
        return self.rows[:FIRST_LABELS], self.rows[FIRST_LABELS:middle], self.rows[middle:]


async def turn(cycle: Cycle) -> AsyncIterator[Step]:
    """Raises CycleFailed, ClientError."""
    had, first, second = cycle.parts()
    rows = [LabelledText(text=one.text, label=str(one.truth)) for one in had]
    yield await _retrain(cycle, rows)
    async with _backend(cycle) as backend, Api(cycle.url, cycle.key) as logger:
        before = onnx_file.read(cycle.model)
        yield await _serve(backend, logger, cycle, first, before.version)
        yield await _review(cycle, first, below=SURE)
        rows += await _export(cycle)
        trained = await _retrain(cycle, rows)
        yield trained
        # Nobody restarts the backend: it takes the new file up by itself.
        yield await _serve(backend, logger, cycle, second, trained.version)
        yield await _review(cycle, second, below=1)
        truths = await _truths(logger, cycle.task)
        logged = await _logged(logger, cycle.task, trained.version)
        texts = [one.prompt for one in logged]
        yield compare(before, onnx_file.read(cycle.model), texts, truths, trained_on=rows)


async def _retrain(cycle: Cycle, rows: Sequence[LabelledText]) -> Trained:
    """Rows to pairs by the command, pairs to a model, the model into the file that is served."""
    lines, pairs = cycle.folder / "rows.jsonl", cycle.folder / "pairs.jsonl"
    lines.write_text("".join(one.model_dump_json() + "\n" for one in rows), encoding="utf-8")
    await _command(cycle, "pairs", "--input", lines, "--output", pairs, "--seed", SEED)
    read = [Pair.model_validate_json(line) for line in _lines(pairs)]
    model = await asyncio.to_thread(train, read, rows, seed=SEED)
    onnx_file.write(model, cycle.model)
    return Trained(onnx_file.read(cycle.model).version, len(rows), len(read))


async def _serve(
    backend: str, logger: Api, cycle: Cycle, rows: Sequence[Row], version: str
) -> Served:
    async with httpx2.AsyncClient(base_url=backend, timeout=SECONDS, trust_env=False) as http:

        async def message(row: Row) -> bool:
            answer = (await http.post("/messages", json={"text": row.text})).raise_for_status()
            body = answer.json()
            was_right = bool(body["intent"] == row.truth)
            outcome = {"was_successful": was_right, "workflow_type": body["intent"]}
            answered = await http.post(f"/messages/{body['log_id']}/outcome", json=outcome)
            answered.raise_for_status()
            return was_right

        right = [one async for one in as_done(message, rows)]
    async with asyncio.timeout(SECONDS):
        while len(await _logged(logger, cycle.task, version)) < len(rows):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return Served(version, sum(right), len(rows))


async def _review(cycle: Cycle, rows: Sequence[Row], *, below: float) -> Reviewed:
    """The review file goes out, a person fills it in, it comes back and is approved."""
    file = cycle.folder / "review.jsonl"
    await _command(
        cycle, "export", "--mode", "review", "--task", cycle.task,
        "--confidence-threshold", below, "--output", file,
    )  # fmt: skip
    labels = {row.text: row.truth for row in rows}
    filled = [
        {**line, "corrected_intent": labels[line["prompt"]]}
        for line in map(json.loads, _lines(file))
        if line["prompt"] in labels
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in filled), encoding="utf-8")
    await _command(cycle, "import-corrections", file, "--approve")
    return Reviewed(len(filled))


async def _export(cycle: Cycle) -> list[LabelledText]:
    file = cycle.folder / "production.jsonl"
    await _command(
        cycle, "export", "--mode", "retraining", "--task", cycle.task,
        "--confidence-threshold", SURE, "--output", file,
    )  # fmt: skip
    return [LabelledText.model_validate_json(line) for line in _lines(file)]


async def _truths(logger: Api, task: str) -> Mapping[str, str]:
    """The approved label of each text."""
    stream = await logger.send("GET", "/v1/ground-truth", params={"task": task})
    *cases, _ = stream.text.splitlines()
    read = map(GroundTruthCase.model_validate_json, cases)
    return {case.text: str(case.truth) for case in read}


async def _logged(logger: Api, task: str, version: str) -> list[Prediction]:
    """Everything the log holds of this model."""
    predictions: list[Prediction] = []
    cursor: str | None = None
    while True:
        params: Params = {"task": task, "model_version": version, "limit": 1000, "cursor": cursor}
        page = await logger.get("/v1/predictions", Page[Prediction], params)
        predictions += page.items
        cursor = page.next_cursor
        if cursor is None:
            return predictions


async def _command(cycle: Cycle, *arguments: object) -> None:
    """A command of nlu-logger, as typed; in this process, which spares its start."""
    typed = [str(one) for one in arguments]
    if typed[0] != "pairs":
        typed += ["--url", cycle.url, "--key", cycle.key]
    try:
        await asyncio.to_thread(nlu_logger, typed, result_action="return_value")
    except SystemExit as ended:
        raise CycleFailed(f"nlu-logger {typed[0]}: {ended.code}") from ended


@asynccontextmanager
async def _backend(cycle: Cycle) -> AsyncIterator[str]:
    """The backend as a process of its own; its URL."""
    port = ports.free_port()
    url = f"http://{ports.HOST}:{port}"
    child = await spawn(
        "backend",
        [sys.executable, "-m", "examples.retraining", "serve", cycle.model,
         "--port", str(port), "--task", cycle.task],
        log=cycle.folder / "backend.log",
        env=os.environ | {"NLU_LOGGER_URL": cycle.url, "NLU_LOGGER_KEY": cycle.key},
    )  # fmt: skip
    try:
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:

            async def answers() -> bool:
                try:
                    return (await http.get("/openapi.json")).is_success
                except httpx2.HTTPError:
                    return False

            await child.ready(answers, seconds=SECONDS)
        yield url
    finally:
        await child.stop([signal.SIGTERM])


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
