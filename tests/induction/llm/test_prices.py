"""What calls cost, and that no call can cost more than was reserved for it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from induction.llm.errors import UnknownModel
from induction.llm.prices import (
    FRAME_TOKENS,
    SHIPPED,
    WARN_DAYS,
    PriceTable,
    cost,
    price,
    retirement,
    retires,
    upper_bound,
)
from induction.llm.shipped_prices import PRICES
from induction.task_kinds.base import ModelRequest, Usage
from nlu_shared.schemas.prices import Price, PriceSource
from pydantic import ValidationError

DAY = date(2026, 11, 22)
MILLION = 1_000_000
ROW: dict[str, Any] = {"model": "m", "input": 1, "output": 2}
TIER = {"long_above": 100, "long_input": 2, "long_output": 4}


def table(provider: str = "anthropic", **rows: list[dict[str, Any]]) -> PriceTable:
    return PriceTable(
        {PriceSource(source): tuple(map(Price.model_validate, of)) for source, of in rows.items()},
        provider=provider,
    )


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("claude-opus-5-5", Usage(MILLION, 0, 0, MILLION), "24"),
        ("claude-opus-5-5", Usage(0, MILLION, MILLION, 0), "5.2"),
        ("claude-sonnet-5-5", Usage(MILLION, 0, 0, MILLION), "12"),
        ("claude-haiku-5-5", Usage(100_000, 0, 0, 1_000), "0.0105"),
        ("claude-haiku-5-5", Usage(100_001, 0, 0, 1_000), "0.0525005"),
        ("claude-haiku-5-5", Usage(1, 50_000, 50_000, 0), "0.0337505"),
        ("claude-sonnet-5-5", Usage(0, MILLION, 0, 0), "2.5"),
        ("claude-sonnet-5-5", Usage(0, 0, MILLION, 0), "0.2"),
        ("claude-sonnet-5-5", Usage(), "0"),
        ("gpt-4o-mini", Usage(MILLION, 0, 0, MILLION), "0.75"),
        ("gpt-4o-mini", Usage(0, 0, MILLION, 0), "0.075"),
        ("openai/gpt-4o-mini", Usage(MILLION, 0, 0, 0), "0.15"),
    ],
)
def test_a_call_costs_what_the_list_says(model: str, usage: Usage, dollars: str) -> None:
    assert cost(model, usage, DAY, SHIPPED) == Decimal(dollars)


def test_a_price_holds_from_its_day_on() -> None:
    dearer = {"model": "claude-opus-5-5", "since": "2027-01-01", "input": 8, "output": 40}
    known = table(shipped=[dearer, *(row.model_dump() for row in PRICES)])
    usage = Usage(MILLION)
    assert cost("claude-opus-5-5", usage, date(2026, 12, 31), known) == 4
    assert cost("claude-opus-5-5", usage, date(2027, 1, 1), known) == 8


def test_an_unknown_model_has_no_price() -> None:
    with pytest.raises(UnknownModel, match="claude-unheard-of"):
        cost("claude-unheard-of", Usage(), DAY, SHIPPED)


@pytest.mark.parametrize(
    ("model", "rows", "input_price"),
    [
        ("own/m", {"shipped": [ROW]}, 1),
        ("m", {"shipped": [ROW | {"model": "anthropic/m", "input": 5}]}, 5),
        ("own/m", {"shipped": [ROW], "file": [ROW | {"input": 3}]}, 3),
        ("own/m", {"file": [ROW | {"input": 3}], "api": [ROW | {"input": 4}]}, 4),
        ("own/m", {"api": [ROW | {"input": 4}], "shipped": [ROW | {"model": "own/m"}]}, 1),
        ("m", {"shipped": [ROW], "api": [ROW | {"input": 9, "since": "2026-11-23"}]}, 1),
        ("m", {"shipped": [ROW], "api": [ROW | {"input": 9, "since": "2026-11-22"}]}, 9),
        ("own/m", {"api": [ROW | {"model": "anthropic/m"}]}, None),
        ("own/vendor/m", {"api": [ROW]}, None),
        ("own/vendor/m", {"api": [ROW | {"model": "vendor/m"}]}, 1),
    ],
    ids=str,
)
def test_the_fullest_name_counts_then_the_nearest_source(
    model: str, rows: dict[str, list[dict[str, Any]]], input_price: int | None
) -> None:
    known = table(**rows)
    if input_price is None:
        with pytest.raises(UnknownModel):
            price(model, DAY, known)
    else:
        assert price(model, DAY, known).input == input_price


@pytest.mark.parametrize(
    "changed",
    [
        {"input": -1},
        {"output": -0.01},
        {"cache_read": -1},
        {"input": "NaN"},
        {"input": "1e-999999"},
        {"input": 1e9},
        {"long_above": 100},
        {"long_input": 2},
        {"long_cache_read": 2},
        {"long_above": 0, "long_input": 2, "long_output": 4},
        TIER | {"long_input": 0.5},
        TIER | {"long_output": 1},
        TIER | {"long_cache_write": 1},
        {"context_window": 0},
        {"retires": "soon"},
        {"model": "two words"},
        {"model": ""},
        {"price": 3},
    ],
    ids=str,
)
def test_a_row_that_makes_no_sense_is_none(changed: dict[str, Any]) -> None:
    Price.model_validate(ROW | TIER)
    with pytest.raises(ValidationError):
        Price.model_validate(ROW | changed)


def test_a_row_of_ones_own_hides_no_retirement() -> None:
    own = table(api=[ROW | {"model": "gpt-4o-mini"}], shipped=[row.model_dump() for row in PRICES])
    assert retires("openai/gpt-4o-mini", DAY, own) == date(2027, 1, 14)
    assert price("openai/gpt-4o-mini", DAY, own).input == 1


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (WARN_DAYS + 1, None),
        (WARN_DAYS, "in 90 days"),
        (1, "in 1 day:"),
        (0, "retired"),
        (-5, "retired"),
    ],
)
def test_a_retirement_is_told_ninety_days_ahead(days: int, words: str | None) -> None:
    known = table(file=[ROW | {"retires": str(DAY + timedelta(days=days))}])
    warned = retirement("m", DAY, known)
    assert warned is None if words is None else words in str(warned)


rates = st.decimals(0, 100, places=3)


@st.composite
def rows(draw: st.DrawFn) -> Price:
    """Any row that is one."""
    fields: dict[str, Any] = {"model": "m", "input": draw(rates), "output": draw(rates)}
    fields |= {name: draw(st.none() | rates) for name in ("cache_write", "cache_read")}
    if draw(st.booleans()):
        fields |= {"long_above": draw(st.integers(1, 3_000))}
        fields |= {name: draw(rates) for name in ("long_input", "long_output")}
        fields |= {
            name: draw(st.none() | rates) for name in ("long_cache_write", "long_cache_read")
        }
    try:
        return Price.model_validate(fields)
    except ValidationError:
        assume(False)
        raise


@given(
    row=st.sampled_from(PRICES) | rows(),
    system=st.text(max_size=400),
    repeats=st.sampled_from([1, 1_000]),
    user=st.text(max_size=200),
    max_tokens=st.integers(1, 10_000),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
def test_no_usage_a_request_can_have_costs_more_than_its_bound(
    row: Price,
    system: str,
    repeats: int,
    user: str,
    max_tokens: int,
    share: tuple[float, float, float, float],
) -> None:
    known = PriceTable({PriceSource.FILE: (row,)})
    request = ModelRequest(row.model, (system * repeats,), user, {}, max_tokens)
    most = len((system * repeats + user).encode()) + FRAME_TOKENS
    prompt = int(most * share[0])
    written = int(prompt * share[1])
    read = int((prompt - written) * share[3])
    usage = Usage(prompt - written - read, written, read, int(max_tokens * share[2]))
    assert cost(row.model, usage, DAY, known) <= upper_bound(request, DAY, known)
