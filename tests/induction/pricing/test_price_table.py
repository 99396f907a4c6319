"""The price table at its doors: rows that are put, a file, what is shipped."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.commands import typed
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.pricing.billed import put

ROW: dict[str, object] = {"model": "house/small", "input": 0.3, "output": 0.7}
TOML = """
[[prices]]
model = "gpt-4o-mini"
since = 2026-01-01
input = 0.2
output = 0.8

[[prices]]
model = "own/m"
input = 0
output = 0
"""


async def listed(stack: Stack, model: str) -> list[tuple[str, float]]:
    """Source and price of input of each row of a model, the one that counts first."""
    answer = await stack.induction.get("/v1/admin/prices")
    assert answer.status_code == 200
    rows = answer.json()["prices"]
    return [(row["source"], row["input"]) for row in rows if row["model"] == model]


async def test_what_the_customers_documents_name_is_shipped(stack: Stack) -> None:
    rows = (await stack.induction.get("/v1/admin/prices")).json()["prices"]
    shipped = {row["model"]: row for row in rows if row["source"] == "shipped"}
    mini = shipped["gpt-4o-mini"]
    figures = (mini["input"], mini["output"], mini["cache_read"])
    assert (figures, mini["retires"]) == ((0.15, 0.6, 0.075), "2027-01-14")
    assert {"claude-haiku-5-5", "claude-sonnet-5-5", "gpt-4o", "gpt-4.1"} <= shipped.keys()
    assert shipped["claude-sonnet-4-5"]["retires"] == "2026-11-30"


async def test_rows_are_put_replaced_and_withdrawn_model_by_model(stack: Stack) -> None:
    later = ROW | {"since": "2027-01-01", "input": 0.4}
    await put(stack, ROW, later, {"model": "house/large", "input": 3, "output": 9})
    assert await listed(stack, "house/small") == [("api", 0.3), ("api", 0.4)]
    await put(stack, ROW | {"input": 0.5})
    assert await listed(stack, "house/small") == [("api", 0.5)]
    assert await listed(stack, "house/large") == [("api", 3)]
    await put(stack, withdraw=("house/small",))
    assert await listed(stack, "house/small") == []
    assert await listed(stack, "house/large") == [("api", 3)]


async def test_who_put_prices_is_in_the_audit_log(stack: Stack) -> None:
    await put(stack, ROW)
    log = await stack.induction.get("/v1/admin/audit", params={"action": "prices.put"})
    assert log.json()["items"][0]["details"] == {"rows": 1, "withdrawn": 0}


@pytest.mark.parametrize(
    ("rows", "loc", "kind"),
    [
        ([ROW, ROW], ["prices"], "price_twice"),
        ([ROW | {"input": -1}], ["prices", "0", "input"], "greater_than_equal"),
        ([ROW | {"input": "0.5"}], ["prices", "0", "input"], "number_type"),
        ([ROW | {"long_above": 5}], ["prices", "0"], "tier_incomplete"),
        (
            [ROW | {"long_above": 5, "long_input": 0.1, "long_output": 1}],
            ["prices", "0"],
            "tier_cheaper",
        ),
        ([{"model": "m", "input": 1}], ["prices", "0", "output"], "missing"),
        ([ROW | {"retires": "soon"}], ["prices", "0", "retires"], "date_from_datetime_parsing"),
    ],
    ids=str,
)
async def test_rows_that_make_no_sense_change_nothing(
    stack: Stack, rows: list[dict[str, Any]], loc: list[str], kind: str
) -> None:
    before = (await stack.induction.get("/v1/admin/prices")).json()
    answer = await stack.induction.put("/v1/admin/prices", json={"prices": rows})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["loc"], fault["type"]) == (["body", *loc], kind)
    assert (await stack.induction.get("/v1/admin/prices")).json() == before


async def test_a_file_stands_before_what_is_shipped_and_behind_what_is_put(
    databases: Databases, servers: Servers, tmp_path: Path
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(TOML)
    async with opened(databases, servers, prices_file=path) as stack:
        assert await listed(stack, "gpt-4o-mini") == [("file", 0.2), ("shipped", 0.15)]
        await put(stack, {"model": "gpt-4o-mini", "input": 0.1, "output": 0.5})
        sources = [source for source, _ in await listed(stack, "gpt-4o-mini")]
        assert sources == ["api", "file", "shipped"]
        shown = (await stack.induction.get("/v1/admin/config")).json()
        values = {one["name"]: (one["value"], one["source"]) for one in shown}
        assert values["INDUCTION_PRICES_FILE"] == (str(path), "environment")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.json", "[{", "no JSON"),
        ("p.toml", "prices = [", "no TOML"),
        ("p.json", '{"models": []}', "a list of rows"),
        ("p.json", '[{"model": "m", "input": 1, "output": 2}, 3]', "row 2"),
        ("p.json", '[{"model": "m", "input": -1, "output": 2}]', "row 1 (m): input"),
        ("p.json", '[{"model": "m", "input": 1, "output": 2, "in": 1}]', "there is no field in"),
        (
            "p.json",
            '{"prices": [{"model": "m", "input": 1, "output": 2},'
            ' {"model": "m", "input": 2, "output": 2}]}',
            "row 2: m since 0001-01-01 stands twice",
        ),
        ("p.toml", '[[prices]]\nmodel = "m"\ninput = 1', "row 1 (m): output"),
        ("gone.json", None, "gone.json: No such file"),
    ],
    ids=str,
)
async def test_a_file_that_cannot_be_read_stops_the_start_and_says_where(
    stack: Stack, tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    env = os.environ | stack.environment() | {"INDUCTION_PRICES_FILE": str(path)}
    ended = await typed("induction", "serve", "--port", "1", env=env)
    assert ended.code == 1
    assert words in ended.complained
    assert len(ended.complained.splitlines()) == 1
