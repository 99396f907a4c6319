"""What calls cost, and that no call can cost more than was reserved for it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.llm.errors import UnknownModel
from induction.llm.prices import FRAME_TOKENS, PRICES, Price, cost, upper_bound
from induction.task_kinds.base import ModelRequest, Usage

DAY = date(2026, 11, 22)
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "dollars"),
    [
        ("claude-opus-5-5", Usage(MILLION, 0, 0, MILLION), "24"),
        ("claude-sonnet-5-5", Usage(MILLION, 0, 0, MILLION), "12"),
        ("claude-haiku-5-5", Usage(100_000, 0, 0, 1_000), "0.0105"),
        ("claude-haiku-5-5", Usage(100_001, 0, 0, 1_000), "0.0525005"),
        ("claude-haiku-5-5", Usage(1, 50_000, 50_000, 0), "0.0337505"),
        ("claude-sonnet-5-5", Usage(0, MILLION, 0, 0), "2.5"),
        ("claude-sonnet-5-5", Usage(0, 0, MILLION, 0), "0.2"),
        ("claude-sonnet-5-5", Usage(), "0"),
    ],
)
def test_a_call_costs_what_the_list_says(model: str, usage: Usage, dollars: str) -> None:
    assert cost(model, usage, DAY) == Decimal(dollars)


def test_a_price_holds_from_its_day_on() -> None:
    later = Price(model="claude-opus-5-5", since=date(2027, 1, 1), input=8, output=40)
    table = (later, *PRICES)
    usage = Usage(MILLION)
    assert cost("claude-opus-5-5", usage, date(2026, 12, 31), table) == 4
    assert cost("claude-opus-5-5", usage, date(2027, 1, 1), table) == 8


def test_an_unknown_model_has_no_price() -> None:
    with pytest.raises(UnknownModel, match="claude-unheard-of"):
        cost("claude-unheard-of", Usage(), DAY)


@given(
    model=st.sampled_from([price.model for price in PRICES]),
    system=st.text(max_size=400),
    repeats=st.sampled_from([1, 1_000]),
    user=st.text(max_size=200),
    max_tokens=st.integers(1, 10_000),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
def test_no_usage_a_request_can_have_costs_more_than_its_bound(
    model: str,
    system: str,
    repeats: int,
    user: str,
    max_tokens: int,
    share: tuple[float, float, float],
) -> None:
    request = ModelRequest(model, (system * repeats,), user, {}, max_tokens)
    most = len((system * repeats + user).encode()) + FRAME_TOKENS
    prompt = int(most * share[0])
    written = int(prompt * share[1])
    usage = Usage(prompt - written, written, 0, int(max_tokens * share[2]))
    assert cost(model, usage, DAY) <= upper_bound(request, DAY)
