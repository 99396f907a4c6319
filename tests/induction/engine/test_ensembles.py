"""What a vote of prompts is measured to gain, beside each of them alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from induction.engine.ensemble import bound, measure_votes, voted
from induction.engine.evaluation.results import EvalResults, judge
from induction.engine.inbox import Inbox
from induction.engine.limits import BUDGET
from induction.engine.plan import Plan
from induction.engine.runtime import Call
from induction.task_kinds.base import Case, ModelAnswer, ModelPrediction, Outcome
from induction.task_kinds.extraction import ExtractionTask
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.ensembles import ensemble_hash
from nlu_shared.schemas.events import (
    EvaluationProgress,
    PromptEvaluated,
    RunFinished,
    Split,
    StoredEvent,
    VerdictReached,
    VotesMeasured,
)
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import Block, Example, PromptContent

from tests.induction.engine.runtimes import Recording, events_of
from tests.induction.task_kinds.extraction.coding import family

LABELS = ("cancel", "move")
SIZE = {Split.TRAIN: 4, Split.VALIDATION: 30, Split.TEST: 30}


def case(number: int) -> Case:
    label = LABELS[number % 2]
    return Case(UUID(int=number), f"text {number} {label}", label, str(number), may_quote=True)


def prompt(name: str, *examples: Example) -> PromptContent:
    """A prompt that gets wrong what `Erring` says of it."""
    block = Block(name="task", text=f"{name}: answer with cancel or move")
    return PromptContent(instructions=(block,), examples=examples)


MEMBERS = {UUID(int=1_000 + n): prompt(f"member{n}") for n in range(3)}
BASELINE = prompt("baseline")


class Erring(Recording):
    """Each prompt is wrong on texts of its own: a member on every fifth, the baseline on every
    third. `lost` are numbers of texts that the provider does not let through for the baseline;
    after `most` calls nothing is paid for."""

    def __init__(self, *, lost: Sequence[int] = (), most: int = 10_000) -> None:
        super().__init__()
        self._lost, self._most, self.calls = set(lost), most, 0

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.calls += len(calls)
        if self.calls > self._most:
            return [ModelAnswer(Outcome.OVER_BUDGET)] * len(calls)
        return list(map(self._answer, calls))

    def _answer(self, call: Call) -> ModelAnswer:
        name = call.request.system[0].split(":")[0]
        _, number, label = json.loads(call.request.user)["text"].split()
        wrong = int(number) % 3 == 0
        if name.startswith("member"):
            wrong = int(number) % 5 == int(name.removeprefix("member"))
        elif int(number) in self._lost:
            return ModelAnswer(Outcome.REJECTED)
        answer = next(one for one in LABELS if (one == label) is not wrong)
        return ModelAnswer(Outcome.OK, json.dumps({"label": answer, "confidence": 0.5}))


def planned(members: Mapping[UUID, PromptContent] = MEMBERS) -> Plan:
    cases = tuple(case(number) for number in range(1, sum(SIZE.values()) + 1))
    dealt = [split for split, size in SIZE.items() for _ in range(size)]
    return Plan(
        task=IntentTask([LabelSpec(name=one) for one in LABELS]),
        cases=cases,
        dataset_hash="0" * 64,
        splits={one.id: split for one, split in zip(cases, dealt, strict=True)},
        baseline=BASELINE,
        task_model="offline/any",
        proposer_model="offline/any",
        members=members,
    )


async def milestones(plan: Plan, runtime: Recording) -> list[StoredEvent]:
    events = await events_of(plan, runtime, measure_votes)
    return [one for one in events if not isinstance(one, EvaluationProgress)]


async def test_a_vote_stands_beside_each_member_with_its_gain_and_its_cost() -> None:
    plan, runtime = planned(), Erring()
    events = await milestones(plan, runtime)
    (voted,) = [one.ensemble for one in events if isinstance(one, VotesMeasured)]
    (judged,) = [one.verdict for one in events if isinstance(one, VerdictReached)]
    end = events[-1]
    assert runtime.calls == bound(plan).calls == 4 * 60
    assert voted.version_hash == ensemble_hash([one.version_hash for one in MEMBERS.values()])
    assert [one.version_id for one in voted.members] == list(MEMBERS)
    assert [one.split for one in voted.splits] == ["validation", "test"]
    assert (voted.calls, voted.tokens) == (3, sum(one.tokens for one in voted.members))
    test = voted.splits[1]
    # Each is wrong on a fifth of its own, no two on one text: by vote all are right.
    assert (test.cases, test.vote.objective, test.disputed) == (30, 1.0, 18)
    assert all(0.75 < one.objective < 0.85 for one in test.alone)
    low, high = test.alone[0].interval
    assert low < test.alone[0].objective < high
    assert test.gain == round(1 - test.alone[voted.best].objective, 6)
    assert 0 < test.interval[0] < test.gain < test.interval[1]
    assert (test.fixed, test.broke) == (6, 0)
    assert "It takes 3 calls for a text and 3.0 times the tokens" in voted.summary
    assert (judged.tested_on, judged.cases, judged.after) == ("test", 30, 1.0)
    assert judged.kind == "proven"
    assert isinstance(end, RunFinished)
    assert (end.status, end.best_hash, end.final_f1) == ("completed", voted.version_hash, 1.0)


async def test_each_prompt_has_its_scores_and_the_vote_too() -> None:
    events = await milestones(planned(), Erring())
    scored = [
        (one.version_hash, one.split, one.iteration)
        for one in events
        if isinstance(one, PromptEvaluated)
    ]
    hashes = [BASELINE.version_hash, *(one.version_hash for one in MEMBERS.values())]
    hashes.append(ensemble_hash(hashes[1:]))
    splits = (Split.VALIDATION, Split.TEST)
    each = [(one, split, number) for split in splits for number, one in enumerate(hashes[:4])]
    assert scored == [*each, *((hashes[4], split, 4) for split in splits)]


async def test_the_same_answers_tell_the_same_again() -> None:
    assert await milestones(planned(), Erring()) == await milestones(planned(), Erring())


async def test_a_member_that_is_the_baseline_is_asked_once() -> None:
    plan, runtime = planned({UUID(int=9): BASELINE, **MEMBERS}), Erring()
    await milestones(plan, runtime)
    assert runtime.calls == bound(plan).calls == 4 * 60


async def test_cases_that_a_member_quotes_are_not_asked() -> None:
    quoted = case(40)
    example = Example(text=quoted.text, output=quoted.truth, case_id=quoted.id)
    plan = planned({**MEMBERS, UUID(int=9): prompt("member3", example)})
    events = await milestones(plan, Erring())
    (voted,) = [one.ensemble for one in events if isinstance(one, VotesMeasured)]
    assert [one.cases for one in voted.splits] == [30, 29]


async def test_who_is_lost_for_one_prompt_is_compared_for_none() -> None:
    events = await milestones(planned(), Erring(lost=[40]))
    (voted,) = [one.ensemble for one in events if isinstance(one, VotesMeasured)]
    assert [one.cases for one in voted.splits] == [30, 29]


async def test_where_the_provider_leaves_too_much_nothing_is_concluded() -> None:
    events = await milestones(planned(), Erring(lost=range(40, 60)))
    assert not any(isinstance(one, VerdictReached) for one in events)
    (voted,) = [one.ensemble for one in events if isinstance(one, VotesMeasured)]
    assert [one.split for one in voted.splits] == ["validation"]
    assert "no verdict: the provider left 20 of 30 cases unanswered" in str(events[-1])


async def test_where_test_cannot_be_paid_the_verdict_says_so() -> None:
    events = await milestones(planned(), Erring(most=4 * 30))
    (judged,) = [one.verdict for one in events if isinstance(one, VerdictReached)]
    assert (judged.tested_on, judged.kind) == ("validation", "promising")
    assert "The budget did not allow the final look" in judged.summary


async def test_a_vote_whose_minutes_are_used_up_says_that_it_was_the_time() -> None:
    class Timed(Erring):
        async def inbox(self, step: int, needs: int = 0) -> Inbox:
            is_over = self.calls >= 4 * SIZE[Split.VALIDATION]
            return Inbox(stop="minutes: the limit of 5 minutes") if is_over else Inbox()

    events = await milestones(planned(), Timed())
    (judged,) = [one.verdict for one in events if isinstance(one, VerdictReached)]
    assert judged.tested_on == "validation"
    assert "The limit of minutes did not allow the final look" in judged.summary


async def test_without_calls_nothing_is_told_but_the_end() -> None:
    *_, end = await milestones(planned(), Erring(most=0))
    assert isinstance(end, RunFinished)
    assert end.reason.startswith(BUDGET)


async def test_extractions_vote_item_by_item() -> None:
    task, truths = ExtractionTask(), [family("Ann", "Tom"), family("Ann")]
    cases = [
        replace(case(number), truth=truth.model_dump(mode="json"))
        for number, truth in enumerate(truths)
    ]
    answered = [[family("Ann", "Tom"), family("Ann", "Tom"), family("Tom", "Joe")]] * 2
    alone = [
        EvalResults(
            {
                one.id: judge(task, one, ModelPrediction(by_member[member].model_dump(mode="json")))
                for one, by_member in zip(cases, answered, strict=True)
            }
        )
        for member in range(3)
    ]
    by_vote = voted(task, alone)
    assert [round(one.score, 2) for one in by_vote.by_case.values()] == [1.0, 0.67]
    assert [round(one.scored(task).objective, 2) for one in alone] == [0.86, 0.86, 0.29]
