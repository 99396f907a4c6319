"""A plan whose search tries banks, and the banks it tries."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from induction.engine.data.room import UNBOUNDED, Room
from induction.engine.data.splits import splits_of
from induction.engine.plan import Plan
from induction.engine.proposal.rungs import Rung, rungs
from induction.task_kinds.base import Case
from nlu_shared.schemas.prompts import PromptContent

from tests.induction.engine.runtimes import toy_plan


@cache
def plan() -> Plan:
    return replace(toy_plan(), tries_ladder=True, retrieval=True, max_iterations=3)


def train(of: Plan) -> tuple[Case, ...]:
    return splits_of(of.cases, of.splits).train


def made(of: Plan, cases: Sequence[Case] | None = None, room: Room = UNBOUNDED) -> list[Rung]:
    """The rungs that bring a bank."""
    drawn = train(of) if cases is None else cases
    every = rungs(of.task, of.baseline, drawn, seed=of.seed, room=room, retrieval=True)
    return [one for one in every if one.is_banked]


def banked(of: Plan) -> list[PromptContent]:
    return [one.content for one in made(of)]
