"""A replay of traffic: a prompt put to logged predictions, beside what was answered to them then.

Each text is asked once. What is answered otherwise than then is asked once more: a model that
wavers changes answers too, and that is no doing of the prompt.

Nothing of a text is told: counts, and labels that the task has.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from nlu_shared.measure.proportions import wilson
from nlu_shared.rendering import framed, prompt_tokens, tokens
from nlu_shared.schemas.events import RunStarted, Split, TrafficReplayed
from nlu_shared.schemas.predictions import Prediction as Logged
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.traffic import TRAFFIC, AnswerShift, TrafficReplay
from pydantic import JsonValue

from induction.engine import event_builders
from induction.engine.evaluation import unanswered
from induction.engine.evaluation.evaluate import evaluate
from induction.engine.evaluation.results import CaseResult, EvalResults
from induction.engine.forecast import Workload
from induction.engine.plan import LoggedCase, Plan, Traffic
from induction.engine.runtime import RunContext, Runtime, Stopped
from induction.task_kinds.base import Case, Mistake, ModelPrediction, NoTruth, Task

MEASURED = "measured"
MOST_SHIFTS = 20
DIGITS = 6
NOTHING, UNREADABLE, ANOTHER = "nothing", "no usable answer", "another label"


async def replay(plan: Plan, runtime: Runtime) -> None:
    """A whole run, told as its events: one `TrafficReplayed`. What `runtime` raises goes through.
    What was told before is told again, whatever has become of the predictions since."""
    run, traffic = RunContext(plan, runtime), _traffic(plan)
    await run.tell(
        RunStarted(
            dataset_hash=plan.dataset_hash,
            splits={},
            baseline_hash=plan.baseline.version_hash,
            notes=list(plan.notes),
        )
    )
    reason = MEASURED
    try:
        outcome = traffic.measured or await _measured(run, traffic)
        await run.tell(TrafficReplayed(replay=outcome))
    except Stopped as stopped:
        reason = stopped.reason
    await run.tell(event_builders.finished(run, None, reason))


async def _measured(run: RunContext, traffic: Traffic) -> TrafficReplay:
    plan, cases = run.plan, traffic.cases
    if not cases:
        run.fail(event_builders.NO_PREDICTIONS)
    now = await evaluate(run, plan.baseline, cases, split=TRAFFIC, iteration=0)
    if missing := unanswered.refusal(plan.task, plan.baseline, cases, now):
        run.fail(missing)
    again = EvalResults({})
    changed = [one.case for one in now.wrong]
    with suppress(Stopped):
        again = await evaluate(run, plan.baseline, changed, split=TRAFFIC, iteration=0, sample=1)
    if run.cancelled:
        raise Stopped(MEASURED)
    return measured(plan, now, again)


def bound(plan: Plan) -> Workload:
    """The calls of `replay(plan, …)`: each text twice."""
    cases, answers = _traffic(plan).cases, plan.task.answers
    longest = max((tokens(framed(case.text, None)) for case in cases), default=0)
    return Workload(
        task_calls=2 * len(cases),
        proposer_calls=0,
        task_tokens_in=prompt_tokens(plan.baseline, answers) + longest,
        task_tokens_out=answers.max_tokens,
        proposer_tokens_in=0,
        proposer_tokens_out=0,
    )


def on_traffic(
    plan: Plan,
    logged: Iterable[Logged],
    known: Mapping[UUID, Split],
    *,
    serving: UUID | None,
    measured: TrafficReplay | None = None,
) -> Plan:
    """The plan of a run about traffic: logged predictions in the place of its cases.

    plan: with the approved cases, whose truths are outcome by their text.
    logged: the predictions.
    known: splits given before, by case id.
    serving: the version that serves.
    measured: see `Traffic`.
    """
    truths = {case.text: case for case in plan.cases if case.context is None}
    all_logged = tuple(logged)
    predictions = [
        LoggedCase(
            case=case,
            truth=truth.truth if truth else None,
            case_id=truth.id if truth else None,
            learned=truth is not None and known.get(truth.id, Split.TEST) is not Split.TEST,
            by_serving=serving is not None and one.prompt_version == str(serving),
        )
        for one in sorted(all_logged, key=lambda one: one.id)
        if (case := _case(plan.task, one)) is not None
        for truth in [truths.get(one.prompt)]
    ]
    traffic = Traffic(
        predictions=tuple(predictions),
        left_out=len(all_logged) - len(predictions),
        serving_version_id=serving,
        measured=measured,
    )
    return replace(plan, cases=(), splits={}, traffic=traffic)


def _case(task: Task, one: Logged) -> Case | None:
    """With what was answered as its truth. Of an extraction the conversation before is not known,
    and it cannot be read without an output."""
    is_intent = task.kind is TaskKind.INTENT
    before: JsonValue = one.predicted_intent if is_intent else one.output
    try:
        before = task.read(before)
    except NoTruth:
        if not is_intent:
            return None
    if not is_intent and one.message_index:
        return None
    return Case(id=one.id, text=one.prompt, truth=before, group=str(one.id), may_quote=False)


def measured(plan: Plan, now: EvalResults, again: EvalResults) -> TrafficReplay:
    """What the answers say.

    plan: with the traffic they are to.
    now: of every prediction that was answered.
    again: of those that changed, where they were asked once more.
    """
    traffic = _traffic(plan)
    logged = {one.case.id: one for one in traffic.predictions if one.case.id in now.by_case}
    moves = {result.case.id: _move(plan, logged[result.case.id], result) for result in now.wrong}
    labelled = [id for id, move in moves.items() if move is not None]
    total, changed = len(logged), len(moves)
    low, high = wilson(changed, total)
    outcome = TrafficReplay(
        predictions=total,
        unanswered=len(now.lost),
        left_out=traffic.left_out,
        serving_version_id=traffic.serving_version_id,
        by_serving=sum(one.by_serving for one in logged.values()),
        changed=changed,
        share=round(changed / total, DIGITS) if total else 0.0,
        interval=(round(low, DIGITS), round(high, DIGITS)),
        unusable=sum(one.prediction.fault is not None for one in now.wrong),
        wavered=sum(one.right for one in again.by_case.values()) if again.by_case else None,
        labelled=len(labelled),
        gained=sum((moves[id] or 0) > 0 for id in labelled),
        lost=sum((moves[id] or 0) < 0 for id in labelled),
        learned=sum(logged[id].learned for id in labelled),
        shifts=_shifts(plan.task, now.wrong, moves),
        summary="",
    )
    return outcome.model_copy(update={"summary": summary(outcome)})


def _move(plan: Plan, one: LoggedCase, result: CaseResult) -> float | None:
    """The score of the new answer less that of the old one; None where no truth is known, or where
    the prompt shows it."""
    shown = plan.baseline.all_examples
    if one.truth is None or any(
        example.case_id == one.case_id or example.text == one.case.text for example in shown
    ):
        return None
    before = plan.task.case_score(one.truth, ModelPrediction(output=one.case.truth))
    return plan.task.case_score(one.truth, result.prediction) - before


def _shifts(
    task: Task, changed: Sequence[CaseResult], moves: Mapping[UUID, float | None]
) -> list[AnswerShift]:
    by_shift: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for result in changed:
        for shift in sorted({_shift(task, one) for one in result.mistakes}):
            by_shift[shift].append(result.case.id)
    frequent = sorted(by_shift.items(), key=lambda one: (-len(one[1]), one[0]))[:MOST_SHIFTS]
    shifts = []
    for (before, after), ids in frequent:
        gains = [gain for id in ids if (gain := moves[id]) is not None]
        shifts.append(
            AnswerShift(
                before=before,
                after=after,
                predictions=len(ids),
                labelled=len(gains),
                gained=sum(gain > 0 for gain in gains),
                lost=sum(gain < 0 for gain in gains),
            )
        )
    return shifts


def _shift(task: Task, mistake: Mistake) -> tuple[str, str]:
    """In words that are the task's own: whatever else was logged as an answer may be anything."""
    if task.kind is not TaskKind.INTENT:
        coded = mistake.kind.removeprefix("wrong_")
        what = f"{coded} " if coded != mistake.kind else ""
        before, after = mistake.truth or NOTHING, mistake.predicted or NOTHING
        return f"{what}{before}", f"{what}{after}"
    known = {*task.answers.labels, *task.answers.spellings.values()}
    before = mistake.truth if mistake.truth in known else ANOTHER
    return before or ANOTHER, mistake.predicted or UNREADABLE


def summary(outcome: TrafficReplay) -> str:
    """In sentences, shares in percent."""
    low, high = (100 * one for one in outcome.interval)
    parts = [
        f"Changes {100 * outcome.share:.3g} % of {outcome.predictions} logged predictions"
        f" (interval {low:.2g} to {high:.2g} %){_mostly(outcome)}."
    ]
    if outcome.wavered:
        parts.append(f"{outcome.wavered} of the {outcome.changed} are as before when asked again.")
    if outcome.unusable:
        parts.append(f"{outcome.unusable} of the new answers could not be read.")
    if outcome.labelled:
        parts.append(
            f"{outcome.labelled} of the changed ones are labelled: {outcome.gained} of them gain,"
            f" {outcome.lost} lose."
        )
        if outcome.learned:
            parts.append(f"Runs have learned from {outcome.learned} of these.")
    elif outcome.changed:
        parts.append("None of the changed ones is labelled.")
    return " ".join(parts)


def _mostly(outcome: TrafficReplay) -> str:
    if not outcome.shifts:
        return ""
    first = outcome.shifts[0]
    what = f"{first.before} → {first.after} ({first.predictions})"
    return f", {'mostly' if len(outcome.shifts) > 1 else 'all'} {what}"


def _traffic(plan: Plan) -> Traffic:
    return plan.traffic or Traffic(predictions=())
