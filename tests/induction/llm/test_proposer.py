"""The proposer: valid changes from what it is shown, no more, and never the same twice."""

import json
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from induction.engine.proposal.edits import apply
from induction.llm.adapters.claude import Claude
from induction.task_kinds.base import Case, ModelAnswer, ModelRequest, Outcome
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Change, PromptContent
from offline_model.app import in_process

from tests.induction.llm.toys import case, confusion, meta

TASK = IntentTask([LabelSpec(name="parcel"), LabelSpec(name="refund")])
REFUNDS = [
    "I want my money back for the parcel",
    "give me the money back please",
    "the parcel broke, money back now",
    "send my money back to my card",
]


def refunds(*, may_quote: bool = True, texts: list[str] = REFUNDS) -> dict[str, Any]:
    cases = [
        case(n, text, "refund", "parcel", may_quote=may_quote) for n, text in enumerate(texts, 1)
    ]
    return confusion(cases, "refund", "parcel")


async def answered(request: dict[str, Any]) -> ModelAnswer:
    claude = Claude(api_key="any", http_client=in_process())
    return await claude.complete(
        ModelRequest(
            model="claude-sonnet-5-5",
            system=("You improve prompts.",),
            user=json.dumps(request),
            schema=Change.model_json_schema(),
            max_tokens=4_096,
        )
    )


async def propose(request: dict[str, Any]) -> Change:
    answer = await answered(request)
    assert answer.outcome is Outcome.OK
    return Change.model_validate_json(answer.text)


def applied(request: dict[str, Any], change: Change) -> PromptContent:
    shown = {
        UUID(one["id"]): Case(UUID(one["id"]), one["text"], one["truth"], "", one["may_quote"])
        for pattern in request["patterns"]
        for one in pattern["cases"]
    }
    content = PromptContent.model_validate(request["prompt"])
    return apply(content, change, shown=shown, task=TASK)


async def test_a_confusion_is_answered_with_examples_of_it() -> None:
    request = meta([refunds()])
    after = applied(request, await propose(request))
    added = [example for example in after.examples if example.output == "refund"]
    assert 0 < len(added) < len(REFUNDS)
    assert {example.text for example in added} < set(REFUNDS)


async def test_where_nothing_may_be_quoted_it_tells_words() -> None:
    request = meta([refunds(may_quote=False)])
    change = await propose(request)
    after = applied(request, change)
    assert change.strategy == "B"
    rules = after.block("rules")
    assert rules
    assert "- refund: " in rules.text
    assert "money" in rules.text
    assert not any(text in rules.text for text in REFUNDS)


async def test_names_in_unquotable_texts_do_not_become_words() -> None:
    texts = [f"{text} says Miriam" for text in REFUNDS]
    change = await propose(meta([refunds(may_quote=False, texts=texts)]))
    assert "miriam" not in change.model_dump_json().lower()


async def test_of_unquotable_texts_only_words_that_several_share_are_told() -> None:
    texts = ["kettle broken since monday", "kettle leaking at grandmas", "my kettle smells"]
    change = await propose(meta([refunds(may_quote=False, texts=texts)]))
    assert [edit.text for edit in change.edits] == ["- refund: kettle"]


async def test_a_family_of_mistakes_gets_a_line_for_each_label_it_missed() -> None:
    cases = [
        case(1, "kettle broken", "refund", "greeting", may_quote=False),
        case(2, "kettle leaking", "refund", "greeting", may_quote=False),
        case(3, "lorry late", "parcel", "greeting", may_quote=False),
        case(4, "lorry lost", "parcel", "greeting", may_quote=False),
    ]
    family = confusion(cases, "refund", "greeting") | {"truth": None}
    change = await propose(meta([family]))
    assert [edit.text for edit in change.edits] == ["- refund: kettle\n- parcel: lorry"]


async def test_a_prompt_at_its_limit_gets_no_more_words() -> None:
    request = meta([refunds()], limits={"added_examples": 12, "instruction_tokens": 10})
    change = await propose(request)
    assert change.strategy == "A"


async def test_what_is_no_meta_prompt_is_refused() -> None:
    answer = await answered({"prompt": "make it better"})
    assert answer.outcome is Outcome.REJECTED


async def test_it_never_proposes_what_was_tried_and_every_proposal_applies() -> None:
    tried: list[dict[str, Any]] = []
    hashes: set[str] = set()
    for _ in range(12):
        request = meta([refunds()], tried=tried)
        change = await propose(request)
        after = applied(request, change)
        assert after.version_hash not in hashes
        hashes.add(after.version_hash)
        tried.append(change.model_dump(mode="json") | {"outcome": "rejected", "reason": "no gain"})
    assert {one["strategy"] for one in tried} == {"A", "B", "C"}


async def test_after_an_invalid_answer_it_offers_another() -> None:
    first = await propose(meta([refunds()]))
    second = await propose(meta([refunds()], previous_answer_was_invalid="unknown block"))
    assert first.edits != second.edits


async def test_an_example_that_misleads_can_be_taken_away() -> None:
    tried: list[dict[str, Any]] = []
    request = meta([refunds()])
    request["prompt"]["examples"] = [{"text": "money back for my parcel", "output": "parcel"}]
    for _ in range(20):
        change = await propose(request | {"tried": tried})
        tried.append(change.model_dump(mode="json"))
    assert "remove_example" in [edit["op"] for one in tried for edit in one["edits"]]


async def test_a_hint_brings_its_pattern_first() -> None:
    parcels = [
        case(n, f"track delivery number {n}", "parcel", "refund", may_quote=True)
        for n in range(11, 15)
    ]
    patterns = [refunds(), confusion(parcels, "parcel", "refund")]
    patterns[1]["truth"] = "tracking"
    change = await propose(meta(patterns, hints=["look at tracking"], limits={"added_examples": 1}))
    assert all(edit.case.int > 10 for edit in change.edits if edit.case)


async def test_protected_blocks_stay_untouched_even_if_there_are_no_others() -> None:
    request = meta([refunds(may_quote=False)])
    request["prompt"]["instructions"] = request["prompt"]["instructions"][:1]
    change = await propose(request)
    assert len(applied(request, change).instructions) == 2


async def test_with_no_mistakes_shown_the_answer_is_still_a_change() -> None:
    request = meta([])
    applied(request, await propose(request))


@settings(max_examples=25)
@given(
    texts=st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=8),
    quotable=st.lists(st.booleans(), min_size=8, max_size=8),
    rounds=st.integers(0, 4),
)
async def test_whatever_the_cases_it_quotes_only_what_may_be_quoted(
    texts: list[str], quotable: list[bool], rounds: int
) -> None:
    cases = [
        case(n, text, "refund", "parcel", may_quote=quotable[n]) for n, text in enumerate(texts)
    ]
    allowed = {one["id"] for one in cases if one["may_quote"]}
    tried: list[dict[str, Any]] = []
    for _ in range(rounds + 1):
        change = await propose(meta([confusion(cases, "refund", "parcel")], tried=tried))
        assert {str(edit.case) for edit in change.edits if edit.case} <= allowed
        assert not any(edit.op == "add_example" and edit.text for edit in change.edits)
        tried.append(change.model_dump(mode="json"))
