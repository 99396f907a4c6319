"""What a run's probes find out about the servers of its models, kept as it becomes known: a run
that is parked over one model asks the others nothing twice."""

from collections.abc import Callable, Sequence
from functools import partial

from nlu_shared.kit.data.db import session_scope

from induction.history import failures
from induction.llm import probing
from induction.llm.adapters.models import Answering
from induction.llm.errors import StopRun
from induction.llm.ledger import Ledger
from induction.llm.servers import Server, nobody_left
from induction.resources import APP_IDENTITY, Resources
from induction.runs.driving import journal
from induction.runs.models import RunRow
from induction.runs.starting.answering import dispensable, models_of


async def introduce_all(
    resources: Resources,
    run: RunRow,
    ledger: Ledger,
    answering: Answering,
    check: Callable[[], None],
) -> None:
    """Asks the servers of a run's models what they can do, each once; `run` knows them then. Raises
    as `probing.find` does, and StopRun where none of its new models can be asked.

    resources: whose database the run is in.
    run: as it was claimed.
    ledger: books each probe.
    answering: knows the servers then.
    check: raises LeaseLost where the run's lease may have run out.
    """
    if unknown := [model for model in models_of(run) if model not in run.servers]:
        check()
        keep = partial(_keep, resources, run)
        await probing.find(ledger, answering, unknown, keep, dispensable(run))
    if why := nobody_left(map(answering.server, run.to_models)):
        raise StopRun(why)


async def _keep(
    resources: Resources, run: RunRow, model: str, server: Server, notes: Sequence[str]
) -> None:
    """In the row and in `run`.

    resources: whose database the run is in.
    run: as it was claimed.
    model: as the run names it.
    server: that answers under the name.
    notes: what people should know about it.
    """
    async with session_scope(resources.database, APP_IDENTITY) as session:
        row = await journal.held(session, run.id, run.fence)
        row.servers = {**row.servers, model: server.model_dump(mode="json")}
        row.notes = [*row.notes, *notes]
        if model == run.task_model:
            row.provider = server.identity
            row.remembered = await failures.of_one_server(session, row.remembered, row.provider)
        run.servers, run.notes = row.servers, row.notes
        run.provider, run.remembered = row.provider, row.remembered
