"""The prices that come with this version, in US dollars per million tokens. Data, and no code.

Facts, read in November 2026 on the pages of the two providers: prices, cached rates and windows of
the Claude models (platform.claude.com, Models & pricing), the retirement of claude-sonnet-4-5, and
the shutdown of gpt-4o, gpt-4o-mini and gpt-4.1 (developers.openai.com, Deprecations). The price
page of OpenAI lists these three no more: their prices are those it had, which others still quote.

Assumptions: what the cache of claude-haiku-5-5 is charged for writing, and batches at half of the
price, follow the rule of the other Claude models; OpenAI charges nothing beyond the input for
writing its cache. A model that another provider serves under the same name is taken to cost the
same there.
"""

from datetime import date
from decimal import Decimal

from nlu_shared.schemas.prices import Price

_CLAUDE = "Anthropic's price list, November 2026"
_OPENAI = "OpenAI's last price list with this model; shutdown by its deprecations page"
_RETIRED_BY_OPENAI = date(2027, 1, 14)
_MILLION = 1_000_000

PRICES = (
    Price(
        model="claude-opus-5-5",
        input=Decimal(4),
        output=Decimal(20),
        cache_write=Decimal(5),
        cache_read=Decimal("0.20"),
        batch_input=Decimal(2),
        batch_output=Decimal(10),
        context_window=_MILLION,
        note=_CLAUDE,
    ),
    Price(
        model="claude-sonnet-5-5",
        input=Decimal(2),
        output=Decimal(10),
        cache_write=Decimal("2.50"),
        cache_read=Decimal("0.20"),
        batch_input=Decimal(1),
        batch_output=Decimal(5),
        context_window=_MILLION,
        note=_CLAUDE,
    ),
    Price(
        model="claude-haiku-5-5",
        input=Decimal("0.10"),
        output=Decimal("0.50"),
        cache_read=Decimal("0.01"),
        long_above=100_000,
        long_input=Decimal("0.50"),
        long_output=Decimal("2.50"),
        long_cache_read=Decimal("0.05"),
        batch_input=Decimal("0.05"),
        batch_output=Decimal("0.25"),
        context_window=_MILLION,
        note=_CLAUDE,
    ),
    Price(
        model="claude-sonnet-4-5",
        input=Decimal(3),
        output=Decimal(15),
        retires=date(2026, 11, 30),
        context_window=200_000,
        note=_CLAUDE,
    ),
    Price(
        model="gpt-4o",
        input=Decimal("2.50"),
        output=Decimal(10),
        cache_write=Decimal("2.50"),
        cache_read=Decimal("1.25"),
        batch_input=Decimal("1.25"),
        batch_output=Decimal(5),
        retires=_RETIRED_BY_OPENAI,
        context_window=128_000,
        note=_OPENAI,
    ),
    Price(
        model="gpt-4o-mini",
        input=Decimal("0.15"),
        output=Decimal("0.60"),
        cache_write=Decimal("0.15"),
        cache_read=Decimal("0.075"),
        batch_input=Decimal("0.075"),
        batch_output=Decimal("0.30"),
        retires=_RETIRED_BY_OPENAI,
        context_window=128_000,
        note=_OPENAI,
    ),
    Price(
        model="gpt-4.1",
        input=Decimal(2),
        output=Decimal(8),
        cache_write=Decimal(2),
        cache_read=Decimal("0.50"),
        batch_input=Decimal(1),
        batch_output=Decimal(4),
        retires=_RETIRED_BY_OPENAI,
        context_window=1_047_576,
        note=_OPENAI,
    ),
)
