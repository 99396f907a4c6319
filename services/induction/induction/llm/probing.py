"""What a server can do, found out by one call before anything is measured on it.

The request is small and of the very form that measurements have. A server that refuses a part of it
is asked again without that part: refusals cost nothing. The prompt asks for a label, its schema for
a confidence too: who answers with both heeds schemas.
"""

import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence

from nlu_shared.rendering.prompt import AnswerSpace, read
from nlu_shared.rendering.request import ModelRequest, framed
from nlu_shared.schemas.endpoints import Dialect
from nlu_shared.schemas.prompts import TaskKind

from induction.engine.limits import LIMITS
from induction.engine.runtime import Call
from induction.llm.adapters.models import Answering
from induction.llm.errors import StopRun
from induction.llm.ledger import Ledger
from induction.llm.servers import Capacity, Server, dialects
from induction.providers import OFFLINE
from induction.task_kinds.base import BY_MODEL, ModelAnswer, Outcome

ANSWERS = AnswerSpace(TaskKind.INTENT, labels=("apple", "stone"))
SYSTEM = (
    "Say which of the two words names a fruit. Answer with one JSON object such as"
    ' {"label": "stone"} and nothing else.'
)
Ask = Callable[[Call], Awaitable[ModelAnswer]]
Keep = Callable[[str, Server, Sequence[str]], Awaitable[None]]
"""Stores what answers under a model's name, with what people should know about it."""
QUOTED = 120
"""Characters of an unusable answer that are shown."""


def question(model: str) -> ModelRequest:
    """What is asked of a model."""
    words = framed(" or ".join(ANSWERS.labels), None)
    return ModelRequest(model, (SYSTEM,), words, ANSWERS.schema, ANSWERS.max_tokens)


async def find(
    ledger: Ledger,
    answering: Answering,
    models: Iterable[str],
    keep: Keep,
    dispensable: Collection[str] = frozenset(),
) -> None:
    """Finds out about the server behind each model, as far as no run has to guess any more. The
    offline model needs no probe.

    Raises as `Ledger.complete` does, and StopRun where a server takes no form of the request, or
    answers with nothing that can be used; of dispensable models only where none is left.

    ledger: books each probe.
    answering: knows the servers then.
    models: those that are to be found out about.
    keep: gets each as soon as it is known, whatever becomes of the others.
    dispensable: those of them whose server keeps its fault, while the others are asked.
    """
    for model in dict.fromkeys(models):
        notes: list[str] = []
        try:
            if answering.server(model).identity != OFFLINE:
                notes = await _found_out(ledger, answering, model, may_miss=model in dispensable)
        except StopRun as stopped:
            if model not in dispensable:
                raise
            faulty = answering.server(model).model_copy(update={"fault": stopped.reason})
            answering.servers[model] = faulty
        await keep(model, answering.server(model), notes)


async def _found_out(
    ledger: Ledger, answering: Answering, model: str, *, may_miss: bool
) -> list[str]:
    """What people should know about the server of one model. Raises as `find` does."""
    answer = await introduce(ledger.probe, answering, model)
    if answer.outcome is Outcome.UNAVAILABLE:
        outage = ledger.outage(answer)
        if may_miss and ledger.has_waited:
            raise StopRun(outage.reason)
        raise outage
    if answer.outcome in LIMITS:
        return []
    server = answering.server(model)
    if not is_usable(answer):
        raise StopRun(unusable(server, answer))
    return list(remarks(server))


async def introduce(ask: Ask, answering: Answering, model: str) -> ModelAnswer:
    """The answer in the first dialect that is taken; `answering` knows the server then. Raises as
    `ask` does, and StopRun where no form of the request is taken."""
    server = answering.server(model)
    answer = ModelAnswer(Outcome.REJECTED)
    for dialect in dialects(server.dialect):
        answering.servers[model] = in_dialect(server, dialect)
        answer = await ask(Call(question(model), purpose="probe"))
        if answer.outcome in BY_MODEL:
            capacity = await answering.capacity(model)
            answering.servers[model] = described(answering.server(model), answer, capacity)
        if answer.outcome is not Outcome.REJECTED:
            return answer
    raise StopRun(f"{answer.text}, in no form of it: {server.name}")


def in_dialect(server: Server, dialect: Dialect) -> Server:
    """The server as it is asked in that dialect. Equal requests go out differently in another one,
    so their answers are filed apart."""
    spoken, full = dialect.model_dump(), server.dialect.model_dump()
    left_out = "".join(f" -{name}" for name in spoken if spoken[name] != full[name])
    adapter = f"{server.adapter}{left_out}"
    return server.model_copy(update={"dialect": dialect, "adapter": adapter})


def described(server: Server, answer: ModelAnswer, capacity: Capacity) -> Server:
    """What is known of a server by its answer to the probe and what it tells of itself. What the
    operator says of it comes first."""
    reported = answer.reported
    is_other = reported is not None and reported != server.model
    prediction = read(answer, ANSWERS)
    heeds = prediction.confidence is not None if server.dialect.takes_schema else None
    return server.model_copy(
        update={
            "identity": f"{server.identity}: {reported}" if is_other else server.identity,
            "reported": reported,
            "heeds_schema": heeds if is_usable(answer) else None,
            "has_usage": answer.usage is not None,
            "window": server.window or capacity.window,
            "concurrency": server.concurrency or capacity.slots,
        }
    )


def is_usable(answer: ModelAnswer) -> bool:
    """Whether it names one of the two words; the right one is not asked of a model so small."""
    return read(answer, ANSWERS).fault is None


def unusable(server: Server, answer: ModelAnswer) -> str:
    """Says so with the answer, which is a model's and holds nothing of a user's."""
    quote = json.dumps(" ".join(answer.text.split())[:QUOTED], ensure_ascii=False)
    how = "" if answer.outcome is Outcome.OK else f" ({answer.outcome})"
    return (
        f"{server.name} gives no usable answer: asked for a small JSON object, it answered"
        f" {quote}{how}"
    )


def remarks(server: Server) -> Iterator[str]:
    """What people should know about a server."""
    if not server.dialect.takes_schema:
        yield f"{server.name} takes no response schema: the prompt alone says what to answer with."
    elif server.heeds_schema is False:
        yield f"{server.name} heeds no response schema: the prompt alone says what to answer with."
    if not server.has_usage:
        yield f"{server.name} does not tell tokens: each call counts as the most it can use."
