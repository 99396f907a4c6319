"""The loop in its order, through public doors only: HTTP, the client, the event stream.

Every step is yielded as it happens; who iterates shows it. What a step finds out stays in `Story`.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid5

from induction.llm.adapters.factory import adapters
from induction.llm.adapters.models import Answering, Models
from induction.task_kinds.base import Mistake, Task
from induction.task_kinds.registry import task_of
from nlu_shared.backoff import LASTING
from nlu_shared.client import HttpTransport, NLUService, create_nlu_service, follow_run
from nlu_shared.client.api import Api
from nlu_shared.rendering import fixed_tokens
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import PromptVersion
from nlu_shared.schemas.registry import ActivePrompt, PromptImport
from nlu_shared.schemas.reviews import (
    BulkApprovalIn,
    BulkDecided,
    ConfirmationIn,
    Correction,
    CorrectionIn,
)
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunLimits, RunRequest, RunStatus
from nlu_shared.schemas.tasks import TaskIn, TaskView

from deploy.demo.backend import Backend, prediction_of
from deploy.demo.crowd import as_done
from deploy.demo.data import DataSet, Row
from deploy.demo.options import Choice, Stack
from deploy.demo.report import report_of, write
from deploy.demo.steps import (
    Answered,
    Exported,
    Going,
    Reported,
    Reviewed,
    RunOver,
    Step,
    TaskReady,
)

MOST_CONFUSED = 3
APPROVED_AT_ONCE = 100
CALLS_PER_TEXT = 40
"""Enough for 20 changes on validation, a fifth of the texts, and as much again on the way there."""
CALLS_OF_SMALL_MODEL = 700
MOST = 1_000_000
NOTHING = "nothing"
MAY_QUOTE = True
"""The shipped data is invented and the user's own is the user's: prompts may quote it."""


class DemoFailed(Exception):
    """A step did not do what it is there for; one line says which and why."""


@dataclass(slots=True)
class Answer:
    """What production said about a row, under which id it is logged."""

    row: Row
    log_id: UUID
    mistakes: Sequence[Mistake]

    @property
    def right(self) -> bool:
        return not self.mistakes


@dataclass(slots=True)
class Story:
    """What is known so far."""

    choice: Choice
    stack: Stack
    data: DataSet
    began: float = field(default_factory=time.perf_counter)

    @property
    def spec(self) -> TaskIn:
        return TaskIn(
            slug=self.choice.task or self.data.slug,
            kind=self.data.kind,
            labels=tuple(LabelSpec(name=name) for name in self.data.labels),
            task_model=self.stack.model,
            proposer_model=self.stack.proposer,
        )

    @property
    def task(self) -> Task:
        return task_of(self.spec)


async def tell(story: Story) -> AsyncIterator[Step]:
    """The whole loop. Raises DemoFailed, and ClientError where a service says no."""
    stack = story.stack
    async with AsyncExitStack() as open_apis:
        logger = await open_apis.enter_async_context(_api(stack.logger_url, stack.key))
        induction = await open_apis.enter_async_context(_api(stack.induction_url, stack.key))
        models = Models(stack.providers, adapters(stack.providers))
        open_apis.push_async_callback(models.close)

        prompt = await _serve_baseline(induction, story.spec)
        if prompt.rendered is None:
            raise DemoFailed("what serves is an ensemble")
        names = f"{len(story.spec.labels)} labels" if story.spec.labels else "its codes"
        yield TaskReady(
            story.spec.slug,
            names,
            fixed_tokens(prompt.rendered.system, prompt.rendered.response_schema),
        )

        backend = Backend(
            story.task,
            prompt.rendered,
            str(prompt.version_id),
            model=stack.model,
            models=Answering(models, {}),
        )
        answers: list[Answer] = []
        async for step in _production(story, backend, answers):
            yield step
        async for step in _review(logger, answers):
            yield step

        limits = limits_for(len(story.data.rows), story.choice.model)
        request = RunRequest(task=story.spec.slug, limits=limits)
        run = await induction.post("/v1/runs", RunView, request)
        async for event in follow_run(run.id, url=stack.induction_url, key=stack.key):
            yield event
        run = await induction.get(f"/v1/runs/{run.id}", RunView)
        if run.status is not RunStatus.COMPLETED or run.verdict is None:
            raise DemoFailed(f"the run ended as {run.status}: {run.reason or 'no reason given'}")
        yield RunOver(run)

        exported = await _export(story, induction, run)
        yield exported
        report = report_of(
            data=story.data,
            stack=stack,
            run=run,
            backend=backend,
            exported=exported,
            seconds=time.perf_counter() - story.began,
        )
        yield Reported(write(story.choice.out / "report.json", report), report)


def _api(url: str, key: str) -> Api:
    """A demo has time: on a busy machine a service says "later" now and then."""
    return Api(url, key, patience=LASTING)


def limits_for(texts: int, model: str | None = None) -> RunLimits:
    """The usual promises, with calls enough for a whole search on large data. Money stays. The
    small language model of this machine takes its time: a few calls, in ten minutes."""
    usual = RunLimits()
    if model is not None:
        return usual.model_copy(update={"calls": CALLS_OF_SMALL_MODEL, "iterations": 6})
    return usual.model_copy(update={"calls": min(max(usual.calls, CALLS_PER_TEXT * texts), MOST)})


async def _serve_baseline(induction: Api, spec: TaskIn) -> ActivePrompt:
    """The task with its labels, which it defines in nlu-logger, and with its instructions-only
    prompt in production, as the first team had it."""
    await induction.post("/v1/tasks", TaskView, spec)
    plain = PromptImport(notes="instructions only, as the demo starts", promote=True)
    await induction.post(f"/v1/prompts/{spec.slug}/versions", PromptVersion, plain)
    return await induction.get(f"/v1/prompts/{spec.slug}/active", ActivePrompt)


async def _production(story: Story, backend: Backend, answers: list[Answer]) -> AsyncIterator[Step]:
    """Every text goes through the client as a message; then its outcome is logged."""
    began = time.perf_counter()
    total = len(story.data.rows)
    transport = HttpTransport(_api(story.stack.logger_url, story.stack.key))
    async with create_nlu_service(
        backend.classify, transport=transport, task=story.spec.slug
    ) as service:

        async def live(row: Row) -> Answer:
            return await _message(service, story.task, row)

        async for answer in as_done(live, story.data.rows):
            answers.append(answer)
            yield Going("production answers", len(answers), total)
        if service.dropped:
            raise DemoFailed(f"{service.dropped} facts did not reach the log")
    wrong = [answer for answer in answers if not answer.right]
    confused = Counter(
        (mistake.truth or NOTHING, mistake.predicted or NOTHING)
        for answer in wrong
        for mistake in answer.mistakes
    )
    yield Answered(
        right=total - len(wrong),
        wrong=len(wrong),
        seconds=time.perf_counter() - began,
        confused=tuple((*pair, count) for pair, count in confused.most_common(MOST_CONFUSED)),
    )


async def _message(service: NLUService, task: Task, row: Row) -> Answer:
    """One person's one message. Its outcome is what that person would have seen.

    Person and conversation are named after the text, or its discussion, so that equal data makes
    an equal data set.
    """
    talk = row.group or row.text
    result = await service.process_message(
        message=row.text,
        user_id=uuid5(NAMESPACE_URL, f"person: {talk}"),
        conversation_id=uuid5(NAMESPACE_URL, f"conversation: {talk}"),
        message_index=0,
    )
    answer = Answer(row, result.log_id, task.mistakes(row.truth, prediction_of(result, task)))
    await service.update_workflow_outcome(
        log_id=result.log_id,
        was_successful=answer.right,
        workflow_type=result.intent,
        execution_error=None if answer.right else "the user wanted something else",
    )
    return answer


async def _review(logger: Api, answers: list[Answer]) -> AsyncIterator[Step]:
    """The scripted reviewer: confirms or corrects by the data's answers, then approves all."""

    async def judge(answer: Answer) -> UUID:
        path = f"/v1/predictions/{answer.log_id}"
        if answer.right:
            correction = await logger.post(f"{path}/confirm", Correction, ConfirmationIn())
        else:
            correction = await logger.post(
                f"{path}/corrections", Correction, correction_of(answer.row)
            )
        return correction.id

    waiting: list[UUID] = []
    async for correction in as_done(judge, answers):
        waiting.append(correction)
        yield Going("review", len(waiting), len(answers))
    approved = 0
    for start in range(0, len(waiting), APPROVED_AT_ONCE):
        approval = BulkApprovalIn(
            correction_ids=waiting[start : start + APPROVED_AT_ONCE], may_quote=MAY_QUOTE
        )
        decided = await logger.post("/v1/corrections:approve", BulkDecided, approval)
        for one in decided.items:
            if one.ground_truth_id is None:
                raise DemoFailed(f"a correction was not approved: {one.status} {one.code}")
        approved += len(decided.items)
    confirmed = sum(answer.right for answer in answers)
    yield Reviewed(confirmed, len(answers) - confirmed, approved)


def correction_of(row: Row) -> CorrectionIn:
    if isinstance(row.truth, str):
        return CorrectionIn(corrected_intent=row.truth)
    return CorrectionIn(corrected_output=row.truth)


async def _export(story: Story, induction: Api, run: RunView) -> Exported:
    """The run's prompt as files; the module, imported again, must be the very same prompt."""
    path = f"/v1/prompts/{story.spec.slug}"
    version_id = run.best_version_id or run.baseline_version_id
    best = await induction.get(f"{path}/versions/{version_id}", PromptVersion)
    files = {}
    for form, name in (("py", "prompts.py"), ("json", "prompts.json")):
        params = {"version": str(best.id), "format": form}
        text = (await induction.send("GET", f"{path}/export", params=params)).text
        files[form] = write(story.choice.out / name, text)
    module = PromptImport(module=files["py"].read_text(encoding="utf-8"))
    again = await induction.post(f"{path}/versions", PromptVersion, module)
    if again.version_hash != best.version_hash:
        raise DemoFailed(f"{files['py']}, imported again, is another prompt")
    return Exported(files["py"], files["json"], best.id, best.version_hash)
