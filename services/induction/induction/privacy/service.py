"""Forgetting a case: out of the snapshots, out of the ledger; prompts that quote it are listed.

What is not touched, because it would change what serves or what is replayed: prompt versions and
the events of the runs that made them. `quoted_in` names the versions; a person decides. Runs that
start later remember no change that made one of them (see `ideas`).
"""

import json
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import httpx2
from nlu_shared.kit.auth import Caller
from nlu_shared.kit.errors import NotFound
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.privacy import ForgottenCase, Why
from nlu_shared.schemas.prompts import PromptContent
from nlu_shared.schemas.runs import RunStatus
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases
from induction.cases import upstream
from induction.cases.models import SnapshotCaseRow
from induction.catalog import service as catalog
from induction.prompts.models import PromptVersionRow
from induction.runs import service as runs
from induction.runs.models import RunRow
from induction.tasks.base import Outcome
from induction.tasks.registry import task_of

# Answers to the case's own questions, and proposals that repeat its text. The outcome keeps other
# runs from taking the answer over.
BLANK_ANSWERS = """
UPDATE llm_calls SET text = NULL, outcome = :forgotten
WHERE run_id = ANY(:runs) AND outcome IS DISTINCT FROM :forgotten AND (key = ANY(:keys)
    OR purpose = 'proposer' AND EXISTS (
        SELECT FROM unnest(CAST(:said AS text[])) AS said WHERE position(said IN text) > 0))
"""
DONE = """
UPDATE forgotten_cases SET forgotten_at = now(), snapshots = :snapshots, answers = :answers,
    quoted_in = :quoted_in
WHERE n = :n
"""


async def learn(session: AsyncSession, logger: httpx2.AsyncClient) -> int:
    """Writes down what is to be forgotten since the last look; how many cases that is.

    Raises UpstreamAway.
    """
    last: int = (
        await session.execute(text("SELECT coalesce(max(n), 0) FROM forgotten_cases"))
    ).scalar_one()
    told = await upstream.fetch_erased(logger, after=last)
    for case in told:
        await session.execute(
            text(
                "INSERT INTO forgotten_cases (n, case_id, task, why)"
                " VALUES (:n, :case_id, :task, :why) ON CONFLICT DO NOTHING"
            ),
            case.model_dump(exclude={"at"}),
        )
    return len(told)


async def pending(session: AsyncSession) -> list[ForgottenCase]:
    """What is to be forgotten still, the oldest first."""
    rows = await session.execute(
        text("SELECT * FROM forgotten_cases WHERE forgotten_at IS NULL ORDER BY n")
    )
    return [ForgottenCase.model_validate(dict(row._mapping)) for row in rows]


async def forget(session: AsyncSession, case: ForgottenCase) -> bool:
    """Blanks what holds the case's text; False while a run that uses it is active.

    A run is ended for an erased case; for one that was removed or anonymised its end is awaited.
    No run can start on the case meanwhile.
    """
    await cases.hold_alone(session)
    copies = await cases.copies(session, case.task, case.case_id)
    said = {one.text for one in copies}
    prompts = await _prompts(session, case.task)
    quoted_in = sorted(id for id, one in prompts.items() if quotes(one, case.case_id, said))
    users = await _users(session, case.task, {one.dataset_hash for one in copies}, quoted_in)
    active = [run for run in users if not RunStatus(run.status).over]
    if active:
        for run in active if case.why is Why.ERASED else ():
            await runs.cancel(session, run.id)
        return False
    answers = await session.execute(
        text(BLANK_ANSWERS + " RETURNING 1"),
        {
            "runs": [run.id for run in users],
            "keys": await _keys(session, case.task, prompts.values(), copies, users),
            "said": sorted(_spellings(said)),
            "forgotten": Outcome.FORGOTTEN.value,
        },
    )
    await cases.blank(session, copies)
    await session.execute(
        text(DONE),
        {
            "n": case.n,
            "snapshots": len(copies),
            "answers": len(answers.all()),
            "quoted_in": quoted_in,
        },
    )
    return True


async def page(
    session: AsyncSession, *, caller: Caller, after: int, limit: int
) -> Page[ForgottenCase]:
    """What was forgotten of the caller's tasks or is to be, in nlu-logger's order."""
    rows = await session.execute(
        text(
            "SELECT * FROM forgotten_cases WHERE n > :after"
            " AND (CAST(:own AS text[]) IS NULL OR task = ANY(:own)) ORDER BY n LIMIT :limit"
        ),
        {
            "after": after,
            "limit": limit + 1,
            "own": None if caller.tasks is None else sorted(caller.tasks),
        },
    )
    found = [ForgottenCase.model_validate(dict(row._mapping)) for row in rows]
    return Page(
        items=found[:limit],
        next_cursor=str(found[limit - 1].n) if len(found) > limit else None,
    )


async def _prompts(session: AsyncSession, task: str) -> dict[UUID, PromptContent]:
    """Every version's prompt, by id."""
    versions = await session.exec(select(PromptVersionRow).where(PromptVersionRow.task == task))
    return {version.id: version.prompt() for version in versions}


async def _users(
    session: AsyncSession, task: str, snapshots: Iterable[str], quoted_in: Sequence[UUID]
) -> Sequence[RunRow]:
    """Runs on a snapshot with the case, and those that remember a change which quotes it."""
    remembering = text(
        "EXISTS (SELECT FROM jsonb_array_elements(remembered) AS one"
        " WHERE CAST(one->>'version_id' AS uuid) = ANY(:quoted_in))"
    ).bindparams(quoted_in=quoted_in)
    asked = select(RunRow).where(
        RunRow.task == task, col(RunRow.dataset_hash).in_(snapshots) | remembering
    )
    return (await session.exec(asked)).all()


async def _keys(
    session: AsyncSession,
    slug: str,
    prompts: Collection[PromptContent],
    copies: Sequence[SnapshotCaseRow],
    users: Sequence[RunRow],
) -> list[str]:
    """The ledger knows a question by its hash alone: each that may have been asked is asked for."""
    try:
        task = task_of((await catalog.get(session, slug)).spec())
    except NotFound:  # nlu-logger knows tasks that nobody optimises
        return []
    models = {run.task_model for run in users}
    asked = {
        task.request(prompt, one.text, model=model, context=cases.context_of(one)).key
        for prompt in prompts
        for one in copies
        for model in models
    }
    return sorted(asked)


def quotes(prompt: PromptContent, case_id: UUID, said: Iterable[str]) -> bool:
    """Whether the prompt shows the case as an example, or holds one of its texts anywhere."""
    told = [block.text for block in prompt.instructions]
    told += [example.said for example in prompt.examples]
    return any(example.case_id == case_id for example in prompt.examples) or any(
        one in text for one in said for text in told
    )


def _spellings(said: Iterable[str]) -> set[str]:
    """A text as it stands in an answer, which is JSON."""
    return {
        json.dumps(one, ensure_ascii=ascii_only)[1:-1]
        for one in said
        for ascii_only in (True, False)
    }
