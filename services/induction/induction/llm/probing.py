"""What a server can do, found out by one call before anything is measured on it.

The request is small and of the very form that measurements have. A server that refuses a part of it
is asked again without that part: refusals cost nothing.
"""

from collections.abc import Iterable, Iterator

from nlu_shared.rendering import intent
from nlu_shared.rendering.request import ModelRequest, framed

from induction.engine.runtime import Call
from induction.llm.errors import StopRun
from induction.llm.ledger import Ledger
from induction.llm.models import Answering
from induction.llm.servers import Dialect, Server
from induction.providers import OFFLINE
from induction.task_kinds.base import ModelAnswer, Outcome

WORDS = ("apple", "stone")
SYSTEM = (
    "Say which of the two words names a fruit. Answer with one JSON object such as"
    ' {"label": "stone", "confidence": 0.5} and nothing else.'
)
OLD_LENGTH = "max_tokens"
"""What servers call it that do not know `max_completion_tokens`."""
QUOTED = 120
"""Characters of an unusable answer that are shown."""


async def find(
    ledger: Ledger, answering: Answering, models: Iterable[str]
) -> tuple[dict[str, Server], list[str]]:
    """The server behind each model, as far as no run has to guess any more, and what people should
    know about them. The offline model needs no probe.

    Raises as `Ledger.complete` does, and StopRun where a server takes no form of the request.
    """
    notes = []
    for model in dict.fromkeys(models):
        server = answering.server(model)
        if server.identity == OFFLINE:
            continue
        answer = await _asked(ledger, answering, model)
        if answer.outcome is Outcome.OVER_BUDGET:
            continue
        server = answering.servers[model] = found(
            answering.server(model), answer, await answering.window(model)
        )
        notes += list(remarks(server, answer))
    return answering.servers, notes


async def _asked(ledger: Ledger, answering: Answering, model: str) -> ModelAnswer:
    """The answer in the first dialect that is taken, which the server then has."""
    server = answering.server(model)
    request = ModelRequest(
        model, (SYSTEM,), framed(" or ".join(WORDS), None), intent.schema(WORDS), intent.MAX_TOKENS
    )
    answer = ModelAnswer(Outcome.REJECTED)
    for dialect in dialects(server.dialect):
        answering.servers[model] = server.model_copy(update={"dialect": dialect})
        answer = await ledger.probe(Call(request, purpose="probe"))
        if answer.outcome is Outcome.UNAVAILABLE:
            raise ledger.outage(answer)
        if answer.outcome is not Outcome.REJECTED:
            return answer
    raise StopRun(f"{answer.text}, in no form of it: {server.name}")


def dialects(full: Dialect) -> Iterator[Dialect]:
    """From the whole of it to the least, each part left out alone before two are."""
    schemas = (True, False) if full.takes_schema else (False,)
    for takes_schema in schemas:
        yield full.model_copy(update={"takes_schema": takes_schema})
        if not full.takes_temperature:
            continue
        for takes_temperature, length_field in (
            (False, full.length_field),
            (True, OLD_LENGTH),
            (False, OLD_LENGTH),
        ):
            yield Dialect(
                takes_schema=takes_schema,
                takes_temperature=takes_temperature,
                length_field=length_field,
            )


def found(server: Server, answer: ModelAnswer, window: int | None) -> Server:
    """What is known of a server by its answer to the probe."""
    prediction = intent.read(answer, labels=WORDS, spellings={})
    reported = answer.reported
    is_other = reported is not None and reported != server.model
    return server.model_copy(
        update={
            "identity": f"{server.identity}: {reported}" if is_other else server.identity,
            "reported": reported,
            "has_usage": answer.usage is not None,
            "window": server.window or window,
            "is_usable": prediction.output in WORDS,
        }
    )


def remarks(server: Server, answer: ModelAnswer) -> Iterator[str]:
    """What people should know about a server."""
    if not server.dialect.takes_schema:
        yield (
            f"{server.name} takes no response schema: the prompt alone says what to answer with."
        )
    if not server.has_usage:
        yield f"{server.name} does not tell tokens: each call counts as the most it can use."
    if not server.is_usable:
        quote = " ".join(answer.text.split())[:QUOTED]
        yield f"{server.name} was asked for a small JSON object and answered: {quote!r}"
