"""The engine's three questions: `ask` (models), `inbox` (the operator), `tell` (events).

Whoever answers them can record each answer, so that a run can be replayed. How calls are paid for
and remembered is no concern of this room. A run is a plain coroutine over the three; what ends it
early is an exception: `Stopped` from here, or whatever the runtime raises.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn, Protocol

from nlu_shared.rendering import request_tokens
from nlu_shared.schemas.events import (
    ApprovalAwaited,
    ApprovalDecided,
    EvaluationProgress,
    HintTaken,
    StoredEvent,
)
from nlu_shared.schemas.steering import Decision

from induction.engine.answer_log import AnswerLog
from induction.engine.approval import Approval, by_time
from induction.engine.inbox import Inbox
from induction.engine.limits import BUDGET, LIMITS, MINUTES, limit_of_calls
from induction.engine.plan import Plan
from induction.task_kinds.base import ModelAnswer, ModelRequest

CANCELLED = "cancelled"
Event = StoredEvent | EvaluationProgress
MOST_SCALE = 4.0
"""A provider that counts more than so many tokens for one of the estimate, or as many times fewer,
is not believed."""


Purpose = Literal["task", "proposer", "probe", "comparison"]
"""Of a call: to answer a case, to propose a change, to find out what a server can do, or to answer
a case so that models can be compared, in what their answers cost and how long they take too."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model. Equal requests are told apart by `sample` where noise is measured."""

    request: ModelRequest
    sample: int = 0
    purpose: Purpose = "task"


class Runtime(Protocol):
    """Answers the three questions. Whatever it raises goes through the engine untouched."""

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        """One answer per call, in their order. `ahead` are those of the next question, unless the
        run is stopped before it: they may be begun, and this question does not wait for them."""

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        """Reading number `step`, counted from 0; the same step always reads the same. It says stop
        where the minutes left are too few for the next `needs` answers, those that are kept for the
        end among them; 0: where none are left."""

    async def tell(self, event: Event) -> None:
        """Records an event, or compares it with what was recorded in its place."""


class Stopped(Exception):
    """The run may make no more calls, for now or at all."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _State:
    """What the searches of one run share."""

    calls: int | None
    pending_hints: list[str]
    step: int = 0
    calls_made: int = 0
    calls_reserved: int = 0
    ahead: tuple[Call, ...] = ()
    hints: list[str] = field(default_factory=list)
    pins: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)
    cancelled: bool = False
    stop_reason: str | None = None
    is_out_of_time: bool = False
    no_verdict: str | None = None
    failed: bool = False
    final: bool = False
    tokens_estimated: int = 0
    tokens_counted: int = 0
    token_scale: float | None = None
    answer_log: AnswerLog = field(default_factory=AnswerLog)


class RunContext:
    """A plan and the way to ask about it: every call, hint and event of a run goes through here.

    `ask` and `read_inbox` raise Stopped once the run is cancelled, has to stop, or cannot pay.
    """

    def __init__(self, plan: Plan, runtime: Runtime) -> None:
        self._plan = plan
        self._runtime = runtime
        self._quiet = False
        focus = [] if plan.focus is None else [f"Focus on: {plan.focus}"]
        self._state = _State(plan.calls, [*focus, *plan.hints])

    @property
    def plan(self) -> Plan:
        """With the blocks that were pinned on the way, from the moment they were."""
        if not self._state.pins <= self._plan.pins:
            self._plan = replace(self._plan, pins=self._plan.pins | self._state.pins)
        return self._plan

    def repeated(self, plan: Plan) -> "RunContext":
        """The same run with another plan, for a search inside the search: it shares budget, hints
        and answers; of its events only progress and hints are told."""
        context = RunContext(plan, self._runtime)
        context._quiet, context._state = True, self._state
        return context

    @property
    def answer_log(self) -> AnswerLog:
        return self._state.answer_log

    @property
    def hints(self) -> tuple[str, ...]:
        """Every hint taken so far."""
        return tuple(self._state.hints)

    @property
    def cancelled(self) -> bool:
        return self._state.cancelled

    @property
    def stop_reason(self) -> str | None:
        """Why no more calls are made; None while they are."""
        return CANCELLED if self._state.cancelled else self._state.stop_reason

    @property
    def calls_left(self) -> int | None:
        """Calls left until only the reserved ones are, None without a limit. Every call counts,
        also one that is answered from memory."""
        made = self._state.calls_made + self._state.calls_reserved
        return None if self._state.calls is None else self._state.calls - made

    @property
    def no_verdict(self) -> str | None:
        """Why no verdict is possible: the provider let too few answers through."""
        return self._state.no_verdict

    def give_no_verdict(self, reason: str) -> None:
        self._state.no_verdict = reason

    def stop(self, reason: str) -> NoReturn:
        """Ends the search for a reason of the engine's own. Raises Stopped."""
        self._state.stop_reason = self._state.stop_reason or reason
        raise Stopped(self._state.stop_reason)

    @property
    def failed(self) -> bool:
        return self._state.failed

    def fail(self, reason: str) -> NoReturn:
        """Ends the run, which can come to nothing. Raises Stopped."""
        self._state.failed = True
        self.stop(reason)

    def affords(self, calls: int) -> bool:
        """Whether so many calls could be made now."""
        return self.stop_reason is None and (self.calls_left is None or calls <= self.calls_left)

    @property
    def is_out_of_time(self) -> bool:
        """Whether the limit of minutes ended the search, or after `begin_final` what follows."""
        return self._state.is_out_of_time

    def reserve(self, calls: int) -> None:
        """Keeps so many calls, and their time, for the final evaluation."""
        self._state.calls_reserved = calls

    def begin_search(self, reserved: int) -> None:
        """The next of several searches, which keeps so many calls back: what has ended the ones
        before does not end it, and its model counts tokens in its own way."""
        self._state.calls_reserved = reserved
        self._state.tokens_estimated = self._state.tokens_counted = 0
        self._state.token_scale = None
        # Minutes that are used up are read again.
        self._state.stop_reason, self._state.failed = None, False

    def begin_final(self) -> None:
        """Frees the reserved calls; from here on a reason to stop the search ends nothing."""
        self._state.final, self._state.is_out_of_time = True, False
        self._state.calls_reserved = 0

    async def tell(self, event: Event) -> None:
        if not self._quiet or isinstance(event, EvaluationProgress | HintTaken):
            await self._runtime.tell(event)

    async def read_inbox(self, upcoming: int = 0) -> None:
        """Hears the operator and the clock, before so many calls. Raises Stopped."""
        reserved = self._state.calls_reserved
        await self._read_next(reserved + upcoming if reserved else 0)
        self._raise_if_stopped()

    async def approval(self, awaited: ApprovalAwaited) -> Approval:
        """What a person, or the end of the wait, says to a change before it is kept. The reason of
        a veto is a hint from then on. Raises Stopped where the run was cancelled meanwhile."""
        await self.tell(awaited)
        decided = (await self._read_next()).approval or by_time(awaited.unanswered)
        if self._state.cancelled:
            raise Stopped(CANCELLED)
        await self.tell(
            ApprovalDecided(
                iteration=awaited.iteration,
                version_hash=awaited.version_hash,
                decision=decided.decision,
                decided_by=decided.by,
                reason=decided.reason,
            )
        )
        if decided.decision is Decision.APPROVED:
            self._state.approved.add(awaited.version_hash)
        elif decided.hint is not None:
            self._state.pending_hints.append(decided.hint)
        return decided

    def may_win(self, version_hash: str) -> bool:
        """Whether everybody who is to be asked agrees that this prompt ends the search."""
        is_baseline = version_hash == self.plan.baseline.version_hash
        return self.plan.approval is None or is_baseline or version_hash in self._state.approved

    async def _read_next(self, needs: int = 0) -> Inbox:
        state = self._state
        inbox = await self._runtime.inbox(state.step, needs)
        state.step += 1
        state.pending_hints += inbox.hints
        state.pins.update(inbox.pins)
        state.cancelled = state.cancelled or inbox.cancel
        state.is_out_of_time |= bool(inbox.stop) and not (state.stop_reason or state.final)
        state.stop_reason = state.stop_reason or inbox.stop
        return inbox

    def take_hints(self) -> list[str]:
        """Hints not taken before; from now on every proposal is given them."""
        state = self._state
        taken, state.pending_hints = state.pending_hints, []
        state.hints += taken
        return taken

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        """All the answers, in the order of the calls; `ahead` are those of the next question, and
        count as made from here on. Raises Stopped, also where a call meets a limit."""
        self._raise_if_stopped()
        state = self._state
        uncounted = 0 if tuple(calls) == state.ahead else len(calls)
        # The limit itself is held by the runtime; here only what is reserved is kept back.
        if state.calls is not None and state.calls_reserved and not self.affords(uncounted):
            self.stop(f"{BUDGET}: {limit_of_calls(state.calls, state.calls_reserved)}")
        state.calls_made += uncounted
        may_begin = self.calls_left is None or len(ahead) <= self.calls_left
        state.ahead = tuple(ahead) if may_begin else ()
        state.calls_made += len(state.ahead)
        answers = await self._runtime.ask(calls, state.ahead)
        for answer in answers:
            if (limit := LIMITS.get(answer.outcome)) is not None:
                state.is_out_of_time |= limit == MINUTES
                self.stop(f"{limit}: {answer.text}" if answer.text else limit)
        if state.token_scale is None:
            self._count(calls, answers)
        return answers

    @property
    def token_scale(self) -> float:
        """Tokens as the provider counts them for one of the estimate; 1 where it has not said."""
        return self._state.token_scale or 1.0

    def settle_token_scale(self) -> None:
        """From here on the scale stands, so that no decision depends on when it is asked for. What
        goes into it are answers of the ledger, so a replay finds the same."""
        state = self._state
        known = state.tokens_estimated and state.tokens_counted
        scale = state.tokens_counted / state.tokens_estimated if known else 1.0
        state.token_scale = min(MOST_SCALE, max(1 / MOST_SCALE, round(scale, 3)))

    def _count(self, calls: Sequence[Call], answers: Sequence[ModelAnswer]) -> None:
        for call, answer in zip(calls, answers, strict=True):
            if call.purpose == "task" and answer.usage is not None and answer.usage.prompt_tokens:
                self._state.tokens_estimated += request_tokens(call.request)
                self._state.tokens_counted += answer.usage.prompt_tokens

    def _raise_if_stopped(self) -> None:
        if self._state.cancelled:
            raise Stopped(CANCELLED)
        if self._state.stop_reason is not None and not self._state.final:
            raise Stopped(self._state.stop_reason)
