"""The price table as it stands: rows that were put, the operator's file, what is shipped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from nlu_shared.kit.access import audit
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.prices import Price, PriceList, PricesIn, PriceSource
from sqlalchemy import delete, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm import prices
from induction.llm.prices import SHIPPED, PriceTable
from induction.pricing.models import PriceRow
from induction.providers import Providers
from induction.settings import Settings

HOW = (
    "PUT /v1/admin/prices gives one, or a row of the file that INDUCTION_PRICES_FILE names; input"
    " and output 0 for a server of one's own. The command induction models lists what is in use."
)


NO_PROVIDER = (
    "names a provider that is not configured. INDUCTION_PROVIDERS describes one"
    " (docs/providers.md); configured are"
)


class NoPrice(Invalid):
    code = "unknown_model"
    title = "A model has no known price, so no budget could be promised"


async def table(session: AsyncSession, settings: Settings) -> PriceTable:
    """All rows of this moment. Who prices a run reads it once and passes it on."""
    rows = await session.exec(select(PriceRow).order_by(col(PriceRow.model), col(PriceRow.since)))
    put = tuple(Price.model_validate(row.body) for row in rows)
    return PriceTable(
        {PriceSource.API: put, PriceSource.FILE: settings.prices_file.rows, **SHIPPED.rows},
        provider=settings.provider,
    )


async def listed(session: AsyncSession, settings: Settings) -> PriceList:
    """Every row with its source."""
    known = (await table(session, settings)).rows
    return PriceList(
        prices=[
            prices.view(row, source)
            for source in PriceSource
            for row in sorted(known.get(source, ()), key=lambda one: (one.model, one.since))
        ]
    )


async def put(session: AsyncSession, body: PricesIn, *, by: str) -> None:
    """Replaces the put rows of every model that is named; others stay."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('prices'))"))
    models = {row.model for row in body.prices} | set(body.withdraw)
    await session.execute(delete(PriceRow).where(col(PriceRow.model).in_(models)))
    session.add_all(
        PriceRow(model=row.model, since=row.since, body=row.model_dump(mode="json"), put_by=by)
        for row in body.prices
    )
    await audit.record(
        session,
        actor=by,
        action="prices.put",
        subject="prices",
        rows=len(body.prices),
        withdrawn=len(body.withdraw),
    )
    await session.flush()


async def require(
    session: AsyncSession, settings: Settings, models: Mapping[str, str | None]
) -> None:
    """Raises NoPrice where one of these models by field costs money, and nobody knows how much, or
    is of a provider that is not there. None is the service's default, which its operator answers
    for."""
    named = {field: model for field, model in models.items() if model is not None}
    if not named:
        return
    foreign = sorted(
        field for field, model in named.items() if settings.models_of.is_foreign(model)
    )
    if foreign:
        known = ", ".join(sorted(settings.models_of.by_name))
        raise NoPrice(
            f"{' and '.join(foreign)} {NO_PROVIDER} {known}.",
            errors=[
                {"loc": ["body", field], "type": NoPrice.code, "expected": f"a model of {known}"}
                for field in foreign
            ],
        )
    known_prices = await table(session, settings)
    without = without_price(named.values(), known_prices, settings.models_of)
    if fields := sorted(field for field, model in named.items() if model in without):
        raise NoPrice(
            f"There is no price for {' and '.join(fields)}{_later(without, known_prices)} {HOW}",
            errors=[
                {"loc": ["body", field], "type": NoPrice.code, "expected": "a model with a price"}
                for field in fields
            ],
        )


async def remarks(
    session: AsyncSession, settings: Settings, models: Sequence[str]
) -> tuple[str, ...]:
    """What a run is to say of its models' prices and ends. Raises NoPrice, which names them."""
    known = await table(session, settings)
    if without := without_price(models, known, settings.models_of):
        raise NoPrice(
            f"There is no price for {' and '.join(without)}{_later(without, known)} {HOW}"
        )
    return (*settings.assumed(models), *prices.remarks(models, utc_today(), known))


def _later(models: Iterable[str], known: PriceTable) -> str:
    """The end of a sentence that says which have none: when a row of theirs begins."""
    days = (prices.begins(one, utc_today(), known) for one in models)
    first = min((day for day in days if day is not None), default=None)
    return "." if first is None else f" today: the first row there is holds from {first} on (UTC)."


def without_price(models: Iterable[str], known: PriceTable, providers: Providers) -> list[str]:
    """The models that cost money and have no price today."""
    today = utc_today()
    return [
        model
        for model in dict.fromkeys(models)
        if providers.is_billed(model) and not prices.is_known(model, today, known)
    ]


def utc_today() -> date:
    return datetime.now(UTC).date()
