"""The lines of the README from an empty folder to a logged, versioned prediction, as they stand."""

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack

README = Path(__file__).parents[2] / "README.md"
LINES = re.compile(r"From an empty folder.*?```sh\n(.*?)```", re.DOTALL)


async def test_the_lines_of_the_readme_log_a_versioned_prediction(
    stack: Stack, tmp_path: Path
) -> None:
    """Only the ports are other ones here, where many stacks run side by side."""
    match = LINES.search(README.read_text(encoding="utf-8"))
    assert match is not None
    lines = match[1]
    ports = {
        "http://127.0.0.1:8002": str(stack.induction.base_url),
        "http://127.0.0.1:8003": str(stack.model.base_url),
    }
    for usual, here in ports.items():
        assert usual in lines
        lines = lines.replace(usual, here)
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data/admin.key").write_text(f"{BOOTSTRAP_KEY}\n")
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "NLU_LOGGER_URL": str(stack.logger.base_url),
        "INDUCTION_URL": str(stack.induction.base_url),
    }
    ran = await asyncio.create_subprocess_exec(
        "sh",
        "-ec",
        lines,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await ran.communicate()
    assert ran.returncode == 0, err.decode()
    assert "scheduling" in out.decode() or "smalltalk" in out.decode()
    (prediction,) = (await stack.logger.get("/v1/predictions")).json()["items"]
    active = (await stack.induction.get("/v1/prompts/intent/active")).json()
    assert prediction["prompt_version"] == active["version_id"]
    assert prediction["model_version"] == active["model"]
    assert prediction["latency_ms"] > 0
    kept = list((tmp_path / ".cache/nlu-prompts").iterdir())
    assert len(kept) == 1
