"""Which models a run asks, and without which of them it still comes to something. Pure."""

from dataclasses import replace

from nlu_shared.schemas.runs import RunKind

from induction.engine.plan import Plan
from induction.providers import Providers
from induction.runs.models import RunRow


def models_of(row: RunRow) -> list[str]:
    """Who is asked in this run, each once, whoever answers cases first."""
    return list(dict.fromkeys([row.task_model, *row.to_models, *_proposers(row)]))


def dispensable(row: RunRow) -> frozenset[str]:
    """The new models of a migration: where one cannot be asked the others are compared."""
    return frozenset(row.to_models) - {row.task_model, *_proposers(row)}


def searches(row: RunRow) -> bool:
    """Does it make prompts, so that a proposer is asked and cases become examples?"""
    return row.kind == RunKind.IMPROVE or (row.optimise and not row.is_on_traffic)


def windowed(plan: Plan, providers: Providers) -> Plan:
    """With the windows that operators name, before any server was asked."""

    def window(model: str, known: int | None) -> int | None:
        return known or providers.provider(model).context_window

    return replace(
        plan,
        context_window=window(plan.task_model, plan.context_window),
        to_models={one: window(one, known) for one, known in plan.to_models.items()},
    )


def _proposers(row: RunRow) -> list[str]:
    return [row.proposer_model] if searches(row) else []
