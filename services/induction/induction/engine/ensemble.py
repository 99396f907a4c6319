"""An ensemble: several prompts put to the same cases, and their vote beside each of them alone.

Whether the vote gains is judged as any winner is: against the baseline, on test cases that none of
the prompts quotes. Which member does best alone is chosen on validation, so that the vote is
compared on test with one that was not picked there.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from nlu_shared.measure.f1 import Counts
from nlu_shared.measure.significance import interval, paired_bootstrap
from nlu_shared.rendering import prompt_tokens
from nlu_shared.rendering.vote import vote
from nlu_shared.schemas.ensembles import (
    EnsembleMeasured,
    EnsembleScore,
    SplitVote,
    Voter,
    VoteRule,
    ensemble_hash,
)
from nlu_shared.schemas.events import Split, VerdictReached, VotesMeasured
from nlu_shared.schemas.prompts import PromptContent

from induction.engine import event_builders
from induction.engine.data.groups import groups_of
from induction.engine.data.room import longest_case
from induction.engine.data.splits import Splits, splits_of
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate, evaluation_event
from induction.engine.evaluation.paired import grouped
from induction.engine.evaluation.results import EvalResults, compare, judge
from induction.engine.evaluation.usable import FirstAnswers
from induction.engine.forecast import Workload, forecast
from induction.engine.leak_guard.screen import quoted_by
from induction.engine.plan import Plan
from induction.engine.runtime import RunContext, Runtime, Stopped
from induction.engine.verdict.final_evaluation import not_looked
from induction.engine.verdict.verdict import DIGITS, NO_TEST, VerdictBasis, verdict
from induction.task_kinds.base import Case, Task

MEASURED = "measured"
NO_CASES = "there is no case on validation that none of the prompts quotes"


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the prompts answered on one split: all of them on the same cases.

    alone: of each member, in order.
    baseline: of the prompt they are compared with.
    vote: of all members by vote.
    """

    alone: tuple[EvalResults, ...]
    baseline: EvalResults
    vote: EvalResults


async def measure_votes(plan: Plan, runtime: Runtime) -> None:
    """A whole run, told as its events: one `VotesMeasured`, then the vote's own scores and a
    verdict. What `runtime` raises goes through."""
    run, splits = RunContext(plan, runtime), splits_of(plan.cases, plan.splits)
    await run.tell(event_builders.started(plan, splits))
    reason, by_split = MEASURED, dict[Split, _Answers]()
    try:
        by_split = await _answers(run, splits)
        await _tell(run, splits, by_split)
    except Stopped as stopped:
        reason = stopped.reason
    end = event_builders.finished(run, None, reason)
    await run.tell(end.model_copy(update=_end(plan, by_split)))


def bound(plan: Plan) -> Workload:
    """The calls of `measure_votes(plan, …)`: each prompt once a case."""
    cases = _cases(plan, splits_of(plan.cases, plan.splits))
    prompts = _prompts(plan)
    longest = max(prompt_tokens(one, plan.task.answers) for one in prompts.values())
    most = forecast(plan)
    return Workload(
        task_calls=len(prompts) * sum(map(len, cases.values())),
        proposer_calls=0,
        task_tokens_in=longest + longest_case(plan),
        task_tokens_out=most.task_tokens_out,
        proposer_tokens_in=0,
        proposer_tokens_out=0,
    )


def _prompts(plan: Plan) -> Mapping[str, PromptContent]:
    """The baseline first, then the members, each once, by hash."""
    return {one.version_hash: one for one in (plan.baseline, *plan.members.values())}


def _cases(plan: Plan, splits: Splits) -> dict[Split, tuple[Case, ...]]:
    """Those that none of the prompts quotes: who shows a case knows its answer."""
    by_split = {Split.VALIDATION: splits.validation, Split.TEST: splits.test}
    prompts = _prompts(plan).values()
    quoted = {
        case.id
        for prompt in prompts
        for cases in by_split.values()
        for case in quoted_by(prompt, splits.train, cases)
    }
    quoted |= {one.case_id for prompt in prompts for one in prompt.all_examples if one.case_id}
    return {
        split: tuple(case for case in cases if case.id not in quoted)
        for split, cases in by_split.items()
    }


async def _answers(run: RunContext, splits: Splits) -> dict[Split, _Answers]:
    """By split; test is missing where there is none, or where it was cut short. Raises Stopped."""
    by_split = _cases(run.plan, splits)
    if not by_split[Split.VALIDATION]:
        run.fail(NO_CASES)
    answers = {Split.VALIDATION: await _on(run, Split.VALIDATION, by_split[Split.VALIDATION])}
    if by_split[Split.TEST]:
        with suppress(Stopped):
            answers[Split.TEST] = await _on(run, Split.TEST, by_split[Split.TEST])
    if run.cancelled:
        raise Stopped(MEASURED)
    return answers


async def _on(run: RunContext, split: Split, cases: Sequence[Case]) -> _Answers:
    """Raises Stopped, also where too much of it was left unanswered."""
    task, results = run.plan.task, dict[str, EvalResults]()
    for number, (name, content) in enumerate(_prompts(run.plan).items()):
        is_first = number == 0 and split is Split.VALIDATION
        first = FirstAnswers() if is_first else None
        result = await evaluate(run, content, cases, split=split, iteration=number, or_fail=first)
        results[name] = result
        if missing := unanswered.objection(cases, *results.values()):
            if split is Split.TEST:
                run.give_no_verdict(missing)
                raise Stopped(missing)
            run.fail(missing)
        await run.tell(evaluation_event(task, content, result, split, number))
    both = dict(zip(results, unanswered.shared(*results.values()), strict=True))
    alone = tuple(both[one.version_hash] for one in run.plan.members.values())
    return _Answers(alone, both[run.plan.baseline.version_hash], voted(task, alone))


def voted(task: Task, alone: Sequence[EvalResults]) -> EvalResults:
    """What evaluations of the same cases come to by vote."""
    return EvalResults(
        {
            id: judge(
                task,
                result.case,
                vote([one.by_case[id].prediction for one in alone], task.kind),
            )
            for id, result in alone[0].by_case.items()
        }
    )


async def _tell(run: RunContext, splits: Splits, by_split: Mapping[Split, _Answers]) -> None:
    outcome = measured(run.plan, by_split)
    await run.tell(VotesMeasured(ensemble=outcome))
    number = len(_prompts(run.plan))
    for split, answers in by_split.items():
        event = evaluation_event(run.plan.task, run.plan.baseline, answers.vote, split, number)
        await run.tell(event.model_copy(update={"version_hash": outcome.version_hash}))
    if run.no_verdict is None:
        judged, plan = by_split.get(Split.TEST), run.plan
        ground = VerdictBasis(split=Split.TEST, groups=splits.groups, looks=plan.looks)
        if judged is None:
            judged = by_split[Split.VALIDATION]
            ground = VerdictBasis(
                split=Split.VALIDATION,
                groups=splits.groups,
                untested=not_looked(run) if splits.test else NO_TEST,
                set_aside=not splits.validation_is_train,
            )
        made = verdict(plan.task, judged.baseline, judged.vote, ground, seed=plan.seed)
        await run.tell(VerdictReached(verdict=made))


def _end(plan: Plan, by_split: Mapping[Split, _Answers]) -> dict[str, object]:
    """The vote is the best where validation ranks it above the baseline."""
    if Split.VALIDATION not in by_split:
        return {}
    answers = by_split[Split.VALIDATION]
    before, after = (one.scored(plan.task).objective for one in (answers.baseline, answers.vote))
    best = _hash(plan) if after > before else plan.baseline.version_hash
    return {"best_hash": best, "baseline_f1": before, "final_f1": max(before, after)}


def _hash(plan: Plan) -> str:
    return ensemble_hash([one.version_hash for one in plan.members.values()])


def measured(plan: Plan, by_split: Mapping[Split, _Answers]) -> EnsembleMeasured:
    """The vote beside each member alone.

    plan: with the members.
    by_split: at least validation.
    """
    validation = by_split[Split.VALIDATION].alone
    ranks = [one.scored(plan.task).objective for one in validation]
    best = ranks.index(max(ranks))
    sizes = [prompt_tokens(one, plan.task.answers) for one in plan.members.values()]
    tables = [_table(plan, split, answers, best) for split, answers in by_split.items()]
    outcome = EnsembleMeasured(
        version_hash=_hash(plan),
        vote=VoteRule.MAJORITY,
        members=[
            Voter(version_id=id, version_hash=one.version_hash, tokens=size)
            for (id, one), size in zip(plan.members.items(), sizes, strict=True)
        ],
        best=best,
        calls=len(plan.members),
        tokens=sum(sizes),
        splits=tables,
        summary="",
    )
    return outcome.model_copy(update={"summary": summary(outcome)})


def _table(plan: Plan, split: Split, answers: _Answers, best: int) -> SplitVote:
    task, champion = plan.task, answers.alone[best]
    groups = groups_of(champion.cases)
    alone = [grouped(task, one, groups) for one in answers.alone]
    by_vote = grouped(task, answers.vote, groups)
    gain = paired_bootstrap(alone[best], by_vote, task.objective, seed=plan.seed)
    fixed, broke = compare(champion, answers.vote)
    return SplitVote(
        split=split,
        cases=len(champion.by_case),
        alone=[_score(plan, one) for one in alone],
        vote=_score(plan, by_vote),
        gain=round(gain.gain, DIGITS),
        interval=(round(gain.low, DIGITS), round(gain.high, DIGITS)),
        disputed=sum(
            len({repr(one.by_case[id].prediction.output) for one in answers.alone}) > 1
            for id in champion.by_case
        ),
        fixed=len(fixed),
        broke=len(broke),
    )


def _score(plan: Plan, counts: Counts) -> EnsembleScore:
    low, high = interval(counts, plan.task.objective, seed=plan.seed)
    objective = float(plan.task.objective(counts.sum(axis=0)))
    return EnsembleScore(
        objective=round(objective, DIGITS), interval=(round(low, DIGITS), round(high, DIGITS))
    )


def summary(outcome: EnsembleMeasured) -> str:
    """In sentences, of the last split: test, where there is one."""
    table = outcome.splits[-1]
    low, high = table.interval
    best, times = table.alone[outcome.best], outcome.tokens / outcome.members[outcome.best].tokens
    return (
        f"By vote of {len(outcome.members)} F1 {table.vote.objective:.3f} on {table.cases}"
        f" {table.split} cases, {best.objective:.3f} of the best alone: {table.gain:+.3f}, interval"
        f" {low:+.3f} to {high:+.3f}. The members differ on {table.disputed} cases; the vote"
        f" corrects {table.fixed} of the best alone and gets {table.broke} wrong. It takes"
        f" {outcome.calls} calls for a text and {times:.1f} times the tokens of the best alone."
    )
