"""The retraining cycle for real: commands, backend and log; and what its parts promise."""

from pathlib import Path

import numpy as np
import pytest
from nlu_shared.schemas.exports import LabelledText, Pair

from deploy.demo.data import read
from examples.retraining import model, onnx_file, train
from examples.retraining.__main__ import DATA, line
from examples.retraining.backend import LiveModel
from examples.retraining.compare import Comparison
from examples.retraining.cycle import Cycle, Served, Trained, turn
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.nlu_logger.world import World

pytestmark = pytest.mark.law

ROWS = [LabelledText(text="move my lunch", label="move"), LabelledText(text="hi", label="greet")]
PAIRS = [
    Pair(text_a="move my lunch", text_b="move lunch", label=1),
    Pair(text_a="move my lunch", text_b="hi", label=0),
]


def made(path: Path, *, seed: int = 0) -> model.Model:
    trained = train.train(PAIRS, ROWS, seed=seed)
    onnx_file.write(trained, path)
    return trained


@pytest.mark.long
async def test_the_cycle_ends_with_a_better_model_that_serves(world: World, tmp_path: Path) -> None:
    rows = read(DATA, text="text", label="label", limit=180).rows
    cycle = Cycle(rows, world.url, BOOTSTRAP_KEY, tmp_path)
    steps = [step async for step in turn(cycle)]
    assert all(map(line, steps))
    first, second = [step for step in steps if isinstance(step, Trained)]
    served = [step for step in steps if isinstance(step, Served)]
    assert first.version != second.version
    assert [step.version for step in served] == [first.version, second.version]
    compared = steps[-1]
    assert isinstance(compared, Comparison)
    assert compared.cases == served[-1].messages == 70
    assert compared.after > compared.before
    assert compared.gain.low > 0
    assert compared.p_value < 0.05
    assert compared.after == pytest.approx(served[-1].right / 70)


def test_equal_data_makes_an_equal_file_and_another_seed_another(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "same", "other")]
    for file, seed in zip(files, (0, 0, 1), strict=True):
        made(file, seed=seed)
    one, same, other = (onnx_file.read(file).version for file in files)
    assert one == same != other


def test_the_file_says_what_numpy_says(tmp_path: Path) -> None:
    trained = made(tmp_path / "model")
    texts = ["move it", "hi there", "", "?", "ü 😀"]
    probabilities = onnx_file.read(tmp_path / "model").probabilities(texts)
    np.testing.assert_allclose(probabilities, trained.probabilities(model.bags(texts)), atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_file_cut_anywhere_is_not_taken_up(tmp_path: Path) -> None:
    file = tmp_path / "model"
    made(file)
    live = LiveModel(file)
    before = live.current().version
    made(tmp_path / "next", seed=1)
    whole = (tmp_path / "next").read_bytes()
    for kept in [*range(0, len(whole), len(whole) // 20), *range(len(whole) - 60, len(whole))]:
        file.write_bytes(whole[:kept])
        assert live.current().version == before
        with pytest.raises(onnx_file.UnreadableModel):
            onnx_file.read(file)
    file.unlink()
    assert live.current().version == before
    file.write_bytes(whole)
    assert live.current().version == onnx_file.read(tmp_path / "next").version != before


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    chance = np.random.Generator(np.random.PCG64(0))
    first, second = chance.random((2, 6, 5)).astype(np.float64)
    embedding = chance.normal(size=(5, 3))
    alike = np.array([True, False] * 3)
    slope = train.gradient(embedding, first, second, alike)
    for place in np.ndindex(embedding.shape):
        nudge = np.zeros_like(embedding)
        nudge[place] = 1e-6
        rise = train.loss(embedding + nudge, first, second, alike) - train.loss(
            embedding - nudge, first, second, alike
        )
        assert slope[place] == pytest.approx(rise / 2e-6, abs=1e-6)
