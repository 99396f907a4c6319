"""Which cases are asked, and in which ways: at most 150 calls, none about a case set aside to test.

The cases are the same for all ways of asking, drawn evenly over the strata, from validation first:
examples are drawn from the training cases that are left.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.headroom import Variant
from nlu_shared.schemas.prompts import Block, PromptContent, TaskKind

from induction.engine.data.chance import shuffled
from induction.engine.data.groups import groups_of
from induction.engine.data.room import Room
from induction.engine.data.splits import Splits
from induction.engine.plan import Plan
from induction.engine.proposal import rungs
from induction.task_kinds.base import Case

LEAST_CALLS, MOST_CALLS = 60, 150
REPEATED = 15
"""Cases asked again. A model that changes a tenth of its answers is found out 4 times out of 5."""
MOST_CASES = 40
TEACHING = 3
"""One training group of so many is asked about at most: the others can be shown as examples."""


@dataclass(frozen=True, slots=True)
class Design:
    """What is asked: `cases` in every way, `repeated` of them twice with the baseline; `prompts`
    are the other ways, those first that tell most."""

    cases: tuple[Case, ...]
    repeated: tuple[Case, ...]
    prompts: tuple[tuple[Variant, PromptContent], ...]

    @property
    def calls(self) -> int:
        """At most."""
        return (
            len(self.cases) * (1 + len(self.prompts)) + len(self.repeated) + halvings(self.prompts)
        )


def halvings(prompts: Sequence[tuple[Variant, PromptContent]]) -> int:
    """How often many examples are halved, at most, until the model has room for them."""
    return sum(len(one.examples).bit_length() for way, one in prompts if way is Variant.MANY)


def design(plan: Plan, splits: Splits) -> Design:
    """Within `MOST_CALLS`, and within the calls of the plan as far as that goes."""
    drawn = probed(plan, splits)
    prompts = _prompts(plan, splits, drawn)
    most = min(MOST_CALLS, plan.calls or MOST_CALLS)
    left = most - REPEATED - halvings(prompts)
    number = min(MOST_CASES, max(1, left // (1 + len(prompts))))
    cases = tuple(drawn[:number])
    return Design(cases, cases[:REPEATED], tuple(prompts))


def probed(plan: Plan, splits: Splits) -> list[Case]:
    """The cases to ask, in the order in which they are taken; none that the baseline quotes. One of
    each group comes first: near-duplicates and turns of a conversation tell less than others."""
    quoted = {one.case_id for one in plan.baseline.all_examples}
    texts = {one.text for one in plan.baseline.all_examples}
    first: list[Case] = []
    rest: list[Case] = []
    validation = () if splits.validation_is_train else splits.validation
    for cases, teaching in ((validation, 1), (splits.train, TEACHING)):
        free = [case for case in cases if case.id not in quoted and case.text not in texts]
        groups = {group[0].id: group for group in groups_of(free)}
        taken = _evenly(plan, [group[0] for group in groups.values()], "headroom")
        taken = taken[: len(groups) // teaching]
        first += taken
        others = {case.text: case for one in taken for case in groups[one.id][1:]}
        rest += _evenly(plan, list(others.values()), "headroom")
    return [*first, *rest][:MOST_CASES]


def _prompts(
    plan: Plan, splits: Splits, drawn: Sequence[Case]
) -> list[tuple[Variant, PromptContent]]:
    """The ways that differ from the baseline and from each other. Examples are those of the ladder
    that a search begins with."""
    taken = {case.id for case in drawn}
    groups = groups_of(splits.train)
    train = [
        case for group in groups if taken.isdisjoint(one.id for one in group) for case in group
    ]
    offered = rungs.rungs(plan.task, plan.baseline, train, seed=plan.seed, room=Room.of(plan))
    few = [one for one in offered if one.cases and not one.keeps_own]
    few = [one for one in few if len(one.cases) == min(len(other.cases) for other in few)]
    prompts = [(Variant.MANY, one.content) for one in offered if one.keeps_own]
    prompts += zip((Variant.FEW, Variant.OTHER_FEW), (one.content for one in few), strict=False)
    listing = _listing(plan)
    if listing is not None and Room.of(plan).holds(prompt_tokens(listing, plan.task.answers)):
        prompts.append((Variant.LABELS, listing))
    return prompts


def _listing(plan: Plan) -> PromptContent | None:
    """The baseline with the labels and the form of the answer, where it does not name them."""
    if plan.task.kind is not TaskKind.INTENT or not plan.task.problems(plan.baseline):
        return None
    plain = "\n\n".join(block.text for block in plan.task.baseline().instructions)
    names = {block.name for block in plan.baseline.instructions}
    name = next(one for one in ("labels", "label_list", "all_labels_listed") if one not in names)
    block = Block(name=name, text=plain)
    return plan.baseline.model_copy(update={"instructions": (*plan.baseline.instructions, block)})


def _evenly(plan: Plan, cases: Sequence[Case], purpose: str) -> list[Case]:
    """The first of every stratum, then the second of every stratum, and so on."""
    strata: dict[str, list[Case]] = defaultdict(list)
    for case in shuffled(cases, name=lambda case: case.id, seed=plan.seed, purpose=purpose):
        strata[plan.task.stratum(case.truth)].append(case)
    turns = [(turn, name, case) for name, own in strata.items() for turn, case in enumerate(own)]
    return [case for _, _, case in sorted(turns, key=lambda one: one[:2])]
