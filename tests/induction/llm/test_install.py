"""What an installation of induction carries: no demo model, unless it is asked for."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[3]
OPEN = """
import asyncio, sys
sys.modules["offline_model"] = None
import induction.app, induction.cli, induction.worker
from induction.resources import open_resources
from induction.settings import Settings

async def main():
    async with open_resources(Settings()):
        pass

asyncio.run(main())
"""


def test_the_wheel_of_induction_holds_no_offline_model(tmp_path: Path) -> None:
    [built] = WheelBuilder(str(ROOT / "services/induction")).build(
        directory=str(tmp_path), versions=["standard"]
    )
    with zipfile.ZipFile(built) as packed:
        names = [name for name in packed.namelist() if ".dist-info" not in name]
    assert {name.split("/")[0] for name in names} == {"induction"}
    assert not [name for name in names if "offline" in name]


@pytest.mark.law
@pytest.mark.long
def test_without_the_offline_model_induction_says_what_to_install() -> None:
    """Everything can be imported; only who asks for the offline model needs it."""
    opened = subprocess.run(
        [sys.executable, "-c", OPEN],
        env={
            "INDUCTION_PROVIDER": "offline",
            "INDUCTION_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "INDUCTION_REDIS_URL": "redis://127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'induction[offline]'" in opened.stderr


@pytest.mark.law
def test_a_service_that_asks_no_model_loads_no_sdk_of_a_provider() -> None:
    """Nor what only scores extractions and experiments: half of its start."""
    loaded = "import sys, induction.app; print(*sys.modules)"
    named = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"anthropic", "openai", "scipy", "sklearn"} & set(named)
