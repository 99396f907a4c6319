"""What a forecast says in words of a run that is to be: what stands in its way, what it could try.
Pure."""

from collections.abc import Sequence
from decimal import Decimal

from nlu_shared.rendering import part_tokens, prompt_tokens
from nlu_shared.schemas.runs import RunLimits

from induction.engine.data.room import beyond_window
from induction.engine.data.splits import splits_of
from induction.engine.headroom.design import design
from induction.engine.headroom.measure import NO_OTHER_WAY
from induction.engine.leak_guard.screen import EXAMPLE_TOKENS
from induction.engine.plan import Plan
from induction.engine.proposal.banked import LEAST_BANK
from induction.engine.search.baseline import answered_of
from induction.task_kinds.base import Case


def of_limits(calls: int, money: Decimal, limits: RunLimits) -> list[str]:
    """Which of them could end it, what becomes of it then, and what leaves room for all."""
    over = []
    if calls > limits.calls:
        over.append(f"up to {calls:,} calls, and its limit is {limits.calls:,}")
    if money > Decimal(str(limits.money_usd)):
        over.append(f"up to {money:,.2f} dollars, and its limit is {limits.money_usd:,.2f}")
    return [
        f"It may end early: it could take {one}. It starts all the same, and ends there with the"
        " best it has found; a higher limit leaves room for all."
        for one in over
    ]


def of_proposals(money: Decimal, limits: RunLimits) -> list[str]:
    """Where none can be made: a proposal is booked as the most it can cost before it is asked for.

    money: US dollars for one, at most.
    limits: of the run.
    """
    if money <= Decimal(str(limits.money_usd)):
        return []
    return [
        f"One proposal is booked at up to {money:,.2f} dollars before it is asked for, and the"
        f" limit is {limits.money_usd:,.2f}: nothing can be proposed, examples alone are tried."
    ]


def of_baseline(plan: Plan, limits: RunLimits, *, in_full: bool) -> list[str]:
    """Where the limits are reached before anything is known: what the baseline alone takes.

    plan: of the run.
    limits: of the run.
    in_full: whether it is put to all training cases, however few the calls.
    """
    splits = splits_of(plan.cases, plan.splits)
    train = len(splits.train)
    if not (in_full or splits.validation_is_train):
        train = answered_of(train, calls=limits.calls)
    needed = train + len(splits.validation)
    if limits.calls >= needed:
        return []
    return [
        f"Its baseline alone takes {needed:,} answers, and its limit is {limits.calls:,} calls:"
        " unless earlier runs have been given most of them, it ends without having measured"
        " anything."
    ]


def of_room(plan: Plan) -> list[str]:
    """Of a prompt that is too long before anything is changed."""
    size = prompt_tokens(plan.baseline, plan.task.answers)
    if plan.max_prompt_tokens is None or size <= plan.max_prompt_tokens:
        return []
    return [
        f"The prompt it begins with takes about {size} tokens, more than the"
        f" {plan.max_prompt_tokens} that a prompt may have here: no change that adds to it is"
        " tried, and what is found may still be too long."
    ]


def of_window(plan: Plan) -> list[str]:
    """Of a prompt that its model has no room for, where its window is known."""
    prompt = prompt_tokens(plan.baseline, plan.task.answers)
    both = prompt + plan.task.answers.max_tokens
    window = plan.context_window
    if beyond_window(plan, [plan.baseline]):
        return [
            f"The prompt it begins with takes about {prompt} tokens, and the model's window is"
            f" {window}: it ends before anything is asked. A shorter prompt does, or another model."
        ]
    if window is None or both <= window:
        return []
    return [
        f"The prompt and an answer to it take about {both} tokens, and the model's window is"
        f" {window}: a server may refuse it, or cut it without a word."
    ]


def of_windows(plan: Plan) -> list[str]:
    """The same of the new models of a migration."""
    size = prompt_tokens(plan.baseline, plan.task.answers)
    return [
        f"The prompt takes about {size} tokens, and the window of {model} is {window}: it is not"
        " judged."
        for model, window in plan.to_models.items()
        if beyond_window(plan.asking(model), [plan.baseline]) and not plan.optimise
    ]


def of_ways(plan: Plan) -> list[str]:
    """Of a headroom run that measures nothing but the prompt as it is."""
    splits = splits_of(plan.cases, plan.splits)
    return [] if design(plan, splits).prompts else [f"{NO_OTHER_WAY[0].upper()}{NO_OTHER_WAY[1:]}."]


def of_retrieval(plan: Plan, train: Sequence[Case]) -> list[str]:
    """What a bank could add, where not all examples fit into one prompt and there are enough."""
    quotable = [case for case in train if case.may_quote]
    answers, most = plan.task.answers, min(EXAMPLE_TOKENS, plan.max_prompt_tokens or EXAMPLE_TOKENS)
    size = sum(part_tokens(plan.task.example(case), answers) for case in quotable)
    if plan.retrieval or not plan.tries_ladder or size <= most or len(quotable) < LEAST_BANK:
        return []
    return [
        f"All {len(quotable)} cases that may be quoted take about {size} tokens as examples, and"
        f" {most} fit at most: where examples may be chosen for each text (retrieval, a setting"
        " of the task) the run also tries prompts that show each text the cases nearest to it."
    ]


def of_quoting(quotable: int, train: int) -> list[str]:
    """What follows for a prompt from how many training cases it may show."""
    if quotable == train:
        return []
    allowed = (
        "In nlu-logger a reviewer allows it with each case, and its API for all that a filter"
        " finds (docs/rendering.md)."
    )
    if not quotable:
        return [
            f"None of {train} training cases may be quoted: no prompt can show one as an example,"
            f" only the instructions can improve, and examples are the larger gain. {allowed}"
        ]
    return [
        f"{quotable} of {train} training cases may be quoted: only these can become examples."
        f" {allowed}"
    ]


def of_probes(models: Sequence[str]) -> list[str]:
    if not models:
        return []
    return [
        f"{', '.join(models)}: asked one small question each before anything is measured, to find"
        " out what their servers can do."
    ]
