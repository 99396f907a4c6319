"""What a discussion adds up to: worked by hand, and read from an export."""

import json
from uuid import UUID

import pytest
from induction.engine.plan import Plan
from induction.engine.run import evaluate_only
from induction.task_kinds.base import Case
from induction.task_kinds.extraction import ExtractionTask, discussion, score
from induction.task_kinds.extraction.discussion import Statement
from nlu_shared.measure import f1
from nlu_shared.rendering.extraction import short
from nlu_shared.schemas.events import PromptEvaluated, Split
from nlu_shared.schemas.exported import CodedStatement, read_export
from nlu_shared.schemas.extraction import DateCertainty, Event, Extraction, PairBond, Person
from nlu_shared.schemas.ground_truth import Context, Turn

from deploy.demo.options import FAMILIES
from tests.induction.engine.runtimes import OfflineRuntime, events_of
from tests.induction.llm.toys import MODEL

TRAIN = Split.TRAIN
NOTHING = Extraction()
YEAR = len("1985")
RUTH, TOM = Person(id=-1, name="Ruth"), Person(id=-2, name="Tom")
RUTH_AND_TOM = PairBond(id=-3, person_a=1, person_b=-2)


def statements_of(*coded: tuple[Extraction, Extraction]) -> list[Statement]:
    """(truth, predicted) of each statement of one discussion, in order."""
    turns = [Turn(text=f"statement {number}") for number in range(len(coded))]
    return [
        Statement("g", Context(before=tuple(turns[:place])), truth, predicted)
        for place, (truth, predicted) in enumerate(coded)
    ]


def total(statements: list[Statement], component: str) -> list[int]:
    """TP, FP, FN of the whole discussion."""
    numbers: list[int] = discussion.counts(statements)[0, score.ROW[component]].tolist()
    return numbers


def test_an_item_that_comes_a_statement_late_costs_a_discussion_nothing() -> None:
    ruth = Extraction(people=(RUTH,))
    statements = statements_of((ruth, NOTHING), (NOTHING, ruth))
    alone = score.counts([ruth, NOTHING], [NOTHING, ruth]).sum(axis=0)
    assert alone[score.ROW["people"]].tolist() == [0, 1, 1]
    assert total(statements, "people") == [1, 0, 0]


def test_what_is_said_twice_is_too_much_once() -> None:
    ruth = Extraction(people=(RUTH,))
    assert total(statements_of((ruth, ruth), (NOTHING, ruth)), "people") == [1, 1, 0]


def test_a_link_to_a_known_item_meets_what_was_found_of_it_before() -> None:
    """Ruth is found as -7; the next statement knows her as 1, and marries her to Tom."""
    first = (Extraction(people=(RUTH,)), Extraction(people=(Person(id=-7, name="Ruth"),)))
    second = (
        Extraction(people=(TOM,), pair_bonds=(RUTH_AND_TOM,)),
        Extraction(
            people=(Person(id=-7, name="Tom"),),
            pair_bonds=(PairBond(id=-8, person_a=-7, person_b=1),),
        ),
    )
    statements = statements_of(first, second)
    assert total(statements, "people") == [2, 0, 0]
    assert total(statements, "pair_bonds") == [1, 0, 0]


def test_a_changed_item_is_one_item_and_a_deleted_one_none() -> None:
    named = Extraction(people=(Person(id=1, name="Ruth", last_name="Harrow"),))
    gone = Extraction(delete=(1,))
    ruth = Extraction(people=(RUTH,))
    assert total(statements_of((ruth, ruth), (named, named)), "people") == [1, 0, 0]
    assert total(statements_of((ruth, ruth), (gone, gone)), "people") == [0, 0, 0]
    assert total(statements_of((ruth, ruth), (gone, NOTHING)), "people") == [0, 1, 0]


def test_statements_are_put_in_the_order_they_were_said() -> None:
    ruth, gone = Extraction(people=(RUTH,)), Extraction(delete=(1,))
    statements = statements_of((ruth, ruth), (gone, gone))
    assert total(statements[::-1], "people") == [0, 0, 0]


def test_a_statement_without_a_context_is_of_no_discussion() -> None:
    assert len(discussion.counts([Statement("g", None, NOTHING, NOTHING)])) == 0


def test_an_event_found_at_a_wrong_person_is_missed_and_too_much() -> None:
    ruth = Extraction(people=(RUTH, TOM))
    shift = [Extraction(events=(Event(id=-4, kind="shift", person=one),)) for one in (1, 2)]
    statements = statements_of((ruth, ruth), (shift[0], shift[1]))
    assert total(statements, "events") == [0, 1, 1]


@pytest.mark.law
def test_every_shipped_discussion_is_its_own_measure() -> None:
    export = json.loads(FAMILIES.read_text(encoding="utf-8"))
    coded = [one for one in read_export(export) if isinstance(one, CodedStatement)]
    statements = [Statement(one.group, one.context, one.truth, one.truth) for one in coded]
    counts = discussion.counts(statements)
    assert len(counts) == 14
    assert not counts[..., [f1.FP, f1.FN]].any()


def test_every_shipped_statement_is_its_own_measure() -> None:
    export = json.loads(FAMILIES.read_text(encoding="utf-8"))
    truths = [one.truth for one in read_export(export) if isinstance(one, CodedStatement)]
    counts = score.counts(truths, truths)
    assert not counts[..., [f1.FP, f1.FN]].any()
    assert {float(one) for one in score.scores(counts.sum(axis=0)).values()} == {1.0}


def test_the_shipped_set_holds_vague_dates_of_every_certainty_and_nicknames() -> None:
    text = FAMILIES.read_text(encoding="utf-8")
    coded = [one for one in read_export(json.loads(text)) if isinstance(one, CodedStatement)]
    events = [event for one in coded for event in one.truth.events]
    assert {event.dateCertainty for event in events} >= set(DateCertainty)
    assert any(event.dateTime is None for event in events)
    assert any(event.dateTime and len(event.dateTime) == YEAR for event in events)
    words = " ".join(one.text for one in coded).lower()
    assert "we call him tak" in words


async def test_an_evaluation_tells_what_whole_discussions_add_up_to() -> None:
    export = json.loads(FAMILIES.read_text(encoding="utf-8"))
    coded = [one for one in read_export(export[:2]) if isinstance(one, CodedStatement)]
    cases = tuple(
        Case(UUID(int=number), one.text, short(one.truth), one.group, True, one.context)
        for number, one in enumerate(coded, 1)
    )
    task = ExtractionTask()
    plan = Plan(
        task=task,
        cases=cases,
        dataset_hash="x",
        splits=dict.fromkeys([case.id for case in cases], TRAIN),
        baseline=task.baseline(),
        task_model=MODEL,
        proposer_model=MODEL,
    )
    evaluations = [
        e
        for e in await events_of(plan, OfflineRuntime(), evaluate_only)
        if isinstance(e, PromptEvaluated)
    ]
    discussions = evaluations[0].per_conversation
    assert discussions is not None
    assert discussions.conversations == 2
    assert discussions.objective != evaluations[0].objective
    assert discussions.components["people"] > evaluations[0].components["people"]
