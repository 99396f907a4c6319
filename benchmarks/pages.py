"""What a page costs who opens it first, and the database: `python -m benchmarks.pages`.

Every page of both services in a browser that has nothing stored yet: milliseconds to its first
contentful paint (the median of ROUNDS), bytes on the way with all that it loads, statements, and
those again once there are ten times as many rows.
"""

from collections.abc import Iterator
from statistics import median
from typing import Any

from playwright.async_api import Browser, StorageState

from benchmarks.stage import alone
from tests.fixtures.browsing import browser
from tests.fixtures.chromium import launched
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.fixtures.statements import counted
from tests.fixtures.walking import TASK, Walk, induction_walk, logger_walk

ROUNDS = 3
FEW, MANY = 30, 300
COSTS = """async () => {
  const paint = await new Promise((settle) => {
    new PerformanceObserver((list) => {
      const [one] = list.getEntriesByName("first-contentful-paint");
      if (one) settle(one.startTime);
    }).observe({ type: "paint", buffered: true });
  });
  const loaded = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  return [paint, loaded.reduce((all, { transferSize }) => all + transferSize, 0)];
}"""


async def run(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers) as stack, launched() as chromium:
        await _grow(stack, FEW)
        walks = [await induction_walk(stack), await logger_walk(stack)]
        pages = {f"{walk.name} {path}": (walk.url, path) for walk, path in _paths(walks)}
        few = {name: await _statements(*page) for name, page in pages.items()}
        costs = {name: await _costs(chromium, *page) for name, page in pages.items()}
        await _grow(stack, MANY - FEW)
        many = {name: await _statements(*page) for name, page in pages.items()}
    for name, (paint, size) in costs.items():
        more = "" if many[name] <= few[name] else f", {many[name]} with ten times the rows"
        print(f"{paint:6.0f} ms  {size / 1000:6.1f} kB  {few[name]:3} statements{more}  {name}")
    paints, sizes = zip(*costs.values(), strict=True)
    print(
        f"{len(costs)} pages: first contentful paint {median(paints):.0f} ms in the median,"
        f" {max(paints):.0f} at most; {median(sizes) / 1000:.0f} kB, {max(sizes) / 1000:.0f} at"
        f" most; {max(few.values())} statements at most,"
        f" {sum(many[name] > few[name] for name in few)} pages send more for more rows"
    )


def _paths(walks: list[Walk]) -> Iterator[tuple[Walk, str]]:
    for walk in walks:
        for every in walk.pages.values():
            for path in every:
                if not path.endswith("/login"):
                    yield walk, path


async def _statements(url: str, path: str) -> int:
    async with browser(url) as page:
        with counted() as sent:
            answer = await page.get(path)
    answer.raise_for_status()
    return len(sent)


async def _costs(chromium: Browser, url: str, path: str) -> tuple[float, float]:
    state = await _logged_in(chromium, url)
    rounds = [await _opened(chromium, state, f"{url}{path}") for _ in range(ROUNDS)]
    return median(paint for paint, _ in rounds), max(size for _, size in rounds)


async def _opened(chromium: Browser, state: StorageState, url: str) -> tuple[float, float]:
    context = await chromium.new_context(storage_state=state)
    page = await context.new_page()
    await page.goto(url)
    paint, size = await page.evaluate(COSTS)
    await context.close()
    return paint, size


async def _logged_in(chromium: Browser, url: str) -> StorageState:
    context = await chromium.new_context(base_url=url)
    answer = await context.request.post("/dashboard/login", data={"key": BOOTSTRAP_KEY})
    if not answer.ok:
        raise RuntimeError(await answer.text())
    state = await context.storage_state()
    await context.close()
    return state


async def _grow(stack: Stack, rows: int) -> None:
    """So many predictions, corrections of them and approved cases more."""
    for number in range(rows):
        body: dict[str, Any] = {"task": TASK, "predicted_intent": "topic_1", "confidence": 0.5}
        body["prompt"] = f"a text of its own {number} of {rows}"
        made = await stack.logger.post("/v1/predictions", json=body)
        path = f"/v1/predictions/{made.json()['log_id']}/corrections"
        proposed = await stack.logger.post(path, json={"corrected_intent": "topic_2"})
        if number % 2:
            await stack.logger.post(
                f"/v1/corrections/{proposed.json()['id']}/approve", json={"may_quote": True}
            )


if __name__ == "__main__":
    alone(run)
