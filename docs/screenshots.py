"""Takes the pictures of the pages anew: `python -m docs.screenshots [NAME …]`, with a Chromium.

It tells the demo's story on a stack of its own, with a part of its texts held back: those are
logged as two weeks of traffic that nobody has looked at yet. A picture that is too heavy for a
README is refused.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from playwright.async_api import Browser, Page, async_playwright

from deploy.demo import options
from deploy.demo.data import DataSet, Row, read
from deploy.demo.story import Story, tell
from deploy.local import placement
from deploy.local.ownership import owned
from deploy.local.secrets import make_temporary
from deploy.local.settings import LocalSettings
from deploy.local.stack import running_stack

IMAGES = Path(__file__).parent / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
HELD_BACK = 160
DAYS = 14
MOST_BYTES = 120_000
SIZE = {"width": 1200, "height": 760}
NEW_PROMPT = "v2"
SEED = 15


async def main(names: list[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    async with demonstrated() as (logger, induction, key, task), browser() as chromium:
        await logged(logger, key, task)
        pages = await addresses(logger, induction, key, task)
        for name, (address, theme) in pages.items():
            if not names or name in names:
                await take(chromium, key, address, theme, IMAGES / f"{name}.png")


@asynccontextmanager
async def demonstrated() -> AsyncIterator[tuple[str, str, str, str]]:
    """A stack on which the demo has run: both addresses, the key, and the task."""
    data = make_temporary("nlu-screenshots-")
    every = read(options.SHIPPED, text=None, label=None, format=None, limit=None)
    texts = DataSet(every.name, every.rows[HELD_BACK:], every.skipped, every.kind)
    try:
        with owned(data):
            async with running_stack(LocalSettings.read(), data, print) as stack:
                at = stack.addresses
                environ = {
                    "NLU_LOGGER_URL": at.nlu_logger,
                    "INDUCTION_URL": at.induction,
                    "NLU_ADMIN_KEY": stack.admin_key,
                }
                os.environ |= stack.models  # where the demo, as a program, reads them
                choice = options.choice({"OUT": str(data / "out"), "TASK": "scheduling"})
                options.make_writable(choice.out)
                story = Story(choice, options.stack(environ), texts)
                async for _ in tell(story):
                    pass
                yield at.nlu_logger, at.induction, stack.admin_key, story.spec.slug
    finally:
        placement.remove(data)


async def logged(url: str, key: str, task: str) -> None:
    """Two weeks of traffic: right more often with time, and with the newer prompt."""
    chance = random.Random(SEED)  # noqa: S311 - pictures, no secrets
    rows = read(options.SHIPPED, text=None, label=None, format=None, limit=None).rows
    labels = sorted({str(row.truth) for row in rows})
    now = datetime.now(UTC)
    async with client(url, key) as logger:
        history = [
            _prediction(chance, chance.choice(rows), labels, share=0.55 + 0.02 * day)
            | {
                "id": str(uuid4()),
                "created_at": (now - timedelta(days=DAYS - day, hours=chance.random() * 20)),
            }
            for day in range(DAYS)
            for _ in range(chance.randint(25, 45))
        ]
        lines = "\n".join(json.dumps(one, default=str) for one in history)
        answer = await logger.post(
            "/v1/predictions:import",
            params={"task": task},
            content=lines.encode(),
            headers={"content-type": "application/x-ndjson"},
        )
        answer.raise_for_status()
        for row in rows[:HELD_BACK]:
            made = _prediction(chance, row, labels, share=0.8)
            outcome = made.pop("was_successful")
            body = {**made, "task": task, "prompt_version": NEW_PROMPT, "model_version": "offline"}
            posted = await logger.post("/v1/predictions", json=body)
            posted.raise_for_status()
            path = f"/v1/predictions/{posted.json()['log_id']}/outcome"
            (await logger.post(path, json={"was_successful": outcome})).raise_for_status()


def _prediction(
    chance: random.Random, row: Row, labels: list[str], *, share: float
) -> dict[str, Any]:
    """What a model says that is right to this share."""
    is_right = chance.random() < share
    other = chance.choice([one for one in labels if one != row.truth])
    confidence = round(chance.uniform(0.55, 0.99) if is_right else chance.uniform(0.15, 0.7), 2)
    second = {"intent": other if is_right else row.truth, "confidence": round(confidence / 3, 2)}
    return {
        "prompt": row.text,
        "predicted_intent": row.truth if is_right else other,
        "confidence": confidence,
        "secondary_intents": [second],
        "was_successful": is_right,
    }


async def addresses(logger: str, induction: str, key: str, task: str) -> dict[str, tuple[str, str]]:
    """By the picture's name: where its page is, and the theme."""
    async with client(induction, key) as api:
        run = (await api.get("/v1/runs", params={"task": task})).json()["items"][0]
    dashboard = f"{induction}/dashboard"
    return {
        "tasks": (dashboard, "light"),
        "run": (f"{dashboard}/runs/{run['id']}", "light"),
        "cases": (f"{dashboard}/runs/{run['id']}/cases", "light"),
        "overview": (f"{logger}/dashboard?days=30&task={task}", "light"),
        "confusion": (f"{logger}/dashboard/confusion?task={task}", "light"),
        "inbox": (f"{logger}/dashboard/review?task={task}", "dark"),
    }


async def take(chromium: Browser, key: str, address: str, theme: Any, to: Path) -> None:
    page = await chromium.new_page(viewport=SIZE, color_scheme=theme)  # type: ignore[arg-type]
    await log_in(page, address, key)
    await page.goto(address)
    await page.locator("h1").first.wait_for()
    size = len(await page.screenshot(path=to))
    await page.close()
    if size > MOST_BYTES:
        raise SystemExit(f"{to.name}: {size:,} bytes are too many for a README")
    print(f"wrote {to.name}, {size:,} bytes")


async def log_in(page: Page, address: str, key: str) -> None:
    await page.goto(f"{address.partition('/dashboard')[0]}/dashboard/login")
    await page.get_by_label("API key").fill(key)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("button", name="Log out").wait_for()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        yield await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def client(url: str, key: str) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
