"""A bank is screened, changed, pruned and blamed like the rest of a prompt."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from induction.engine.data.splits import splits_of
from induction.engine.leak_guard import screen
from induction.engine.leak_guard.leaks import guarded
from induction.engine.proposal.difference import difference
from induction.engine.proposal.edits import InvalidChange, UnquotableCase, apply, quoted
from induction.engine.search import pruning
from induction.history.blame import VersionStep, blame
from induction.prompts import diff
from nlu_shared.rendering import part_tokens
from nlu_shared.schemas.events import PromptProposed
from nlu_shared.schemas.prompts import Edit, Op, Retrieval
from nlu_shared.schemas.retrieval import Selector

from tests.induction.engine.banks import banked, plan, train
from tests.induction.engine.runtimes import OfflineRuntime, events_of, toy_plan


def test_a_bank_is_screened_like_examples() -> None:
    """Nothing of it may repeat a case that is set aside or may not be quoted."""
    of = plan()
    splits = splits_of(of.cases, of.splits)
    held_out = (*splits.validation, *splits.test)
    known = guarded(of.task, of.baseline, splits.train, held_out)
    content = banked(of)[0]
    assert not screen.objections(of.task, of.baseline, content, baseline=of.baseline, cases=known)
    leaking = (*content.bank, of.task.example(splits.test[0]))
    leak = content.model_copy(
        update={
            "retrieval": content.retrieval
            and content.retrieval.model_copy(update={"bank": leaking})
        }
    )
    reasons = screen.objections(of.task, of.baseline, leak, baseline=of.baseline, cases=known)
    assert any("repeats 1 case" in one for one in reasons)


def test_a_change_of_a_bank_quotes_its_cases_and_only_those_that_may_be_quoted() -> None:
    of, content = plan(), banked(plan())[0]
    cases = train(of)
    change, after = difference(of.baseline, content, cases=cases, rationale="r", task=of.task)
    assert after == content
    assert quoted(change) == {case.id for case in cases}
    private = {case.id: replace(case, may_quote=False) for case in cases}
    with pytest.raises(UnquotableCase):
        apply(of.baseline, change, shown=private, most_examples=99, task=of.task)
    with pytest.raises(InvalidChange):
        difference(of.baseline, content, cases=cases[:9], rationale="r", task=of.task)


def test_a_bank_is_taken_away_by_one_edit_and_other_edits_leave_it() -> None:
    of, content = plan(), banked(plan())[0]
    bare = content.model_copy(update={"retrieval": None})
    change, after = difference(content, bare, cases=(), rationale="r", task=of.task)
    assert (list(change.edits), after) == ([Edit(op=Op.SET_RETRIEVAL)], bare)
    longer = content.model_copy(update={"examples": content.examples[:2]})
    assert difference(content, longer, cases=(), rationale="r", task=of.task)[1] == longer


async def test_a_search_from_a_bank_keeps_it_and_asks_no_case_with_its_own_example() -> None:
    of = replace(toy_plan(), max_iterations=2)
    bank = tuple(map(of.task.example, train(of)[:6]))
    retrieval = Retrieval(
        selector=Selector.BM25_1, k=1, per_answer=1, max_characters=396, bank=bank
    )
    of = replace(of, baseline=of.baseline.model_copy(update={"retrieval": retrieval}))
    world = OfflineRuntime()
    events = await events_of(of, world)
    proposed = [one.content for one in events if isinstance(one, PromptProposed)]
    assert proposed
    assert all(one.retrieval == retrieval for one in proposed)
    for call in world.sent:
        if call.purpose == "task":
            lines = "\n".join(call.request.system).splitlines()
            shown = {json.loads(line)["text"] for line in lines if line.startswith("{")}
            assert json.loads(call.request.user)["text"] not in shown
        else:
            summary = json.loads(call.request.user)["prompt"]["retrieval"]
            assert summary == {"bank": len(bank), "shown": 1}


def test_pruning_drops_parts_of_a_bank_after_all_else() -> None:
    of, content = plan(), banked(plan())[0]
    tried = pruning.changes(of.task, content, keep=None)
    sizes = [len(after.bank) for _, after in tried]
    of_examples = sizes.count(len(content.bank))
    assert set(sizes[:of_examples]) == {len(content.bank)}
    assert sizes[of_examples:] == sorted(sizes[of_examples:])
    assert len(sizes) - of_examples == 2 + 4 + 8
    for change, after in tried:
        shown = {case.id: case for case in of.cases}
        assert apply(content, change, shown=shown, task=of.task) == after
        assert after.bank


def test_blame_and_difference_have_the_bank_as_one_part_with_its_size() -> None:
    of, content = plan(), banked(plan())[0]
    smaller = [one for _, one in pruning.changes(of.task, content, keep=None) if one.bank][-1]
    steps = [VersionStep(UUID(int=n), one) for n, one in enumerate([of.baseline, content, smaller])]
    part = blame(steps, of.task.answers).parts[-1]
    assert smaller.retrieval is not None
    tokens = part_tokens(smaller.retrieval, of.task.answers)
    assert (part.bank, part.tokens) == (len(smaller.bank), tokens)
    assert (part.made_by, part.edited_by) == (1, [2])
    changed = diff.compare(content, smaller, of.task.answers).retrieval
    assert changed is not None
    gone = len(content.bank) - len(smaller.bank)
    assert (changed.examples_added, changed.examples_removed) == (0, gone)
    lines = diff.as_lines(diff.compare(content, smaller, of.task.answers))
    assert f"bank +0 -{gone} examples" in list(lines)
