"""The loop: evaluate, diagnose, propose, screen, gate, evaluate, keep or reject."""

from collections.abc import AsyncIterator

from nlu_shared.schemas.events import EvaluationProgress, StoredEvent

from induction.engine.plan import Plan
from induction.engine.world import World


async def improve(plan: Plan, world: World) -> AsyncIterator[StoredEvent | EvaluationProgress]:
    """A run as its events, `RunStarted` first and `RunFinished` last."""
    raise NotImplementedError
    yield


async def evaluate_only(
    plan: Plan, world: World
) -> AsyncIterator[StoredEvent | EvaluationProgress]:
    """One prompt scored on train and validation; the test part stays untouched."""
    raise NotImplementedError
    yield
