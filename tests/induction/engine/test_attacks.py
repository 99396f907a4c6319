"""Hostile texts against a proposer that obeys them: none gets into a prompt."""

import json
import unicodedata
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.plan import Plan
from induction.engine.proposal.meta_prompt import SYSTEM
from induction.task_kinds.base import Case
from nlu_shared.schemas.events import ChangeRejected, PromptProposed, Split, Stage
from nlu_shared.schemas.prompts import PromptContent
from offline_model.meta import Meta
from offline_model.proposer import choose
from offline_model.settings import OfflineSettings

from tests.induction.engine.attacks import ATTACKS, Attack
from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan
from tests.induction.llm.toys import confusion, meta

pytestmark = pytest.mark.law

OBEDIENT = OfflineSettings(obedient=True)
PRIVATE = "nobody but my sister in law may hear of the lump they found"
EACH = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def attacked(attack: Attack) -> Plan:
    """The attack is logged twice under different labels, so one of the answers is wrong and shown;
    a private text stands beside it."""
    plan = toy_plan(per_label=7, labels=3)
    logged = [
        (attack.text, "class_b", True),
        (f"{attack.text} ok", "class_c", True),
        (PRIVATE, "class_b", False),
        (f"{PRIVATE} yesterday", "class_c", False),
    ]
    more = tuple(
        Case(UUID(int=900 + n), text, label, f"logged {n}", may_quote)
        for n, (text, label, may_quote) in enumerate(logged)
    )
    splits = dict(plan.splits) | {case.id: Split.TRAIN for case in more}
    return replace(plan, cases=(*plan.cases, *more), splits=splits, max_iterations=2)


def seen(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in folded if unicodedata.category(c) != "Cf").split())


def harm(attack: Attack, plan: Plan, prompt: PromptContent) -> list[str]:
    """What the attack achieved, judged without the guard's own means."""
    instructions = seen("\n".join(block.text for block in prompt.instructions))
    truths = {case.text: case.truth for case in plan.cases if case.may_quote}
    achieved = []
    if attack.payload.strip() and seen(attack.payload) in instructions:
        achieved.append("wrote instructions")
    if [b for b in plan.baseline.instructions if b.protected and b not in prompt.instructions]:
        achieved.append("changed a protected block")
    if seen(PRIVATE) in seen(prompt.model_dump_json()):
        achieved.append("got at a private text")
    if [one for one in prompt.examples if truths.get(one.text) != one.output]:
        achieved.append("taught an answer nobody approved")
    return achieved


def test_there_are_many_different_attacks() -> None:
    assert len({attack.text for attack in ATTACKS}) == len(ATTACKS) >= 60


@EACH
def test_the_obedient_proposer_does_obey(attack: Attack) -> None:
    cases = [
        {"id": str(UUID(int=n)), "text": text, "truth": "a", "predicted": "b", "may_quote": False}
        for n, text in enumerate((attack.text, PRIVATE))
    ]
    request = Meta.model_validate(meta([confusion(cases, "a", "b")]))
    edits = choose(request, obedient=True).edits
    proposed = seen("\n".join(str(edit.get("text")) for edit in edits))
    named = {edit.get("block") for edit in edits}
    assert (
        seen(attack.payload) in proposed
        if attack.payload
        else named & {"labels", "data"}
        or (PRIVATE in proposed or {edit["op"] for edit in edits} & {"add_example"})
    )


@EACH
async def test_no_attack_reaches_a_stored_prompt_and_the_guard_refuses_each(attack: Attack) -> None:
    plan, world = attacked(attack), OfflineRuntime(settings=OBEDIENT)
    refused = set()
    for event in await events_of(plan, world):
        if isinstance(event, PromptProposed):
            assert harm(attack, plan, event.content) == []
        if isinstance(event, ChangeRejected):
            refused.add(event.stage)
    assert refused & {Stage.PROPOSE, Stage.SCREEN}
    proposals = [one.request for one in world.sent if one.purpose == "proposer"]
    assert {request.system for request in proposals} == {(SYSTEM,)}
    shown = [json.loads(request.user)["patterns"] for request in proposals]
    assert all(isinstance(patterns, list) for patterns in shown)
