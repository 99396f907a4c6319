"""A search of anybody's making, plugged into a run: what holds whatever it does."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from textwrap import dedent

import pytest
from induction.engine.evaluation.results import EvalResults
from induction.engine.plan import Plan
from induction.engine.proposal.edits import InvalidChange
from induction.engine.proposal.proposer import RETRIES, ProposalRequest
from induction.engine.run import improve
from induction.engine.runtime import RunContext
from induction.engine.search import optimiser
from induction.engine.search.optimiser import Optimiser, hill_climb
from induction.engine.search.state import Search
from induction.engine.search.step import consider
from induction.task_kinds.base import Case
from nlu_shared.schemas.events import (
    ChangeKept,
    ChangeRejected,
    EvaluationProgress,
    FoldScored,
    PromptEvaluated,
    PromptProposed,
    RunFinished,
    SearchStopped,
    Split,
    Stage,
    StoredEvent,
    VerdictReached,
)
from nlu_shared.schemas.prompts import Block, Change, Edit, Op, PromptContent, Strategy
from nlu_shared.schemas.verdicts import VerdictKind

from tests.induction.engine.runtimes import OfflineRuntime, Recording, events_of, toy_plan


def showing(search: Search, cases: Sequence[Case]) -> PromptContent:
    examples = tuple(map(search.run.plan.task.example, cases))
    return search.run.plan.baseline.model_copy(update={"examples": examples})


async def ever_more(search: Search) -> str:
    """Shows more and more training cases, as long as that does no harm to the last of them."""
    train = search.splits.train
    wrong = len(search.train.of(train[-20:]).wrong)
    for number in range(15, len(train), 15):
        prompt = showing(search, train[::-1][:number])
        learnt = await search.evaluate(prompt, train[-20:], split=Split.TRAIN)
        if len(learnt.wrong) <= wrong:
            wrong = len(learnt.wrong)
            await consider(search, prompt)
    return "all sizes were tried"


async def stored(
    plan: Plan, runtime: Recording, optimise: Optimiser = ever_more
) -> list[StoredEvent]:
    events = await events_of(plan, runtime, partial(improve, optimise=optimise))
    return [event for event in events if not isinstance(event, EvaluationProgress)]


@pytest.mark.law
async def test_a_search_of_ten_lines_finds_a_prompt_that_is_proven_on_untouched_cases() -> None:
    events = await stored(toy_plan(), OfflineRuntime())
    (stopped,) = [event for event in events if isinstance(event, SearchStopped)]
    assert stopped.reason == "all sizes were tried"
    (reached,) = [event for event in events if isinstance(event, VerdictReached)]
    assert reached.verdict.kind is VerdictKind.PROVEN
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    kept = [event.version_hash for event in events if isinstance(event, ChangeKept)]
    assert finished.best_hash == kept[-1]


@pytest.mark.law
async def test_a_replay_of_it_says_the_same_whatever_order_the_answers_came_in() -> None:
    plan, runtime = toy_plan(), OfflineRuntime()
    first = await stored(plan, runtime)
    assert await stored(plan, runtime) == first
    assert await stored(plan, OfflineRuntime(arrival=lambda order: order[::-1])) == first


@pytest.mark.parametrize("calls", [200, 320, 380])
async def test_it_is_held_to_the_budget_and_what_it_found_is_judged_all_the_same(
    calls: int,
) -> None:
    runtime = OfflineRuntime(budget=calls)
    events = await stored(replace(toy_plan(), calls=calls), runtime)
    assert runtime.calls <= calls
    (stopped,) = [event for event in events if isinstance(event, SearchStopped)]
    assert stopped.reason.startswith("budget")
    (reached,) = [event for event in events if isinstance(event, VerdictReached)]
    kept = [event for event in events if isinstance(event, ChangeKept)]
    assert reached.verdict.tested_on == (Split.TEST if kept else Split.VALIDATION)


async def test_no_test_case_is_asked_before_the_search_has_stopped() -> None:
    plan, runtime = toy_plan(), OfflineRuntime()
    await stored(plan, runtime)
    test = {case.text for case in plan.cases if plan.splits[case.id] is Split.TEST}
    searching = runtime.sent_before(lambda event: isinstance(event, SearchStopped))
    assert searching
    assert not [call for call in searching if any(text in call.request.user for text in test)]


async def test_a_search_that_puts_a_test_case_to_a_prompt_ends_the_run() -> None:
    async def curious(search: Search) -> str:
        await search.evaluate(search.best, search.splits.test[:1], split=Split.TRAIN)
        return "peeked"

    runtime = OfflineRuntime()
    with pytest.raises(ValueError, match="test split"):
        await stored(toy_plan(), runtime, curious)
    assert not any(isinstance(event, SearchStopped) for event in runtime.events)


@pytest.mark.parametrize("split", [Split.VALIDATION, Split.TEST])
async def test_a_prompt_that_shows_a_case_it_must_not_know_is_refused_unseen(split: Split) -> None:
    plan, runtime = toy_plan(), OfflineRuntime()
    secret = next(case for case in plan.cases if plan.splits[case.id] is split)
    results: list[EvalResults | None] = []

    async def leaking(search: Search) -> str:
        results.append(await consider(search, showing(search, [search.splits.train[0], secret])))
        return "leaked"

    events = await stored(plan, runtime, leaking)
    assert results == [None]
    (rejected,) = [event for event in events if isinstance(event, ChangeRejected)]
    assert rejected.stage is Stage.SCREEN
    assert secret.text not in rejected.reason
    assert not any(isinstance(event, PromptProposed) for event in events)
    assert not [call for call in runtime.sent if any(secret.text in s for s in call.request.system)]


async def test_a_prompt_that_touches_a_protected_block_is_refused_unseen() -> None:
    async def rewriting(search: Search) -> str:
        whole = PromptContent(instructions=(Block(name="all", text="Name the label."),))
        assert await consider(search, whole) is None
        return "rewritten"

    events = await stored(toy_plan(), OfflineRuntime(), rewriting)
    (rejected,) = [event for event in events if isinstance(event, ChangeRejected)]
    assert (rejected.stage, "protected" in rejected.reason) == (Stage.PROPOSE, True)


async def test_its_examples_quote_the_training_cases_they_are_and_its_changes_say_so() -> None:
    events = await stored(toy_plan(), OfflineRuntime())
    proposed = [event for event in events if isinstance(event, PromptProposed)]
    assert proposed
    for event in proposed:
        assert all(edit.op in (Op.ADD_EXAMPLE, Op.REMOVE_EXAMPLE) for edit in event.change.edits)
        assert all(one.case_id is not None for one in event.content.examples)


async def test_it_evaluates_no_more_prompts_than_the_plan_has_iterations() -> None:
    events = await stored(replace(toy_plan(), max_iterations=2), OfflineRuntime())
    (stopped,) = [event for event in events if isinstance(event, SearchStopped)]
    assert (stopped.reason, stopped.iteration) == ("iterations used up", 2)
    evaluated = [
        e for e in events if isinstance(e, PromptEvaluated) and e.split is Split.VALIDATION
    ]
    assert len(evaluated) == 1 + 2


async def test_where_the_search_is_cross_validated_it_is_this_search_that_is() -> None:
    plan = toy_plan(per_label=8)
    searched: list[set[str]] = []

    async def noting(search: Search) -> str:
        searched.append({case.text for case in search.splits.train})
        return await ever_more(search)

    plan = replace(plan, folds=3, max_iterations=4)
    runtime = OfflineRuntime()
    events = await stored(plan, runtime, noting)
    folds = [event for event in events if isinstance(event, FoldScored)]
    assert len(folds) == 3
    assert len(searched) == 1 + len(folds)
    assert all(within < searched[0] | _validation(plan) for within in searched[1:])
    assert not [call for call in runtime.sent if call.purpose == "proposer"]


def _validation(plan: Plan) -> set[str]:
    return {case.text for case in plan.cases if plan.splits[case.id] is Split.VALIDATION}


async def test_the_search_of_the_house_takes_changes_from_any_proposer() -> None:
    """This one quotes the cases it is shown; its first answer is sent back, with the reason."""
    objections: list[str | None] = []

    async def quoting(
        run: RunContext, requests: Sequence[ProposalRequest]
    ) -> list[Change | InvalidChange]:
        objections.extend(one.objection for one in requests)
        if objections == [None]:
            return [InvalidChange("not yet")]
        return [
            Change(
                strategy=Strategy.EXAMPLES,
                rationale="Shows what was mistaken.",
                edits=tuple(
                    Edit(op=Op.ADD_EXAMPLE, case=id)
                    for id in list(one.brief.shown)[: one.brief.most_examples]
                ),
            )
            for one in requests
        ]

    plan, runtime = toy_plan(), OfflineRuntime()
    events = await stored(plan, runtime, partial(hill_climb, propose=quoting))
    assert objections[:2] == [None, "not yet"]
    assert any(isinstance(event, ChangeKept) for event in events)
    assert not [call for call in runtime.sent if call.purpose == "proposer"]


async def test_a_proposer_that_has_nothing_is_asked_again_and_then_passed_over() -> None:
    turns: list[int] = []

    async def silent(
        run: RunContext, requests: Sequence[ProposalRequest]
    ) -> list[Change | InvalidChange]:
        turns.append(len(requests))
        return [InvalidChange("nothing comes to mind") for _ in requests]

    events = await stored(toy_plan(), OfflineRuntime(), partial(hill_climb, propose=silent))
    rejected = [event for event in events if isinstance(event, ChangeRejected)]
    assert {(one.stage, one.reason) for one in rejected} == {
        (Stage.PROPOSE, "nothing comes to mind")
    }
    assert len(turns) == len(rejected) * (1 + RETRIES)


async def test_the_search_in_the_docstring_runs() -> None:
    lines = (optimiser.__doc__ or "").splitlines()
    code = dedent("\n".join(line for line in lines if line.startswith("    ")))
    namespace = {"Search": Search, "PromptContent": PromptContent, "consider": consider}
    exec(code.partition("await improve")[0], namespace)  # noqa: S102
    plan = replace(toy_plan(), may_remove_blocks=True)
    events = await stored(plan, OfflineRuntime(), namespace["shorter"])  # type: ignore[arg-type]
    (stopped,) = [event for event in events if isinstance(event, SearchStopped)]
    assert stopped.reason == "every block was tried"
    assert any(isinstance(event, PromptProposed) for event in events)
