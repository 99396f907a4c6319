"""Every model in use with its price and its end, and every provider with whether it answers."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.schemas.models import ModelsView, ModelView, ProviderView
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm import prices
from induction.llm.prices import PriceTable
from induction.llm.reaching import reach
from induction.pricing import service as pricing
from induction.prompts import endpoints, pointer
from induction.providers import Providers, address
from induction.settings import Settings
from induction.tasks import service as tasks

DEFAULT = "default"
Uses = Mapping[str, Sequence[str]]
"""Who uses a model, by its full name."""


async def overview(
    database: Database, identity: Identity, settings: Settings, caller: Caller | None = None
) -> ModelsView:
    """`caller` sees the models of the tasks they may touch, and the defaults; None sees all. Each
    provider is looked at, outside any transaction."""
    async with session_scope(database, identity) as session:
        table = await pricing.table(session, settings)
        uses = await _uses(session, settings, caller)
    providers, today = settings.models_of, pricing.utc_today()
    return ModelsView(
        providers=await _providers(providers, (*settings.providers, *map(_provider, uses))),
        models=[
            view(model, uses[model], table, today, is_billed=providers.is_billed(model))
            for model in sorted(uses)
        ],
    )


async def _providers(providers: Providers, named: Iterable[str]) -> list[ProviderView]:
    """The default one, those that are described, and those of models in use."""
    names = dict.fromkeys((providers.default, *named))
    known = {name: providers.by_name[name] for name in names if name in providers.by_name}
    reached = await asyncio.gather(*map(reach, known.values()))
    return [
        ProviderView(
            name=name,
            api=one.api.value,
            address=None if one.base_url is None else address(one.base_url),
            is_default=name == providers.default,
            reachable=reachable,
        )
        for (name, one), reachable in zip(known.items(), reached, strict=True)
    ]


def _provider(model: str) -> str:
    return model.partition("/")[0]


async def ending(session: AsyncSession, settings: Settings, caller: Caller) -> list[str]:
    """What is to be known of the models in use that retire or have retired, in sentences."""
    uses = await _uses(session, settings, caller)
    table, today = await pricing.table(session, settings), pricing.utc_today()
    ends = (prices.retirement(model, today, table) for model in sorted(uses))
    return list(dict.fromkeys(one for one in ends if one is not None))


def view(
    model: str, used_by: Sequence[str], table: PriceTable, today: date, *, is_billed: bool
) -> ModelView:
    """One model as of `today`, by its full name."""
    row = next(table.in_force(model, today), None)
    ends = prices.retires(model, today, table)
    warning = prices.retirement(model, today, table)
    if row is None and is_billed:
        warning = f"{model} has no price, so no run of it starts. {pricing.HOW}"
    return ModelView(
        model=model,
        provider=_provider(model),
        used_by=list(used_by),
        is_billed=is_billed,
        priced=row is not None,
        price=None if row is None else prices.view(*row),
        retires=ends,
        retires_in_days=None if ends is None else (ends - today).days,
        warning=warning,
    )


async def _uses(session: AsyncSession, settings: Settings, caller: Caller | None) -> Uses:
    uses, full = defaultdict(list), settings.models_of.full_name
    defaults = {"task_model": settings.task_model, "proposer_model": settings.proposer_model}
    for role, model in defaults.items():
        uses[full(model)].append(f"{DEFAULT}: {role}")
    serving = await pointer.in_production(session)
    rows = [
        row for row in await tasks.list_all(session) if caller is None or caller.may_touch(row.slug)
    ]
    own = {row.slug: row.task_model or settings.task_model for row in rows}
    versions = {serving[slug]: model for slug, model in own.items() if slug in serving}
    served = await endpoints.served_with(session, versions, settings)
    for row in rows:
        for role in sorted(defaults):
            if (model := getattr(row, role)) is not None:
                uses[full(model)].append(f"{row.slug}: {role}")
        if row.slug in serving:
            measured = served.get(serving[row.slug])
            serves_on = own[row.slug] if measured is None else measured.name
            uses[full(serves_on)].append(f"{row.slug}: production")
    return uses
