"""How soon a page shows what happened: `python -m benchmarks.pixels`.

A run in a browser: milliseconds from the moment another connection can read an event until the
page's stream has it, until the line that says what happens now is painted, and until the parts of
the page are that the server renders anew. Beside it the inbox: keys for an item, and milliseconds
from the key that decides until the next item is painted.
"""

import asyncio
import time
from statistics import median, quantiles
from typing import Any

import asyncpg
from playwright.async_api import Browser, Page

from benchmarks.stage import alone
from tests.fixtures.chromium import launched
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import reached, start

TASK, REVIEWED, ITEMS, CHANGES = "watched", "reviewed", 40, 2
LOOK_SECONDS = 0.002
WATCH = """
window.streamed = {};
window.painted = { line: [], parts: [] };
const now = () => performance.timeOrigin + performance.now();
const Native = window.EventSource;
window.EventSource = class extends Native {
  addEventListener(type, heard, ...more) {
    super.addEventListener(type, (event) => {
      if (event.lastEventId) window.streamed[event.lastEventId] ??= now();
      heard(event);
    }, ...more);
  }
};
new MutationObserver((changes) => {
  const elements = changes.map(({ target }) => target.nodeType === 1 ? target : target.parentElement);
  const isLine = elements.some((one) => one?.closest("#doing"));
  const isPart = changes.some(({ addedNodes }) => [...addedNodes].some((one) => one.dataset?.part));
  requestAnimationFrame(() => setTimeout(() => {
    if (isLine) window.painted.line.push(now());
    if (isPart) window.painted.parts.push(now());
  }));
}).observe(document, { childList: true, subtree: true, characterData: true });
"""  # noqa: E501 - a script
DECIDE = """(key) => new Promise((settle) => {
  const began = performance.now();
  const before = document.querySelector("#card .prompt").textContent;
  const look = () => {
    const now = document.querySelector("#card .prompt")?.textContent;
    if (now === before) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => settle(performance.now() - began)));
  };
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  look();
})"""


async def run(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers) as stack, launched() as chromium:
        await _watched(stack, chromium)
        await _reviewed(stack, chromium)


async def _watched(stack: Stack, chromium: Browser) -> None:
    await make_task(stack, TASK, cases=60)
    order = await start(stack, TASK, limits={"iterations": CHANGES})
    page = await _opened(chromium, str(stack.induction.base_url), f"/dashboard/runs/{order}")
    committed: dict[int, float] = {}
    over = asyncio.Event()
    looking = asyncio.create_task(_commits(stack, order, committed, over))
    async with stack.working():
        await reached(stack, order)
    await page.wait_for_selector("#now", state="detached")
    over.set()
    await looking
    streamed = {int(n): at for n, at in (await page.evaluate("streamed")).items()}
    painted: dict[str, list[float]] = await page.evaluate("painted")
    followed = {n: committed[n] for n in streamed if n in committed}
    heard = [streamed[n] - at for n, at in followed.items()]
    print(f"{len(followed)} events of a run, from their commit, median and p95 in milliseconds:")
    _say("in the page's stream", heard)
    for name, times in (("the line that says what happens now", "line"), ("the parts", "parts")):
        after = [
            next((one for one in painted[times] if one >= streamed[n]), None) for n in followed
        ]
        _say(name, [one - at for one, at in zip(after, followed.values(), strict=True) if one])
    await page.close()


async def _commits(
    stack: Stack, run_id: str, committed: dict[int, float], over: asyncio.Event
) -> None:
    """When each event could first be read, in milliseconds since 1970."""
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        while not over.is_set():
            after = max(committed, default=0)
            rows = await owner.fetch(
                "SELECT n FROM run_events WHERE run_id = $1 AND n > $2", run_id, after
            )
            committed |= {row["n"]: 1_000 * time.time() for row in rows}
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await owner.close()


async def _reviewed(stack: Stack, chromium: Browser) -> None:
    labels = {"labels": [{"name": f"topic_{n}"} for n in range(4)]}
    await stack.logger.put(f"/v1/tasks/{REVIEWED}/labels", json=labels)
    for n in range(ITEMS + 1):
        body: dict[str, Any] = {"task": REVIEWED, "prompt": f"item {n} {'abcdefgh'[n % 8] * 9}"}
        body |= {"predicted_intent": f"topic_{n % 4}", "confidence": 0.2}
        await stack.logger.post("/v1/predictions", json=body)
    url = str(stack.logger.base_url)
    page = await _opened(chromium, url, f"/dashboard/review?task={REVIEWED}")
    await page.keyboard.press("a")
    took = [await page.evaluate(DECIDE, "1") for _ in range(ITEMS)]
    print(f"{ITEMS} items of the inbox, one key each:")
    _say("from the key to the next item", took)
    await page.close()


async def _opened(chromium: Browser, url: str, path: str) -> Page:
    page = await chromium.new_page(base_url=url)
    await page.add_init_script(WATCH)
    await page.goto("/dashboard/login")
    await page.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("button", name="Log out").wait_for()
    await page.goto(path)
    return page


def _say(name: str, milliseconds: list[float]) -> None:
    late = quantiles(milliseconds, n=20)[-1] if len(milliseconds) > 1 else milliseconds[0]
    print(f"{median(milliseconds):7.0f} {late:7.0f}  {name}")


if __name__ == "__main__":
    alone(run)
