"""The whole loop on a real stack, in this process: what it shows, and what it leaves behind."""

import io
import json
from pathlib import Path

import pytest
from induction.watching.screen import WIDTH
from nlu_shared.schemas.events import RunStarted
from nlu_shared.schemas.prompts import OFFLINE_CAUTION
from rich.console import Console

from deploy.demo import options
from deploy.demo.data import read
from deploy.demo.show import opening, show
from deploy.demo.story import DemoFailed, Story, tell
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.law

TEXTS = 100
KEYS = {
    "baseline_f1",
    "final_f1",
    "test",
    "verdict",
    "llm_calls",
    "cost_usd",
    "notional_usd",
    "wall_s",
    "prompt_version",
}


def story_of(stack: Stack, out: Path, **variables: str) -> Story:
    choice = options.choice({"LIMIT": str(TEXTS), "OUT": str(out), **variables})
    where = options.Stack(
        logger_url=str(stack.logger.base_url),
        induction_url=str(stack.induction.base_url),
        key=BOOTSTRAP_KEY,
        model="claude-haiku-5-5",
        proposer="claude-sonnet-5-5",
        providers=stack.settings.models_of,
    )
    data = read(choice.data, text=choice.text, label=choice.label, limit=choice.limit)
    return Story(choice, where, data)


async def shown(story: Story) -> str:
    written = io.StringIO()
    console = Console(file=written, width=WIDTH)
    opening(console, story.data, story.stack)
    await show(tell(story), console)
    return written.getvalue()


async def test_the_loop_ends_with_a_verdict_a_prompt_and_a_report(
    stack: Stack, tmp_path: Path
) -> None:
    story = story_of(stack, tmp_path)
    async with stack.working():
        output = await shown(story)
        again = await shown(story)

    report = json.loads((tmp_path / "report.json").read_text())
    assert report.keys() >= KEYS
    assert report["verdict"] in {"proven", "promising", "noise", "no_change"}
    assert 0 <= report["baseline_f1"] <= report["final_f1"] <= 1
    assert report["made_on"]["is_offline"]
    assert report["caution"] == OFFLINE_CAUTION
    assert report["cost_usd"] == 0 < report["notional_usd"]
    assert (report["texts"], sum(report["splits"].values())) == (TEXTS, TEXTS)

    served = await stack.induction.get(
        f"/v1/prompts/{report['task']}/versions/{report['prompt_version']}"
    )
    assert served.json()["version_hash"] == report["prompt_hash"]
    assert report["prompt_hash"] in (tmp_path / "prompts.py").read_text()
    assert (
        json.loads((tmp_path / "prompts.json").read_text())["version_hash"]
        == (report["prompt_hash"])
    )
    active = (await stack.induction.get(f"/v1/prompts/{report['task']}/active")).json()
    logged = await stack.logger.get("/v1/predictions", params={"task": report["task"]})
    assert {one["prompt_version"] for one in logged.json()["items"]} == {active["version_id"]}
    for one in (output, again):
        words = " ".join(one.split())
        assert "not a language model" in words
        assert "scripted. It knows the data's answers" in words
        assert "F1 on" in words
        assert max(map(len, one.splitlines())) <= WIDTH
        assert "\x1b" not in one


async def cancel_when_it_starts(stack: Stack, story: Story) -> None:
    async for step in tell(story):
        if isinstance(step, RunStarted):
            listed = await stack.induction.get("/v1/runs", params={"task": story.spec.slug})
            await stack.induction.post(f"/v1/runs/{listed.json()['items'][0]['id']}/cancel")


async def test_a_run_that_does_not_complete_fails_the_demo(stack: Stack, tmp_path: Path) -> None:
    story = story_of(stack, tmp_path, TASK="cancelled-demo")
    async with stack.working():
        with pytest.raises(DemoFailed, match="the run ended as cancelled"):
            await cancel_when_it_starts(stack, story)
    assert not (tmp_path / "report.json").exists()
